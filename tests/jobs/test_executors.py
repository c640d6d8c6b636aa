"""Executors that open files: the same tree with each of them, even if a worker dies."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.progress import Silent
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.jobs.decrypt_folder import decrypt_tree
from gdrive_wa.jobs.executors import LARGE, MANY, Opener
from gdrive_wa.jobs.key import write_key_file
from gdrive_wa.jobs.opening import OpenedFile, OpenFailure, Opening, StoredFile, open_shared
from gdrive_wa.jobs.workers import WorkerPool
from gdrive_wa.storage.draft import TEMPORARY_PREFIX
from gdrive_wa.storage.manifest import STATE_FOLDER
from tests.crypt.fixtures import OTHER_ROOT_KEY, ROOT_KEY
from tests.waiting import wait_until

COUNT = MANY + 50


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough notes for workers, one of them damaged, one with another's envelope."""
    folder = tmp_path_factory.mktemp("dump")
    blobs = []
    for number in range(COUNT):
        metadata = FileMetadata(name=f"Media/{number % 7}/PTT-{number}.opus")
        name, sealed, envelope = encrypt_media(b"OggS %d" % number, ROOT_KEY, metadata)
        blobs.append(folder / f"{name}.mcrypt1")
        blobs[-1].write_bytes(sealed)
        blobs[-1].with_name(f"{name}.mcrypt1-metadata").write_text(envelope)
    blobs[5].write_bytes(b"rubbish of some length here")
    blobs[6].with_name(f"{blobs[6].name}-metadata").write_text("no envelope")
    return folder


def found(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and STATE_FOLDER not in path.parts
    }


def files_of(folder: Path) -> list[StoredFile]:
    return [
        StoredFile(str(path), path.name, path.stat().st_size, path.stat().st_mtime, sidecar=True)
        for path in sorted(folder.glob("*.mcrypt1"))
    ]


def test_the_tree_and_the_report_are_those_of_one_process(dump: Path, tmp_path: Path) -> None:
    one = decrypt_tree(dump, tmp_path / "one", ROOT_KEY, jobs=1)
    many = decrypt_tree(dump, tmp_path / "many", ROOT_KEY, jobs=2)
    assert found(tmp_path / "many") == found(tmp_path / "one")
    assert (many.done, many.failed) == (one.done, one.failed)
    assert (len(many.done), len(many.failed)) == (COUNT - 1, 1)
    assert list((tmp_path / "many" / STATE_FOLDER).glob(f"{TEMPORARY_PREFIX}*")) == []
    again = decrypt_tree(dump, tmp_path / "many", ROOT_KEY, jobs=2)
    assert (len(again.skipped), again.done) == (COUNT - 1, [])


def test_a_wrong_key_opens_nothing_in_workers_either(dump: Path, tmp_path: Path) -> None:
    report = decrypt_tree(dump, tmp_path / "out", OTHER_ROOT_KEY, jobs=2)
    assert {outcome.exit_code for outcome in report.failed} == {5}
    assert found(tmp_path / "out") == {}


def opened(results: Iterator[object]) -> list[tuple[StoredFile, OpenedFile | OpenFailure]]:
    return [result for result in results if result is not None]  # type: ignore[misc]


def test_the_files_of_a_killed_worker_are_still_opened(dump: Path, tmp_path: Path) -> None:
    files, others = files_of(dump), children()
    with Opener(Opening.at(str(tmp_path), ROOT_KEY), Silent(), jobs=2) as opener:
        opener.expect(len(files))
        results = opener.each(files)
        found = opened(islice(results, 40))
        victims = workers() - others
        assert len(victims) == 2
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        found += opened(results)
    assert [file for file, _ in found] == files
    drafts = [each.draft.path for _, each in found if isinstance(each, OpenedFile)]
    assert len(drafts) == COUNT - 1
    assert all(Path(draft).read_bytes().startswith(b"OggS ") for draft in drafts)


