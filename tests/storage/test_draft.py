"""A file appears complete under its final name, or not at all."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.draft import (
    STRIDE,
    Draft,
    flush_folders,
    in_strides,
    make_folder,
    refuse_device,
    sweep,
    write_file,
)
from gdrive_wa.storage.tree import Tree

if os.name != "nt":
    import fcntl

HOLDS_A_DRAFT = """
import sys, time
from pathlib import Path
from gdrive_wa.storage.draft import Draft
with Draft(Path(sys.argv[1])) as draft:
    draft.file.write(b"plaintext of somebody's life")
    draft.file.flush()
    print("open", flush=True)
    time.sleep(600)
"""


def drafts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".gdrive-wa-*"))


def test_a_draft_has_no_final_name_until_it_is_committed(tmp_path: Path) -> None:
    target = tmp_path / "new" / "note.opus"
    with Draft(tmp_path) as draft:
        draft.file.write(b"sound")
        assert not target.exists()
        draft.commit(target, mtime=1_704_103_200)
    assert target.read_bytes() == b"sound"
    assert target.stat().st_mtime == 1_704_103_200
    assert drafts(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_it_is_private_from_its_first_moment(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Draft(tmp_path) as draft:
            assert stat.S_IMODE(draft.path.stat().st_mode) == 0o600
            draft.commit(tmp_path / "private")
        with Draft(tmp_path) as draft:
            draft.commit(tmp_path / "public", mode=0o644)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644


def test_a_failure_keeps_the_old_file_and_removes_the_draft(tmp_path: Path) -> None:
    target = tmp_path / "msgstore.db"
    target.write_bytes(b"last month")

    def fails() -> None:
        with Draft(tmp_path) as draft:
            draft.file.write(b"half of this mo")
            raise ValueError("the tag does not hold")

    with pytest.raises(ValueError, match="the tag"):
        fails()
    assert target.read_bytes() == b"last month"
    assert drafts(tmp_path) == []


def test_a_committed_draft_replaces_an_existing_file(tmp_path: Path) -> None:
    write_file(tmp_path / "index", b"old and longer")
    write_file(tmp_path / "index", b"new")
    assert (tmp_path / "index").read_bytes() == b"new"


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"untouched")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "note").symlink_to(outside)
    write_file(tmp_path / "in" / "note", b"new")
    assert outside.read_bytes() == b"untouched"
    assert not (tmp_path / "in" / "note").is_symlink()


def test_a_killed_run_leaves_no_plaintext_after_the_next_sweep(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_DRAFT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        assert sweep(tmp_path) == 0, "a living run's draft was taken from it"
        assert len(drafts(tmp_path)) == 1
        child.send_signal(signal.SIGKILL)
    assert len(drafts(tmp_path)) == 1
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_keeps_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "notes.tmp").write_bytes(b"a user's")
    (tmp_path / ".gdrive-wa-config").write_bytes(b"a user's")
    assert sweep(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_sweep_of_a_missing_folder(tmp_path: Path) -> None:
    assert sweep(tmp_path / "nowhere") == 0


def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"")
    with pytest.raises(StorageError, match="is a file, but a folder is needed there") as caught:
        make_folder(tmp_path / "archive" / "Voice notes")
    assert caught.value.hints


def test_a_folder_in_place_of_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "note.opus" / "x").mkdir(parents=True)
    with pytest.raises(StorageError, match="is a folder"):
        write_file(tmp_path / "note.opus", b"sound")
    assert drafts(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with Draft(tmp_path) as draft:
        handle = os.open("/dev/full", os.O_RDWR)
        os.dup2(handle, draft.file.fileno())
        os.close(handle)
        draft.file.write(b"sound")
        with pytest.raises(StorageError, match="the disk is full"):
            draft.commit(tmp_path / "note.opus")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_read_only_folder_is_reported(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(StorageError, match="no permission to write"):
        write_file(unprivileged / "note.opus", b"sound")


def test_everything_written_can_be_flushed_at_once(tmp_path: Path) -> None:
    with Draft(tmp_path) as draft:
        draft.file.write(b"sound")
        draft.commit(tmp_path / "note.opus", durable=False)
    flush_folders(tmp_path)
    assert (tmp_path / "note.opus").read_bytes() == b"sound"


@pytest.mark.parametrize("size", [0, 1, STRIDE, STRIDE + 1, 3 * STRIDE + 5])
def test_strides_add_up_to_the_piece_and_none_is_long(size: int) -> None:
    piece = random.Random(size).randbytes(size)
    strides = list(in_strides(piece))
    assert b"".join(strides) == piece
    assert all(0 < len(stride) <= STRIDE for stride in strides)


@pytest.mark.skipif(os.name == "nt", reason="no pipes with names there")
def test_devices_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(StorageError, match="is not a regular file"):
        write_file(pipe, b"content")
    assert pipe.is_fifo()
    assert drafts(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="no pipes with names there")
def test_a_link_to_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with pytest.raises(StorageError, match="is not a regular file"):
        refuse_device(tmp_path / "link")
    with pytest.raises(StorageError, match="is not a regular file"):
        write_file(tmp_path / "link", b"content")
    assert (tmp_path / "link").is_symlink()
    refuse_device(tmp_path / "missing")
    refuse_device(tmp_path)


def test_a_folder_is_made_with_those_above_it_and_may_be_there(tmp_path: Path) -> None:
    for _ in range(2):
        make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_draft_is_closed_when_it_is_committed_or_discarded(tmp_path: Path) -> None:
    with Draft(tmp_path) as draft:
        draft.write(b"sound")
        draft.commit(tmp_path / "a")
        assert draft.file.closed
    with Draft(tmp_path) as draft:
        draft.write(b"sound")
    assert draft.file.closed
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="folders are not flushed there")
@pytest.mark.parametrize("durable", [True, False])
def test_a_durable_file_is_flushed_before_it_is_named_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, durable: bool
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.replace

    def flush(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        if not folder:
            assert os.fstat(handle).st_size == 5, "flushed before all was written"
        done.append("folder" if folder else "file")
        fsync(handle)

    def name(old: str, new: str, **options: Any) -> None:
        done.append("name")
        rename(old, new, **options)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", name)
    with Draft(tmp_path) as draft:
        draft.write(b"sound")
        draft.commit(tmp_path / "note.opus", durable=durable)
    assert done == (["file", "name", "folder"] if durable else ["name"])


@pytest.mark.skipif(os.name == "nt", reason="drafts are not locked there")
def test_a_draft_that_a_sweep_removed_before_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []
    lock = fcntl.flock

    def sweep_first(handle: int, operation: int) -> None:
        if not swept:
            swept.extend(drafts(tmp_path))
            (tmp_path / swept[0]).unlink()
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", sweep_first)
    with Draft(tmp_path) as draft:
        draft.write(b"sound")
        draft.commit(tmp_path / "note.opus")
        assert swept
        assert draft.path.name not in swept
    assert (tmp_path / "note.opus").read_bytes() == b"sound"


@pytest.mark.skipif(os.name == "nt", reason="drafts are not locked there")
def test_a_draft_is_made_on_a_disk_that_cannot_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(fcntl, "flock", refuse)
    write_file(tmp_path / "note.opus", b"sound")
    assert (tmp_path / "note.opus").read_bytes() == b"sound"


@pytest.mark.skipif(os.name == "nt", reason="drafts are not locked there")
def test_a_draft_that_a_sweep_has_locked_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    lock = fcntl.flock

    def held_once(handle: int, operation: int) -> None:
        calls.append(operation)
        if len(calls) == 1:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", held_once)
    with Draft(tmp_path) as draft:
        assert len(calls) == 2
        assert len(drafts(tmp_path)) == 2
        assert draft.path.exists()


def test_a_file_in_a_tree_is_written_next_to_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    rename = os.replace

    def look(old: str, new: str, **options: Any) -> None:
        seen.append((len(drafts(tmp_path)), len(drafts(tmp_path / "below"))))
        rename(old, new, **options)

    monkeypatch.setattr(os, "replace", look)
    write_file("below/note.opus", b"sound", tree=Tree(tmp_path))
    assert seen == [(0, 1)]
    assert (tmp_path / "below" / "note.opus").read_bytes() == b"sound"
