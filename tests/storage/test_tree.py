"""Nothing in our folders leads out of them: no link, no pipe, no device."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.plain_file import NotPlainError
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft, sweep, write_file
from gdrive_wa.storage.draft_file import write_draft
from gdrive_wa.storage.open_folders import BY_DESCRIPTOR, KEPT_OPEN
from gdrive_wa.storage.tree import Tree
from tests.variants import check_each

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes need Unix")
APPEND = os.O_WRONLY | os.O_APPEND


@pytest.fixture(params=["descriptors", "checked names"], autouse=True)
def _system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs as on a system with `openat`, and as on one without it."""
    on = request.param == "descriptors" and BY_DESCRIPTOR
    monkeypatch.setattr("gdrive_wa.storage.open_folders.BY_DESCRIPTOR", on)
    if not on:
        for module in ("storage.tree", "core.plain_file"):
            monkeypatch.setattr(f"gdrive_wa.{module}.NO_LINK", 0)
        monkeypatch.setattr(
            "gdrive_wa.storage.tree.SAFE", os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
        )


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    (folder / "letter").write_bytes(b"not ours")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "dest" / "chat").mkdir(parents=True)
    (tmp_path / "dest" / "chat" / "note").write_bytes(b"sound")
    return Tree(tmp_path / "dest")


def untouched(outside: Path) -> bool:
    found = {path.relative_to(outside).as_posix() for path in outside.rglob("*")}
    return found == {"sub", "letter"} and (outside / "letter").read_bytes() == b"not ours"


USES: dict[str, Callable[[Tree, str], object]] = {
    "open": Tree.open,
    "append": lambda tree, name: tree.open(name, APPEND, "ab").write(b"more"),
    "create": lambda tree, name: os.close(tree.create(f"{name}/new")),
    "draft": lambda tree, name: write_draft(tree, b"plaintext", inside=name),
    "write": lambda tree, name: write_file(f"{name}/new", b"plaintext", tree=tree),
    "make": lambda tree, name: tree.make_folder(f"{name}/new"),
    "move in": lambda tree, name: tree.replace("chat/note", f"{name}/note"),
    "move out": lambda tree, name: tree.replace(f"{name}/letter", "chat/letter"),
    "delete": lambda tree, name: tree.unlink(f"{name}/letter"),
    "date": lambda tree, name: tree.set_time(f"{name}/letter", 1.0),
    "list": Tree.names,
    "sweep": sweep,
    "check": lambda tree, name: tree.check(f"{name}/letter"),
    "check folder": Tree.check_folder,
    "flush": Tree.sync_folder,
}
"""Everything that can be done with a name in a tree."""


def test_nothing_is_done_through_a_linked_folder(tree: Tree, outside: Path, tmp_path: Path) -> None:
    deep = tmp_path / "dest" / "chat" / "deep"
    links = {
        "folder": outside,
        "file": outside / "letter",
        "relative": Path("../../../outside"),
        "loop": deep / "loop",
        "broken": tmp_path / "nowhere",
    }
    deep.mkdir()
    for name, target in links.items():
        (deep / name).symlink_to(target)

    def check(variant: tuple[str, str]) -> None:
        use, link = variant
        name = f"chat/deep/{link}"
        with pytest.raises(StorageError) as caught, storage_errors(tree.root):
            USES[use](tree, name)
        shown = f"'{tree.root}/{name}' is a symbolic link, which is not followed"
        assert caught.value.message == shown
        assert untouched(outside)
        assert (tmp_path / "dest" / "chat" / "note").exists()
        assert not (tmp_path / "nowhere").exists()

    check_each([(use, link) for use in USES for link in links], check)


