"""Write a file completely under its final name, or not at all.

All files of this package are written this way: to a hidden temporary file (mode 0600) in the
target's folder, which is flushed to the disk and renamed; then the folder is flushed too. The next
run removes temporary files of a killed run, recognised by their names and released locks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.disk import explain, storage_errors
from gdrive_wa.storage.leftovers import TEMPORARY_PREFIX, TEMPORARY_SUFFIX, lock_draft, sweep
from gdrive_wa.storage.tree import Tree, as_tree

__all__ = [
    "TEMPORARY_PREFIX",
    "TEMPORARY_SUFFIX",
    "Draft",
    "flush_folders",
    "in_strides",
    "make_folder",
    "move_into_place",
    "new_file",
    "refuse_device",
    "sweep",
    "write_file",
]

FD_MODES = os.chmod in os.supports_fd
FD_TIMES = os.utime in os.supports_fd
STRIDE = 256 << 10
"""Maximum number of bytes to write at once."""


class Draft:
    """A temporary file, renamed by :meth:`commit` or else removed.

    Use it as a context manager: exiting without :meth:`commit` removes the file.

    Args:
        folder: a folder that the user named, or a tree.
        inside: the subfolder for the file; created if it does not exist.

    Attributes:
        path: absolute path of the temporary file.
        file: the open file, binary, readable and writable.
    """

    def __init__(self, folder: Tree | str | Path, inside: str = "") -> None:
        self._tree = as_tree(folder)
        self._inside = inside
        self._name, self.file = self._new_file()
        while not self._keep():  # swept before it was locked
            self.file.close()
            self._name, self.file = self._new_file()
        self._live = True

    @property
    def path(self) -> Path:
        """See the class."""
        return Path(self._name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Append `piece`.

        Raises:
            StorageError: the disk is full or fails.
        """
        with storage_errors(self._name):
            for stride in in_strides(piece):
                self.file.write(stride)

    def commit(
        self,
        target: str | Path,
        *,
        mtime: float | None = None,
        mode: int = 0o600,
        durable: bool = True,
    ) -> None:
        """Give the file its final name, replacing any existing file.

        Args:
            target: the final name: a path in the folder that the user named, or a name in the
                tree.
            mtime: modification time to set, in seconds since 1970 UTC.
            mode: permissions; by default, only the owner can read the file.
            durable: flush file and folder to the disk. For thousands of small files, pass
                False and call :func:`flush_folders` before recording them.
        """
        name = _name_of(target)
        if mode != 0o600:
            with storage_errors(self._name):
                os.chmod(self.file.fileno() if FD_MODES else self._name, mode)
        self.close(mtime=mtime, durable=durable)
        move_into_place(self._name, name, self._tree)
        self._live = False
        if durable:
            with storage_errors(self._tree.shown(name)):
                self._tree.sync_folder(os.path.dirname(self._tree.path(name)))

    def close(self, *, mtime: float | None = None, durable: bool = False) -> None:
        """Close the file, which keeps its temporary name and is still removed on exit."""
        with storage_errors(self._name):
            self.file.flush()
            if durable:
                os.fsync(self.file.fileno())
            self.file.close()
            if mtime is not None:
                self._tree.set_time(self._name, mtime)

    def detach(self) -> str:
        """Return the path of the closed temporary file, which the caller now owns."""
        self._live = False
        return self._name

    def discard(self) -> None:
        """Remove the temporary file, unless it was committed."""
        if not self._live:
            return
        self._live = False
        with suppress(OSError):  # a full disk refuses the rest of the buffer
            self.file.close()
        with storage_errors(self._name):
            self._tree.unlink(self._name)

    def _new_file(self) -> tuple[str, IO[bytes]]:
        name, handle = new_file(self._tree, self._inside)
        return name, os.fdopen(handle, "w+b")

    def _keep(self) -> bool:
        """Lock a new file against another run's :func:`sweep`; False if that removed it first."""
        held = lock_draft(self.file.fileno())
        return held is None or (held and self._tree.lexists(self._name))


def move_into_place(draft: str, target: str, tree: Tree) -> None:
    """Rename a finished temporary file to its final name, replacing an existing file.

    Args:
        draft: the temporary file, in `tree`.
        target: the final name, in `tree`; its folder is created if it does not exist.
        tree: the tree.

    Raises:
        StorageError: the file cannot be renamed, or the existing target is not a regular file.
    """
    try:
        try:
            _refuse_device(tree, target)
            tree.replace(draft, target)
        except FileNotFoundError:
            tree.make_folder(os.path.dirname(tree.path(target)))
            tree.replace(draft, target)
    except OSError as error:
        raise explain(error, tree.shown(target)) from error


def refuse_device(target: str | Path) -> None:
    """Refuse to replace a device, a pipe or a socket that the user named.

    Otherwise, writing to ``/dev/null`` as root would replace the device with a regular file.

    Raises:
        StorageError: `target` exists and is neither a file nor a folder.
    """
    with suppress(OSError):  # it does not exist, or writing will report the error
        _refuse_kind(os.stat(target).st_mode, target)


def write_file(
    target: str | Path,
    data: bytes,
    *,
    tree: Tree | None = None,
    mode: int = 0o600,
    mtime: float | None = None,
    durable: bool = True,
) -> None:
    """Write `data` to `target` completely, or not at all.

    Args:
        target: a path that the user named, or a name in `tree`.
        data: the content.
        tree: the tree that the file is in.
        mode: see :meth:`Draft.commit`.
        mtime: see :meth:`Draft.commit`.
        durable: see :meth:`Draft.commit`.

    Raises:
        StorageError: the file cannot be written.
    """
    if tree is None:
        refuse_device(target)
        target = Path(target)
    inside = "" if tree is None else os.path.dirname(target)
    with Draft(tree or Path(target).parent, inside) as draft:
        with storage_errors(target):
            draft.file.write(data)
        draft.commit(target, mode=mode, mtime=mtime, durable=durable)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Create `folder`, which the user named, and its parents.

    Raises:
        StorageError: there is a file of that name, or the folder cannot be created.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=mode)


def in_strides(piece: bytes | bytearray | memoryview) -> Iterator[memoryview]:
    """Split `piece` into blocks of :data:`STRIDE` bytes.

    Measured on Linux 6.18 with ext4: one write of 1 MiB takes ten times as long as four of
    256 KiB.
    """
    view = memoryview(piece)
    for start in range(0, len(view), STRIDE):
        yield view[start : start + STRIDE]


def flush_folders(folder: Tree | str | Path) -> None:
    """Flush the whole file system of `folder` to the disk."""
    as_tree(folder).sync_disk()


def new_file(tree: Tree, inside: str) -> tuple[str, int]:
    """Create a temporary file (mode 0600) in the folder `inside` of `tree`, and that folder if
    necessary.

    Returns:
        Its absolute path and its descriptor.
    """
    name = f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}{TEMPORARY_SUFFIX}"
    name = tree.path(f"{inside}/{name}" if inside else name)
    with storage_errors(name):
        try:
            return name, tree.create(name)
        except FileNotFoundError:
            tree.make_folder(inside)
            return name, tree.create(name)


def _name_of(target: str | Path) -> str:
    return target if isinstance(target, str) else str(target.absolute())


def _refuse_device(tree: Tree, target: str) -> None:
    try:
        mode = tree.lstat(target).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISLNK(mode):
        _refuse_kind(mode, tree.shown(target))


def _refuse_kind(mode: int, target: str | Path) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise StorageError(
            f"'{target}' is not a regular file, and writing to it would replace it",
            hint="choose another target",
        )
