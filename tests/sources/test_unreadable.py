"""Folders that the system does not let us read: none of them is taken for an empty one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import gdrive_wa
from gdrive_wa.core.errors import GdriveWaError, StorageError, UsageError
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.base import unreadable_parts
from gdrive_wa.sources.exports import find_exports

pytest.importorskip("resource")  # nobody may be unable to read Python's own folder

NOTES = "Media/WhatsApp Voice Notes/202501"


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


@contextmanager
def locked(folder: Path, mode: int = 0) -> Iterator[None]:
    folder.chmod(mode)
    try:
        yield
    finally:
        folder.chmod(0o700)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the system refuse to list each folder of that name, until what it returns is called."""
    scandir = os.scandir

    def let_fail(name: str, number: int) -> Any:
        def listed(path: Any = ".") -> Any:
            if not isinstance(path, int) and Path(os.fspath(path)).name == name:
                raise OSError(number, os.strerror(number), path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", listed)
        return lambda: monkeypatch.setattr(os, "scandir", scandir)

    return let_fail


@pytest.mark.parametrize("mode", [0, 0o400], ids=["not at all", "names only"])
def test_a_folder_of_somebody_else_is_named(unprivileged: Path, mode: int) -> None:
    put(unprivileged, f"{NOTES}/a.opus", f"{NOTES[:-1]}2/b.opus", "Databases/msgstore.db")
    source = open_folder(unprivileged)
    with locked(unprivileged / NOTES, mode):
        (backup,) = source.backups()
        names = [entry.stored_as for entry in source.entries(backup)]
    assert names == ["Databases/msgstore.db", f"{NOTES[:-1]}2/b.opus"]
    (failed,) = unreadable_parts(source)
    assert failed.path == NOTES
    assert failed.reason == "the folder cannot be read: permission denied"
    assert failed.hints
    assert len(list(source.entries(source.backups()[0]))) == 3
    assert unreadable_parts(source) == ()


def test_a_restore_and_a_download_count_it_as_failed(tmp_path: Path, failing: Any) -> None:
    put(tmp_path / "phone", f"{NOTES}/a.opus", f"{NOTES[:-1]}2/b.opus")
    mended = failing("202501", errno.EACCES)
    restored = gdrive_wa.restore(tmp_path / "phone", tmp_path / "out")
    stored = gdrive_wa.download(tmp_path / "phone", tmp_path / "copy")
    assert NOTES in [each.path for each in restored.failed]
    assert [each.path for each in stored.failed] == [NOTES]
    mended()
    again = gdrive_wa.restore(tmp_path / "phone", tmp_path / "out")
    assert NOTES not in [each.path for each in again.failed]
    assert len(again.done) == 1


def test_a_folder_of_the_systems_own_does_not_matter(unprivileged: Path) -> None:
    put(unprivileged, f"{NOTES}/a.opus", "lost+found/x", ".Trash-1000/x")
    source = open_folder(unprivileged)
    with locked(unprivileged / "lost+found"), locked(unprivileged / ".Trash-1000"):
        assert len(source.backups()) == 1
    assert unreadable_parts(source) == ()


def test_the_given_folder_itself(unprivileged: Path) -> None:
    put(unprivileged, f"phone/{NOTES}/a.opus")
    with locked(unprivileged / "phone"):
        with pytest.raises(UsageError, match=r"cannot read '.*phone': permission denied") as told:
            gdrive_wa.backups(unprivileged / "phone")
        assert told.value.hints


def test_when_nothing_else_is_there_it_is_the_reason(tmp_path: Path, failing: Any) -> None:
    put(tmp_path / "phone", "Media/a.opus")
    failing("Media", errno.EACCES)
    with pytest.raises(GdriveWaError, match="'Media' cannot be read: permission denied"):
        gdrive_wa.restore(tmp_path / "phone", tmp_path / "out")


@pytest.mark.parametrize("name", ["phone", "Media", "202501"])
def test_too_many_open_files_is_not_an_empty_folder(
    tmp_path: Path, failing: Any, name: str
) -> None:
    put(tmp_path / "phone", f"{NOTES}/a.opus", "Databases/msgstore.db")
    failing(name, errno.EMFILE)
    with pytest.raises(StorageError, match=f"{name}': too many open files") as told:
        open_folder(tmp_path / "phone").backups()
    assert "ulimit" in told.value.hint


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOTCONN, errno.ESTALE])
def test_neither_is_a_disk_that_fails(tmp_path: Path, failing: Any, number: int) -> None:
    put(tmp_path / "phone", f"{NOTES}/a.opus", "Databases/msgstore.db")
    failing("202501", number)
    with pytest.raises(StorageError, match=r"cannot read '.*202501': ") as told:
        gdrive_wa.restore(tmp_path / "phone", tmp_path / "out")
    assert told.value.message.endswith(os.strerror(number).lower())
    assert told.value.hints
    assert not (tmp_path / "out").exists()


def test_exported_chats_name_it_as_well(unprivileged: Path) -> None:
    put(unprivileged, "Mum/x", "Ben/_chat.txt")
    with locked(unprivileged / "Mum"):
        found = find_exports(unprivileged)
    assert len(found.folders) == 1
    assert found.warnings == ("the folder 'Mum' cannot be read: it is left out",)
