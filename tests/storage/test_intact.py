"""Whether nothing has changed in a folder, by sizes and times alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gdrive_wa.storage.archive_id import archive_id, id_of_notes
from gdrive_wa.storage.corrupt import corrupt_paths, mark_corrupt
from gdrive_wa.storage.intact import all_intact
from gdrive_wa.storage.manifest import Manifest, Record
from gdrive_wa.storage.tree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A folder with two recorded files and one that was dropped."""
    with Manifest(tmp_path) as manifest:
        for name in ("one", "two", "three"):
            (tmp_path / name).write_text(name)
            found = (tmp_path / name).stat()
            manifest.add(
                Record(path=name, size=found.st_size, sha256="", mtime_ns=found.st_mtime_ns)
            )
        manifest.drop("three")
        manifest._file.flush()  # type: ignore[union-attr]
        (tmp_path / "raw").write_bytes(manifest.path.read_bytes())
    (tmp_path / "raw").replace(manifest.path)  # as a killed run leaves it, with every line
    return Tree(tmp_path)


def test_an_unchanged_folder_is_intact(tree: Tree) -> None:
    assert all_intact(tree)


def test_every_change_is_seen(tree: Tree) -> None:
    folder = Path(tree.root)
    moment = (folder / "one").stat().st_mtime_ns
    for change in (
        lambda path: path.write_text("ONE "),
        lambda path: os.utime(path, ns=(moment, moment + 1)),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("two")),
    ):
        change(folder / "one")
        assert not all_intact(tree)
        if (folder / "one").is_dir():
            shutil.rmtree(folder / "one")
        else:
            (folder / "one").unlink(missing_ok=True)
        (folder / "one").write_text("one")
        os.utime(folder / "one", ns=(moment, moment))
        assert all_intact(tree)


def test_a_file_that_a_check_found_damaged_counts(tree: Tree) -> None:
    mark_corrupt(tree, ["one"])
    assert corrupt_paths(tree) == {"one"}
    assert not all_intact(tree)
    mark_corrupt(tree, [])
    assert all_intact(tree)


def test_a_manifest_of_another_version_is_not_checked(tree: Tree) -> None:
    path = Path(tree.root, ".gdrive-wa", "manifest.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2', 1))
    assert not all_intact(tree)


def test_an_archive_keeps_its_first_id(tree: Tree) -> None:
    first = archive_id(tree, ["a", "b"])
    assert first == id_of_notes(["b", "a"]) != id_of_notes(["ab"])
    assert len(first) == 16
    assert archive_id(tree, ["a", "b", "c"]) == first
    Path(tree.root, ".gdrive-wa", "archive-id").write_text("not an id\n")
    assert archive_id(tree, ["c"]) == id_of_notes(["c"])


def test_without_a_state_folder_no_id_is_kept(tmp_path: Path) -> None:
    assert archive_id(Tree(tmp_path), ["a"]) == id_of_notes(["a"])
    assert list(tmp_path.iterdir()) == []