def die_while_writing_a_result() -> None:
    """Simulate a kill at the worst moment: it leaves half a message and a held lock."""
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        assert frame.f_back is not None
        frame = frame.f_back
    results = frame.f_locals["result_queue"]
    results._wlock.acquire()
    os.write(results._writer.fileno(), struct.pack("!i", 100_000) + b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("lives", [True, False], ids=["another-lives", "all-are-dead"])
def test_a_worker_killed_while_it_writes_a_result_does_not_block_the_run(
    dump: Path, tmp_path: Path, *, lives: bool
) -> None:
    files = files_of(dump)
    with Opener(Opening.at(str(tmp_path), ROOT_KEY), Silent(), jobs=2) as opener:
        opener.expect(len(files))
        assert opener._workers is not None
        opener._workers.submit(die_while_writing_a_result)
        if not lives:
            opener._workers.submit(die_while_writing_a_result)
        found = opened(opener.each(files))
    assert [file for file, _ in found] == files
    assert sum(isinstance(each, OpenedFile) for _, each in found) == COUNT - 1


def test_workers_that_died_writing_do_not_hold_up_the_end() -> None:
    pool = WorkerPool(2)
    for _ in range(2):
        pool.submit(die_while_writing_a_result)
    wait_until(lambda: not all(process.is_alive() for process in pool._processes()))
    waiting = pool.submit(int)
    pool.close()
    assert waiting.exception(timeout=0) is not None


def test_workers_end_on_a_system_without_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    pool = WorkerPool(2)
    assert pool.submit(int).result() == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pool.close()


def test_a_disk_error_ends_the_run_with_its_reason(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with Opener(Opening.at(f"{tmp_path}/file/below", ROOT_KEY), Silent(), jobs=2) as opener:
        opener.expect(MANY)
        with pytest.raises(StorageError, match="is a file, but a folder is needed there") as caught:
            list(opener.each(files_of(dump)))
    assert caught.value.hints == ("choose another folder",)


def test_the_key_is_in_no_process_list_and_no_worker_outlives_the_run(
    dump: Path, tmp_path: Path
) -> None:
    others = children()
    with Opener(Opening.at(str(tmp_path), ROOT_KEY), Silent(), jobs=2) as opener:
        opener.expect(MANY)
        list(opener.each(files_of(dump)))
        seen = [
            Path(f"/proc/{child}/{what}").read_bytes()
            for child in children() - others
            for what in ("cmdline", "environ")
        ]
        assert len(seen) >= 4
    for secret in (ROOT_KEY.reveal(), ROOT_KEY.reveal().hex().encode()):
        assert not any(secret in text for text in seen)
    assert not workers() - others


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(3), lambda: ProcessPoolExecutor(2)])
def test_an_executor_of_the_caller_works_and_stays_open(
    make: Callable[[], Executor], dump: Path, tmp_path: Path
) -> None:
    expected = decrypt_tree(dump, tmp_path / "usual", ROOT_KEY, jobs=1)
    with make() as executor:
        report = decrypt_tree(dump, tmp_path / "given", ROOT_KEY, executor=executor)
        assert executor.submit(int).result() == 0
    assert (report.done, report.failed) == (expected.done, expected.failed)
    assert found(tmp_path / "given") == found(tmp_path / "usual")


class Lines(Silent):
    """Records the messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


class Refusing(ThreadPoolExecutor):
    """Accepts two tasks, and refuses all others."""

    taken = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.taken += 1
        if self.taken > 2:
            raise ConnectionError("the line is dead")
        return super().submit(fn, *args, **kwargs)


def test_this_machine_opens_the_files_that_an_executor_refuses(dump: Path, tmp_path: Path) -> None:
    expected = decrypt_tree(dump, tmp_path / "usual", ROOT_KEY, jobs=1)
    progress = Lines()
    with Refusing(2) as executor:
        report = decrypt_tree(
            dump, tmp_path / "given", ROOT_KEY, executor=executor, progress=progress
        )
        assert executor.taken == 3
    line = "opening files on this machine instead of the workers: the line is dead"
    assert progress.lines.count(line) == 1
    assert (report.done, report.failed) == (expected.done, expected.failed)
    assert found(tmp_path / "given") == found(tmp_path / "usual")


def test_a_worker_that_sees_other_folders_writes_nothing(dump: Path, tmp_path: Path) -> None:
    files = files_of(dump)[-3:]
    away = tmp_path / "away"
    with pytest.raises(FileNotFoundError, match=r"a worker does not see '.*/away'"):
        open_shared(Opening.at(str(away), ROOT_KEY), files)
    missing = files[2]._replace(path=str(away / "blob"))
    with pytest.raises(FileNotFoundError, match=r"a worker does not see '.*/blob'"):
        open_shared(Opening.at(str(tmp_path), ROOT_KEY), [*files[:2], missing])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_gone_is_one_failure_for_a_given_executor_too(
    dump: Path, tmp_path: Path
) -> None:
    files = files_of(dump)[-3:]
    files[1] = files[1]._replace(path=str(tmp_path / "blob"))
    progress = Lines()
    with ThreadPoolExecutor(2) as executor:
        opener = Opener(Opening.at(str(tmp_path), ROOT_KEY), progress, executor=executor)
        answers = [answer for _, answer in opened(opener.each(files))]
    assert [isinstance(answer, OpenedFile) for answer in answers] == [True, False, True]
    assert len(progress.lines) == 1


ANOTHER_THREAD = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
WAYS = pytest.mark.parametrize("before", ["", ANOTHER_THREAD], ids=["forked", "imported-anew"])
"""A process with another thread must not fork."""


def run_python(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )


KILLED = """
import sys, time
from gdrive_wa.jobs.workers import WorkerPool
from tests.jobs.test_executors import die_while_writing_a_result