def test_pipes_sockets_and_devices_are_not_opened(tree: Tree, tmp_path: Path) -> None:
    chat = tmp_path / "dest" / "chat"
    os.mkfifo(chat / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(chat)  # the path of a socket is short
        server.bind("socket")
        os.chdir(before)

        def check(variant: tuple[str, str]) -> None:
            use, name = variant
            with pytest.raises((NotPlainError, StorageError, NotADirectoryError)):
                USES[use](tree, f"chat/{name}")

        check_each([(use, name) for use in USES for name in ("pipe", "socket")], check)
    with pytest.raises(NotPlainError, match="is a device, not a regular file"):
        Tree("/dev").open("null")


def test_a_folder_that_is_replaced_by_a_link_in_the_middle(
    tree: Tree, outside: Path, tmp_path: Path
) -> None:
    """Folders opened before stay the same; checks by name alone cannot see that."""
    write_file("chat/first", b"sound", tree=tree)
    chat = tmp_path / "dest" / "chat"
    chat.rename(tmp_path / "moved")
    chat.symlink_to(outside)
    with Draft(tree) as draft:
        draft.write(b"sound")
        if tree.uses_descriptors:
            draft.commit("chat/second")
            assert (tmp_path / "moved" / "second").exists()
            assert untouched(outside)
    with pytest.raises(StorageError, match="is a symbolic link"):
        write_file("chat/third", b"sound", tree=Tree(tmp_path / "dest"))
    assert untouched(outside) or not tree.uses_descriptors


def test_links_at_final_names_are_replaced_not_followed(
    tree: Tree, outside: Path, tmp_path: Path
) -> None:
    for name, target in {"a": outside / "letter", "b": tmp_path / "nowhere", "c": outside}.items():
        (tmp_path / "dest" / name).symlink_to(target)
        write_file(name, b"new", tree=tree)
        assert not (tmp_path / "dest" / name).is_symlink()
        assert (tmp_path / "dest" / name).read_bytes() == b"new"
    assert untouched(outside)
    assert not (tmp_path / "nowhere").exists()


def test_hard_links_are_replaced_not_written_into(
    tree: Tree, outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "dest" / "index").hardlink_to(outside / "letter")
    write_file("index", b"new", tree=tree)
    assert untouched(outside)
    assert (tmp_path / "dest" / "index").read_bytes() == b"new"


def test_a_folder_is_removed_without_what_its_links_name(
    tree: Tree, outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "dest" / "chat" / "link").symlink_to(outside)
    (tmp_path / "dest" / "other").symlink_to(outside)
    tree.remove_folder("chat")
    tree.remove_folder("other")
    assert not (tmp_path / "dest" / "chat").exists()
    assert untouched(outside)


def test_the_folder_itself_may_be_a_link_and_so_may_those_above_it(
    outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk").symlink_to(outside)
    (tmp_path / "archive").symlink_to(outside / "sub")
    write_file("a/note", b"1", tree=Tree(tmp_path / "disk" / "sub"))
    write_file("a/other", b"2", tree=Tree(tmp_path / "archive"))
    assert {path.name for path in (outside / "sub" / "a").iterdir()} == {"note", "other"}


def test_the_folder_is_examined_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "archive").symlink_to(tmp_path / "real")
    tree = Tree(tmp_path / "archive")
    write_file("first", b"1", tree=tree)
    (tmp_path / "archive").unlink()
    (tmp_path / "archive").symlink_to(tmp_path / "other")
    write_file("second", b"2", tree=tree)
    if tree.uses_descriptors:
        assert {path.name for path in (tmp_path / "real").iterdir()} == {"first", "second"}


def test_a_tree_below_a_tree_is_not_reached_through_a_link(
    tree: Tree, outside: Path, tmp_path: Path
) -> None:
    (tmp_path / "dest" / "partial").symlink_to(outside)
    with pytest.raises(NotPlainError):
        tree.below("partial").make_folder()
    with pytest.raises(NotPlainError):
        tree.below("partial/sub").names()
    inner = tree.below("chat/inner")
    assert inner.names() == []
    write_file("deep/note", b"1", tree=inner)
    assert tree.read("chat/inner/deep/note") == b"1"
    assert inner.root == str(tmp_path / "dest" / "chat" / "inner")
    assert untouched(outside)


def test_paths_that_lead_out_are_refused(tree: Tree) -> None:
    def check(path: str) -> None:
        with pytest.raises(ValueError, match="not a path below a folder"):
            tree.open(path)
        with pytest.raises(ValueError, match="not a path below a folder"):
            tree.make_folder(f"{path}/new")

    check_each(["..", "../x/..", "chat/..", "/etc/..", "chat//..", ".", "a/../.."], check)


def test_relative_and_absolute_names_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tree = Tree("out")
    write_file("chat/note", b"sound", tree=tree)
    assert tree.read(tree.path("chat/note")) == b"sound"
    assert tree.shown("chat/note") == "out/chat/note"
    assert tree.shown("") == "out"
    monkeypatch.chdir("/")
    assert tree.read("chat/note") == b"sound"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_folders_are_private(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        Tree(tmp_path / "archive").make_folder("Voice notes/Mum")
    finally:
        os.umask(before)
    for name in ("archive", "archive/Voice notes", "archive/Voice notes/Mum"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


def test_a_folder_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "dest")
    write_file("chat/first", b"1", tree=tree)
    (tmp_path / "dest" / "chat" / "first").unlink()
    (tmp_path / "dest" / "chat").rmdir()
    write_file("chat/second", b"2", tree=tree)
    (tmp_path / "dest" / "chat" / "second").unlink()
    (tmp_path / "dest" / "chat").rmdir()
    (tmp_path / "dest").rmdir()
    write_file("chat/third", b"3", tree=tree)
    assert (tmp_path / "dest" / "chat" / "third").read_bytes() == b"3"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
def test_few_folders_are_kept_open_and_none_in_the_end(tmp_path: Path) -> None:
    def held() -> int:
        return len(os.listdir("/proc/self/fd"))

    before, tree = held(), Tree(tmp_path)
    for number in range(3 * KEPT_OPEN):
        tree.make_folder(f"chat {number}/deep")
        tree.check(f"chat {number}/deep/note")
    assert held() - before <= KEPT_OPEN + 1
    del tree
    assert held() == before


def test_many_threads_use_one_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdrive_wa.storage.open_folders.KEPT_OPEN", 2)
    tree, failed = Tree(tmp_path), []

    def write(own: int) -> None:
        try:
            for number in range(50):
                write_file(f"{number % 7}/{own}-{number}", b"x", tree=tree, durable=False)
        except Exception as error:  # noqa: BLE001 - whatever it is
            failed.append(error)

    threads = [threading.Thread(target=write, args=(own,)) for own in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 400


def test_a_file_that_becomes_a_link_while_it_is_opened(
    tree: Tree, outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check comes first; the opened file is then compared with the checked one."""
    note, usual = tmp_path / "dest" / "chat" / "note", os.open

    def slow(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if not flags & os.O_DIRECTORY:
            note.unlink()
            note.symlink_to(outside / "letter")
        return usual(path, flags, mode, dir_fd=dir_fd)

    tree.check("chat/note")
    monkeypatch.setattr(os, "open", slow)
    with pytest.raises(OSError, match="symbolic link"):
        tree.open("chat/note", APPEND, "ab")
    assert untouched(outside)


def test_the_files_of_a_folder_are_neither_links_nor_folders(tmp_path: Path) -> None:
    (tmp_path / "in" / "folder").mkdir(parents=True)
    (tmp_path / "in" / "file").touch()
    (tmp_path / "in" / "link").symlink_to("file")
    (tmp_path / "led").symlink_to("in")
    tree = Tree(tmp_path)
    assert tree.files("in") == {"file"}
    assert tree.files() == set()
    assert tree.files("led") == tree.files("none") == tree.files("in/file") == set()
