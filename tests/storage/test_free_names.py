"""Names below a folder: each once, with room for the envelope beside it."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.free_names import FreeNames, metadata_path
from gdrive_wa.storage.free_space import SPARE, require_free_space
from gdrive_wa.storage.manifest import Record
from gdrive_wa.storage.tree import Tree


def allocated(names: FreeNames, *stored: str, with_metadata: bool = False) -> list[str]:
    return [str(names.allocate(each, with_metadata=with_metadata)) for each in stored]


def record(path: str, stored_as: str) -> Record:
    return Record(path=path, size=1, sha256="", mtime_ns=0, stored_as=stored_as)


def test_entries_of_the_same_name_are_numbered_in_their_order(tmp_path: Path) -> None:
    names = FreeNames(Tree(tmp_path))
    assert allocated(names, "a.x", "A.x", "a.x", "b") == ["a.x", "A (2).x", "a (3).x", "b"]


def test_an_entry_keeps_the_name_of_an_earlier_run_and_another_does_not_get_it(
    tmp_path: Path,
) -> None:
    names = FreeNames(Tree(tmp_path), [record("a", "a"), record("b (2)", "B")])
    assert names.recorded(PurePosixPath("A"))
    assert not names.recorded(PurePosixPath("c"))
    assert allocated(names, "a", "A") == ["a", "A (2)"]


def test_a_blob_has_room_for_its_envelope(tmp_path: Path) -> None:
    names = FreeNames(Tree(tmp_path))
    assert allocated(names, "a", with_metadata=True) == ["a"]
    assert str(metadata_path(PurePosixPath("x/a"))) == "x/a-metadata"
    assert allocated(names, "a-metadata") == ["a-metadata (2)"]
    assert allocated(names, "b-metadata") == ["b-metadata"]
    assert allocated(names, "b", with_metadata=True) == ["b (2)"]
    assert allocated(names, "b") == ["b"]


def test_a_file_in_place_of_a_folder_and_vice_versa(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not ours")
    (tmp_path / "folder").mkdir()
    names = FreeNames(Tree(tmp_path), [record("mine/x", "x")])
    assert allocated(names, "file/a", "File/b", "folder") == [
        "file (2)/a",
        "file (2)/b",
        "folder (2)",
    ]
    assert allocated(names, "mine", "deep/down/a", "deep/down") == [
        "mine (2)",
        "deep/down/a",
        "deep/down (2)",
    ]
    assert allocated(names, "single", "single/a") == ["single", "single (2)/a"]


def test_a_linked_folder_is_refused_every_time(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    names = FreeNames(Tree(tmp_path))
    names.check_no_link(PurePosixPath("real/a"))
    for _ in range(2):
        with pytest.raises(StorageError, match="symbolic link"):
            names.check_no_link(PurePosixPath("link/a"))


def test_free_space_is_read_from_the_nearest_existing_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=SPARE + 10 * 1024 * 1024)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    for needed in (0, 1, 10 * 1024 * 1024):
        require_free_space(tmp_path / "not" / "yet", needed)
    assert set(asked) == {tmp_path}
    with pytest.raises(StorageError, match=r"'.*yet': 10\.0 MiB needed, ") as told:
        require_free_space(tmp_path / "not" / "yet", 10 * 1024 * 1024 + 1)
    assert told.value.hints
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    require_free_space(tmp_path, 0)


def test_a_missing_folder_is_looked_up_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").mkdir()
    asked: list[str] = []
    is_folder = Tree.is_folder

    def noted(tree: Tree, name: str) -> bool:
        asked.append(name)
        return is_folder(tree, name)

    monkeypatch.setattr(Tree, "is_folder", noted)
    names = FreeNames(Tree(tmp_path))
    assert allocated(names, "new/a", "new/b", "new/c") == ["new/a", "new/b", "new/c"]
    assert asked == ["new"]
    assert allocated(names, "there/a", "there/b") == ["there/a (2)", "there/b"]
    assert not names.may_exist(PurePosixPath("new/d"))
    assert names.may_exist(PurePosixPath("there/c"))
