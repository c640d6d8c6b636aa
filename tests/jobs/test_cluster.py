"""A real Dask scheduler and real workers: the same result, even if one of them dies."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from operator import getitem
from pathlib import Path
from threading import Condition, Thread
from typing import Self, cast

import pytest

import gdrive_wa
from gdrive_wa.core.errors import NetworkError, UsageError
from gdrive_wa.core.progress import Silent
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs import cluster as dask_cluster
from gdrive_wa.jobs.cluster import cluster_executor
from gdrive_wa.jobs.executors import CHUNK
from gdrive_wa.jobs.key import write_key_file
from gdrive_wa.jobs.opening import Opening
from gdrive_wa.storage.draft import TEMPORARY_PREFIX
from gdrive_wa.storage.manifest import STATE_FOLDER
from tests.crypt.fixtures import ROOT_KEY
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COUNT = 1000
LISTS = ("voice_notes.csv", "voice_notes.json", "index.html")


class Process:
    """A scheduler or a worker, and its output."""

    def __init__(self, folder: Path, program: str, *arguments: str) -> None:
        self.lines: list[str] = []
        self._said = Condition()
        self._running = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "DASK_TEMPORARY_DIRECTORY": str(folder),
            },
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._running.pid
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._running.stdout is not None
        for line in self._running.stdout:
            with self._said:
                self.lines.append(line)
                self._said.notify_all()

    def wait_for(self, pattern: str) -> str:
        """Wait for a line that matches, and return its first group."""
        with self._said:
            assert self._said.wait_for(lambda: re.search(pattern, "".join(self.lines)), 120)
            found = re.search(pattern, "".join(self.lines))
        assert found is not None
        return found.group(1)

    @property
    def alive(self) -> bool:
        return self._running.poll() is None

    def send(self, number: int) -> None:
        self._running.send_signal(number)

    def end(self) -> None:
        self._running.kill()
        self._running.wait()
        self._reader.join()
        assert self._running.stdout is not None
        self._running.stdout.close()


class Cluster:
    """A scheduler and workers. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.workers: list[Process] = []
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self.scheduler.wait_for(r"Scheduler at: +(tcp://\S+)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.end()

    def _start(self, program: str, *arguments: str) -> Process:
        quiet = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        return Process(self._folder, program, *arguments, *quiet)

    def with_workers(self, count: int) -> Self:
        """Start or replace workers until there are `count`."""
        kept = [worker for worker in self.workers if worker.alive][:count]
        for worker in self.workers:
            if worker not in kept:
                worker.end()
        self.workers = kept
        started = [
            self._start("dask_worker", self.address, "--nthreads", "1", "--no-nanny")
            for _ in range(count - len(self.workers))
        ]
        for worker in started:
            worker.wait_for(r"(Registered to)")
        self.workers += started
        return self


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
def cluster(dask: Cluster) -> Cluster:
    """Two live workers."""
    return dask.with_workers(2)


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of notes, one of them damaged. Read it only."""
    folder = tmp_path_factory.mktemp("dump")
    for number in range(COUNT):
        metadata = FileMetadata(name=f"Media/{number % 7}/PTT-{number}.opus")
        name, sealed, envelope = encrypt_media(b"OggS %d" % number, ROOT_KEY, metadata)
        (folder / f"{name}.mcrypt1").write_bytes(sealed if number else b"rubbish of some length")
        (folder / f"{name}.mcrypt1-metadata").write_text(envelope)
    return folder


@pytest.fixture(scope="module")
def expected(dump: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder's content, decrypted on this machine. Read it only."""
    out = tmp_path_factory.mktemp("expected") / "out"
    report = gdrive_wa.decrypt_tree(dump, out, ROOT_KEY)
    assert (len(report.done), len(report.failed)) == (COUNT - 1, 1)
    return out


def found(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and STATE_FOLDER not in path.parts
    }


def drafts(out: Path) -> list[Path]:
    return list((out / STATE_FOLDER).glob(f"{TEMPORARY_PREFIX}*"))


class Once(Silent):
    """Calls a function once, as soon as the workers have begun to fill a folder.

    Attributes:
        lines: the messages that were printed.
    """

    def __init__(self, out: Path, event: Callable[[], object]) -> None:
        self.lines: list[str] = []
        self.over = False
        self._out, self._event = out, event

    def check(self) -> None:
        if not self.over and drafts(self._out):
            self.over = True
            self._event()

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_a_folder_is_decrypted_as_on_this_machine(
    cluster: Cluster, dump: Path, expected: Path, tmp_path: Path
) -> None:
    here = gdrive_wa.decrypt_tree(dump, tmp_path / "here", ROOT_KEY)
    there = gdrive_wa.decrypt(dump, tmp_path / "there", ROOT_KEY, cluster=cluster.address)
    assert found(tmp_path / "there") == found(expected)
    assert (there.done, there.failed, there.bytes) == (here.done, here.failed, here.bytes)
    assert drafts(tmp_path / "there") == []


def test_an_archive_is_restored_as_on_this_machine(
    cluster: Cluster, sample: SampleAccount, tmp_path: Path
) -> None:
    backup = download(sample, tmp_path / "WhatsApp")
    for name, address in (("here", None), ("there", cluster.address)):
        gdrive_wa.restore(backup, tmp_path / name, key=sample.key, timezone="UTC", cluster=address)
    here, there = found(tmp_path / "here"), found(tmp_path / "there")
    assert {name for name in here if name.endswith(".opus")}
    assert there == here


def download(sample: SampleAccount, folder: Path) -> Path:
    account = shutil.copytree(sample.folder, folder.with_name("account"))  # it is written to
    with gdrive_wa.emulator(account) as google:
        source = gdrive_wa.connect(endpoint=google.root, token=google.token)
        gdrive_wa.download(source, folder)
        source.close()
    return folder


def test_another_worker_opens_the_files_of_a_killed_one(
    cluster: Cluster, dump: Path, expected: Path, tmp_path: Path
) -> None:
    """The worker is stopped first, so that it has files in progress when it is killed."""
    victim, out = cluster.workers[0], tmp_path / "out"
    victim.send(signal.SIGSTOP)
    progress = Once(out, lambda: victim.send(signal.SIGKILL))
    report = gdrive_wa.decrypt_tree(dump, out, ROOT_KEY, cluster=cluster.address, progress=progress)
    assert progress.over
    assert progress.lines == []
    assert found(out) == found(expected)
    assert len({outcome.path for outcome in report.done}) == len(report.done) == COUNT - 1
    assert drafts(out) == []


def test_without_any_worker_this_machine_opens_the_rest(
    cluster: Cluster,
    dump: Path,
    expected: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE_SECONDS", 1.0)
    out = tmp_path / "out"
    cluster.workers[0].send(signal.SIGSTOP)

    def kill_all() -> None:
        for worker in cluster.workers:
            worker.send(signal.SIGKILL)

    progress = Once(out, kill_all)
    report = gdrive_wa.decrypt_tree(dump, out, ROOT_KEY, cluster=cluster.address, progress=progress)
    assert progress.over
    assert progress.lines == [
        "opening files on this machine instead of the workers: the cluster has no workers any more"
    ]
    assert found(out) == found(expected)
    assert (len(report.done), len(report.failed)) == (COUNT - 1, 1)


def test_without_the_scheduler_this_machine_opens_the_rest(
    dump: Path, expected: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (tmp_path / "dask").mkdir()
    with Cluster(tmp_path / "dask").with_workers(2) as cluster:
        cluster.workers[0].send(signal.SIGSTOP)
        progress = Once(out, lambda: cluster.scheduler.send(signal.SIGKILL))
        report = gdrive_wa.decrypt_tree(
            dump, out, ROOT_KEY, cluster=cluster.address, progress=progress
        )
    assert progress.over
    assert len(progress.lines) == 1
    assert found(out) == found(expected)
    assert (len(report.done), len(report.failed)) == (COUNT - 1, 1)


def test_the_key_is_in_no_process_list_and_in_no_log(
    cluster: Cluster, dump: Path, tmp_path: Path
) -> None:
    gdrive_wa.decrypt_tree(dump, tmp_path / "out", ROOT_KEY, cluster=cluster.address)
    opening, fail = Opening.at(str(tmp_path), ROOT_KEY), cast("Callable[..., object]", getitem)
    with cluster_executor(cluster.address) as executor:
        failure = executor.submit(fail, {}, opening).exception(timeout=120)
    assert isinstance(failure, KeyError)
    processes = (*cluster.workers, cluster.scheduler)
    wait_until(
        lambda: any("KeyError(Opening(" in line for each in processes for line in each.lines)
    )
    seen = [line for each in processes for line in each.lines]
    seen += [
        Path(f"/proc/{each.pid}/{what}").read_bytes().decode("latin-1")
        for each in processes
        for what in ("cmdline", "environ")
    ]
    raw = ROOT_KEY.reveal()
    for secret in (raw.decode("latin-1"), raw.hex(), repr(raw)[2:-1]):
        assert not any(secret in text for text in seen)


def command(*arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gdrive_wa", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def decrypt(dump: Path, cwd: Path, *more: str) -> subprocess.Popen[str]:
    write_key_file(ROOT_KEY, cwd / "k")
    return command("decrypt", dump, "out", "--key-file", "k", *more, cwd=cwd)


def test_the_command_works_on_the_cluster(
    cluster: Cluster, dump: Path, expected: Path, tmp_path: Path
) -> None:
    ended = decrypt(dump, tmp_path, "--cluster", cluster.address)
    _, said = ended.communicate(timeout=120)
    assert ended.returncode == 7, said
    assert "Traceback" not in said
    assert found(tmp_path / "out") == found(expected)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense://a", "127.0.0.1:x"])
def test_an_unreachable_cluster_is_an_error(
    address: str, dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = address.format(port=port)
    with pytest.raises((NetworkError, UsageError), match=re.escape(f"'{address}'")) as raised:
        gdrive_wa.decrypt_tree(dump, tmp_path / "out", ROOT_KEY, cluster=address)
    assert raised.value.exit_code == (4 if str(port) in address else 2)
    assert raised.value.hint
    assert not (tmp_path / "out").exists()


def test_a_scheduler_without_workers_is_an_error(dask: Cluster, dump: Path, tmp_path: Path) -> None:
    dask.with_workers(0)
    ended = decrypt(dump, tmp_path, "--cluster", dask.address)
    _, said = ended.communicate(timeout=120)
    assert ended.returncode == 4, said
    assert f"the cluster at '{dask.address}' has no workers" in said
    assert f"hint: start some with: dask worker {dask.address}" in said
    assert "Traceback" not in said


def test_without_the_extra_the_hint_names_it(dump: Path, tmp_path: Path) -> None:
    write_key_file(ROOT_KEY, tmp_path / "k")
    code = (
        "import sys; sys.modules['distributed'] = None; from gdrive_wa.__main__ import main;"
        f" sys.argv[1:] = ['decrypt', {str(dump)!r}, 'out', '--key-file', 'k',"
        " '--cluster', 'tcp://127.0.0.1:1']; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 2, ended.stderr
    assert 'hint: install them with: pip install "gdrive-wa[cluster]"' in ended.stderr


EXAMPLE = """
from pathlib import Path
from gdrive_wa import decrypt
from gdrive_wa.jobs.cluster import cluster_executor
from tests.waiting import wait_until

with cluster_executor("tcp://192.0.2.1:8786") as executor:
    for backup in sorted(Path("/case/backups").iterdir()):
        target, key = Path("/case/decrypted", backup.name), f"/case/keys/{backup.name}.key"
        report = decrypt(backup, target, key, executor=executor)
        print(backup.name, len(report.done), "decrypted,", len(report.failed), "failed")
"""


def test_the_example_of_many_backups_works(
    cluster: Cluster, dump: Path, expected: Path, tmp_path: Path
) -> None:
    (tmp_path / "keys").mkdir()
    for name in ("alice", "bob"):
        shutil.copytree(dump, tmp_path / "backups" / name)
        write_key_file(ROOT_KEY, tmp_path / "keys" / f"{name}.key")
    script = EXAMPLE.replace("tcp://192.0.2.1:8786", cluster.address)
    (tmp_path / "example.py").write_text(script.replace("/case", str(tmp_path)))
    ended = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        f"{name} {COUNT - 1} decrypted, 1 failed" for name in ("alice", "bob")
    ]
    assert found(tmp_path / "decrypted" / "alice") == found(expected)


def test_a_single_file_or_an_executor_excludes_a_cluster(dump: Path, tmp_path: Path) -> None:
    file = next(dump.glob("*.mcrypt1"))
    with pytest.raises(UsageError, match="a cluster decrypts folders, not single files"):
        gdrive_wa.decrypt(file, tmp_path / "out", ROOT_KEY, cluster="tcp://127.0.0.1:1")
    with ThreadPoolExecutor(1) as executor, pytest.raises(UsageError, match="both an executor"):
        gdrive_wa.decrypt(
            dump, tmp_path / "out", ROOT_KEY, executor=executor, cluster="tcp://127.0.0.1:1"
        )
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_it_at_once_and_keeps_what_is_finished(
    dask: Cluster, dump: Path, expected: Path, tmp_path: Path
) -> None:
    """The worker is stopped half-way, so that the run cannot end by itself."""
    (worker,) = dask.with_workers(1).workers
    out = tmp_path / "out"
    process = decrypt(dump, tmp_path, "--cluster", dask.address)
    wait_until(lambda: len(drafts(out)) > 4 * CHUNK)  # the first are on their way back
    worker.send(signal.SIGSTOP)
    wait_until(lambda: found(out))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)  # while the worker is still stopped
    worker.send(signal.SIGCONT)
    assert process.returncode == 130, said
    kept, whole = found(out), found(expected)
    assert 0 < len(kept) < COUNT - 1
    assert kept.items() <= whole.items()
    again = decrypt(dump, tmp_path, "--cluster", dask.address)
    again.communicate(timeout=120)
    assert found(out) == whole
