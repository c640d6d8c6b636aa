"""Worker processes: the same tree as without them, whatever becomes of one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.jobs import decrypt_folder as tree
from gdrive_wa.jobs.decrypt_folder import decrypt_tree
from gdrive_wa.jobs.key import write_key_file
from gdrive_wa.jobs.stored import Opened, Refused, StoredFile
from gdrive_wa.jobs.worker import Workers
from gdrive_wa.storage.draft import TEMPORARY_PREFIX
from gdrive_wa.storage.manifest import STATE_FOLDER
from tests.crypt.fixtures import OTHER_ROOT_KEY, ROOT_KEY

COUNT = tree.MANY + 50


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
        StoredFile(str(path), path.name, path.stat().st_size, path.stat().st_mtime_ns)
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


def test_a_wrong_key_opens_nothing_there_either(dump: Path, tmp_path: Path) -> None:
    report = decrypt_tree(dump, tmp_path / "out", OTHER_ROOT_KEY, jobs=2)
    assert {outcome.exit_code for outcome in report.failed} == {5}
    assert found(tmp_path / "out") == {}


def test_what_a_killed_worker_had_is_opened_all_the_same(dump: Path, tmp_path: Path) -> None:
    files, others = files_of(dump)[:40], children()
    with Workers(1, str(tmp_path), ROOT_KEY) as workers:
        first = workers.open(files[:20])
        (victim,) = children() - others
        os.kill(victim, signal.SIGKILL)
        second = workers.open(files[20:])
    assert all(isinstance(opened, Opened | Refused) for opened in (*first, *second))
    contents = [Path(opened.draft).read_bytes() for opened in second if isinstance(opened, Opened)]
    assert len(contents) >= 18
    assert all(content.startswith(b"OggS ") for content in contents)


def test_a_disk_that_refuses_ends_it_with_what_is_wrong(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        Workers(1, str(tmp_path / "file" / "below"), ROOT_KEY) as workers,
        pytest.raises(StorageError, match="a file stands where a folder is needed") as caught,
    ):
        workers.open(files_of(dump)[:1])
    assert caught.value.hints == ("choose another folder",)


def test_the_key_is_in_no_process_list_and_no_worker_outlives_the_run(
    dump: Path, tmp_path: Path
) -> None:
    others = children()
    with Workers(2, str(tmp_path), ROOT_KEY) as workers:
        workers.open(files_of(dump)[:1])
        seen = [
            Path(f"/proc/{child}/{what}").read_bytes()
            for child in children() - others
            for what in ("cmdline", "environ")
        ]
        assert len(seen) == 4
    for secret in (ROOT_KEY.reveal(), ROOT_KEY.reveal().hex().encode()):
        assert not any(secret in text for text in seen)
    assert not children() - others


def test_nothing_in_the_working_folder_is_imported(dump: Path, tmp_path: Path) -> None:
    """A person may well start it inside a folder that somebody else filled."""
    for name in ("json.py", "signal.py", "isal.py", "gdrive_wa.py"):
        (tmp_path / name).write_text("raise SystemExit('a stranger was let in')")
    write_key_file(ROOT_KEY, tmp_path / "k")
    code = (
        "import sys; from gdrive_wa import decrypt_tree, load_key;"
        f"key = load_key({str(tmp_path / 'k')!r});"
        f"report = decrypt_tree({str(dump)!r}, 'out', key, jobs=2);"
        "sys.exit(len(report.done))"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
        capture_output=True,
        timeout=240,
    )
    assert ran.returncode == (COUNT - 1) % 256, ran.stderr.decode()


def children() -> set[int]:
    """The processes that this one started and that still live; a browser of other tests, too."""
    mine = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(os.getpid()) and fields[0] != "Z":
            mine.add(int(status.parent.name))
    return mine
