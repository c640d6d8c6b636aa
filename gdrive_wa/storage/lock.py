"""Allow only one run at a time in a folder, on every operating system.

The operating system releases the lock when the process ends, even if it is killed. The process id
is stored in a second file, because Windows does not let other processes read a locked file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft
from gdrive_wa.storage.tree import Tree

HOLDER_SUFFIX = ".holder"
"""Suffix of the file that names the process holding the lock."""
_NAME = re.compile(rb"process [0-9]{1,20}")
_locked: set[IO[bytes]] = set()
"""The lock files that this process holds."""


class FolderLock:
    """A lock, held until :meth:`close` or the end of this process."""

    def __init__(self, release: Callable[[], object], tree: Tree, holder: str) -> None:
        self._release = release
        self._tree = tree
        self._holder = holder

    def close(self) -> None:
        """Release the lock."""
        with suppress(OSError):  # now read-only; only the lock matters
            self._tree.unlink(self._holder)
        self._release()


def hold_folder(path: str | Path, tree: Tree | None = None) -> FolderLock:
    """Acquire the lock file `path`, which is two levels below the locked folder.

    Args:
        path: path of the lock file, or its name in `tree`.
        tree: the folder to lock; by default the folder two levels above `path`.

    Raises:
        StorageError: another run holds the lock, or the disk does not support locks.
    """
    if tree is None:
        tree, path = Tree(Path(path).parent.parent), Path(path).absolute()
    name = str(path)
    holder = name + HOLDER_SUFFIX
    with storage_errors(tree.shown(name)):
        try:
            release = _acquire(name, tree)
        except BlockingIOError as error:
            raise StorageError(
                f"'{tree.shown('')}' is in use by {_read_holder(holder, tree)}",
                hint="wait until that run ends, or choose another folder",
            ) from error
        except NotImplementedError as error:  # usually a network share
            raise StorageError(
                f"'{tree.shown('')}' is on a disk that cannot lock files",
                hint="choose a folder on a disk of this machine",
            ) from error
    held = FolderLock(release, tree, holder)
    try:
        _write_holder(holder, tree)
    except BaseException:
        held.close()
        raise
    return held


def _acquire(name: str, tree: Tree) -> Callable[[], object]:
    """Lock the file `name`, and return a function that releases it.

    Nothing is written to the file, which may be a hard link to another one.

    Raises:
        BlockingIOError: another run holds the lock.
        NotImplementedError: the disk does not support locks.
        OSError: the file cannot be opened.
    """
    try:
        import fcntl  # noqa: PLC0415 - Windows has no such module
    except ImportError:
        return _acquire_elsewhere(name, tree)
    file = tree.open(name, os.O_RDWR | os.O_CREAT, "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError as error:
        file.close()
        raise NotImplementedError from error
    _locked.add(file)

    def release() -> None:
        _locked.discard(file)
        file.close()

    return release


def _leave_to_parent() -> None:
    """In a forked process, close the copies of the locks, which could outlive the parent."""
    for file in _locked:
        file.close()
    _locked.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _acquire_elsewhere(name: str, tree: Tree) -> Callable[[], object]:
    """Like :func:`_acquire`, on systems without ``flock``."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed for --help

    tree.check(name)
    lock = FileLock(tree.path(name), mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BlockingIOError from error
    return lock.release


def _write_holder(holder: str, tree: Tree) -> None:
    with Draft(tree, os.path.dirname(holder)) as draft:
        with storage_errors(tree.shown(holder)):
            draft.file.write(f"process {os.getpid()}".encode())
        draft.commit(holder, durable=False)


def _read_holder(holder: str, tree: Tree) -> str:
    """The process that holds the lock, as text for a message; it may not have written its id yet.

    Only a process id is accepted as content, and links and pipes are not opened.
    """
    try:
        with tree.open(holder) as file:
            name = file.read(64)
    except OSError:
        return "another run"
    return name.decode() if _NAME.fullmatch(name) else "another run"
