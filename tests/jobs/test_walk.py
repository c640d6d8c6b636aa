"""Walking a folder of blobs of any shape: depth, order, and unreadable folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Outcome
from gdrive_wa.jobs.decrypt_folder import decrypt_tree
from gdrive_wa.jobs.opening import StoredFile
from gdrive_wa.jobs.walk import walk
from tests.crypt.fixtures import ROOT_KEY
from tests.crypt.hostile.refusal import snapshot
from tests.jobs.test_decrypt_single import stored

DEEPER_THAN_PYTHON_CALLS = 1500


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    return folder


def walked(src: Path, excluded: str | None = None) -> list[str]:
    return [each.stored_as for each in walk(src, excluded=excluded) if isinstance(each, StoredFile)]


def test_files_come_in_order_without_envelopes_links_and_state(tmp_path: Path) -> None:
    src = fill(
        tmp_path / "src", "b/2", "b/1", "a", "c", f"b/{'0' * 64}.mcrypt1-metadata", ".gdrive-wa/x"
    )
    (src / "link").symlink_to(src / "a")
    (src / "around").symlink_to(src)
    os.mkfifo(src / "pipe")
    assert walked(src) == ["a", "b/1", "b/2", "c"]


def test_junk_and_empty_containers_are_left_out(tmp_path: Path) -> None:
    junk = (".nomedia", "Databases/._msgstore.db.crypt15", "Databases/Thumbs.db", "b.opus.tmp")
    src = fill(tmp_path / "src", "Databases/wa.db", *junk)
    (src / "Databases" / "msgstore.db.crypt15").touch()
    assert walked(src) == ["Databases/wa.db"]
    assert decrypt_tree(src, tmp_path / "out", ROOT_KEY).failed == []


def test_one_folder_is_left_out_by_its_path(tmp_path: Path) -> None:
    src = fill(tmp_path / "src", "a", "in/out/b", "in/outer", "out")
    assert walked(src, "in/out") == ["a", "in/outer", "out"]


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """Nested folders with a file in the last one. They are removed by hand, because pytest's
    clean-up fails at such a depth."""
    handles = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(DEEPER_THAN_PYTHON_CALLS):
        os.mkdir("d", dir_fd=handles[-1])
        handles.append(os.open("d", os.O_RDONLY, dir_fd=handles[-1]))
    with open("deep", "wb", opener=lambda name, flags: os.open(name, flags, dir_fd=handles[-1])):
        pass
    yield tmp_path
    os.unlink("deep", dir_fd=handles[-1])
    while len(handles) > 1:
        os.close(handles.pop())
        os.rmdir("d", dir_fd=handles[-1])
    os.close(handles.pop())


def test_any_depth_is_walked(deep: Path) -> None:
    assert walked(deep) == ["d/" * DEEPER_THAN_PYTHON_CALLS + "deep"]


def test_unreadable_folders_are_reported_and_the_rest_is_there(unprivileged: Path) -> None:
    src = fill(unprivileged / "src", "a.jpg", "hidden/b.jpg", "z.jpg")
    (src / "hidden").chmod(0)
    try:
        report = decrypt_tree(src, unprivileged / "out", jobs=1)
    finally:
        (src / "hidden").chmod(0o700)
    assert [done.path for done in report.done] == ["a.jpg", "z.jpg"]
    (failed,) = report.failed
    assert (failed.path, failed.exit_code) == ("hidden", UsageError.exit_code)
    assert failed.reason == "it cannot be read: permission denied"


def test_an_unreadable_source_is_reported(unprivileged: Path) -> None:
    src = fill(unprivileged / "src", "a.jpg")
    src.chmod(0)
    (outcome,) = walk(src, excluded=None)
    assert isinstance(outcome, Outcome)
    assert outcome.path == str(src)
    src.chmod(0o700)


def test_a_target_inside_the_source_is_filled_once_however_often_it_is_run(tmp_path: Path) -> None:
    src = tmp_path / "src"
    stored(src)
    fill(src, "plain.jpg")
    decrypt_tree(src, src / "out", ROOT_KEY)
    before = snapshot(tmp_path)
    again = decrypt_tree(src, src / "out", ROOT_KEY)
    assert (again.done, again.failed, len(again.skipped)) == ([], [], 2)
    assert snapshot(tmp_path) == before


def test_a_folder_is_not_filled_with_itself(tmp_path: Path) -> None:
    stored(tmp_path / "src")
    before = snapshot(tmp_path)
    with pytest.raises(UsageError, match="files come from"):
        decrypt_tree(tmp_path / "src", tmp_path / "src" / ".." / "src", ROOT_KEY)
    assert snapshot(tmp_path) == before