pool = WorkerPool(2)
print("loky" in sys.modules)
for _ in range(int(sys.argv[1])):
    pool.submit(die_while_writing_a_result)
waiting = pool.submit(time.sleep, 3600)
while not waiting.done():
    pool.end_if_one_died()
    time.sleep(0.05)
print(waiting.exception() is not None)
pool.close()
pool = WorkerPool(2)
waiting = [pool.submit(time.sleep, 3600) for _ in range(9)]
print(waiting[-1].cancel())
pool.close()
print(all(future.done() for future in waiting))
"""


@WAYS
@pytest.mark.parametrize("dying", ["1", "2"], ids=["another-lives", "all-are-dead"])
def test_workers_of_either_kind_do_not_block_the_end(
    before: str, dying: str, tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(before + KILLED)
    ran = run_python("script.py", dying, cwd=tmp_path)
    assert ran.stdout == f"{bool(before)}\nTrue\nTrue\nTrue\n", ran.stderr
    if not before:  # loky may report such an end
        assert ran.stderr == ""


SCRIPT = """
import sys
from gdrive_wa import decrypt_tree, load_key

report = decrypt_tree(sys.argv[1], "out", load_key(sys.argv[2]), jobs=2)
print(len(report.done))
"""


@WAYS
def test_a_plain_script_needs_no_guard(before: str, dump: Path, tmp_path: Path) -> None:
    """A worker that ran the script again would decrypt again, and print again."""
    write_key_file(ROOT_KEY, tmp_path / "k")
    (tmp_path / "script.py").write_text(before + SCRIPT)
    ran = run_python("script.py", dump, "k", cwd=tmp_path)
    assert (ran.stdout, ran.stderr) == (f"{COUNT - 1}\n", "")


@WAYS
def test_nothing_in_the_working_folder_is_imported(before: str, dump: Path, tmp_path: Path) -> None:
    """A user may start the program in a folder with files of other people."""
    for name in ("json.py", "signal.py", "isal.py", "gdrive_wa.py"):
        (tmp_path / name).write_text(
            "raise SystemExit('a module of the working folder was imported')"
        )
    write_key_file(ROOT_KEY, tmp_path / "k")
    code = (
        f"{before}\n"
        "import sys; from gdrive_wa import decrypt_tree, load_key;"
        f"key = load_key({str(tmp_path / 'k')!r});"
        f"report = decrypt_tree({str(dump)!r}, 'out', key, jobs=2);"
        "sys.exit(len(report.done))"
    )
    ran = run_python("-P", "-c", code, cwd=tmp_path)
    assert ran.returncode == (COUNT - 1) % 256, ran.stderr


def children() -> set[int]:
    """The live child processes of this one, including a browser of other tests."""
    mine = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(os.getpid()) and fields[0] != "Z":
            mine.add(int(status.parent.name))
    return mine


def workers() -> set[int]:
    """The child processes that open files; loky also keeps a tracker until the process ends."""
    return {
        child
        for child in children()
        if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    }


@pytest.mark.parametrize("count", [2, COUNT])
def test_files_are_opened_while_the_caller_does_other_work(
    dump: Path, tmp_path: Path, count: int
) -> None:
    files = files_of(dump)[:count]
    with Opener(Opening.at(str(tmp_path), ROOT_KEY), Silent(), jobs=2) as opener:
        opener.expect(count)
        results = opener.each(iter(files), count=count, far_ahead=True)
        assert next(results) is None
        if count == COUNT:
            wait_until(lambda: len(list(tmp_path.glob(f"{TEMPORARY_PREFIX}*"))) > COUNT - 10)
        assert [file for file, _ in opened(results)] == files


def test_a_large_file_ends_the_work_ahead(dump: Path, tmp_path: Path) -> None:
    files = files_of(dump)[:20]
    files[7] = files[7]._replace(size=LARGE)
    with Opener(Opening.at(str(tmp_path), ROOT_KEY), Silent(), jobs=2) as opener:
        results = opener.each(iter(files), count=20, far_ahead=True)
        assert next(results) is None
        assert [file for file, _ in opened(results)] == files
