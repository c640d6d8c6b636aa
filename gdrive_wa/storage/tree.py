"""A folder that this program writes to, and everything below it, without following links.

Anyone with write access to such a folder may put links, pipes and devices into it, even during a
run. So all packages open, create, rename, list and delete below it through a :class:`Tree`. The
folder itself, and those above it, may be links made by the user.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from gdrive_wa.core.plain_file import NO_LINK, SAFE, NotPlainError, opened_plain, require_plain
from gdrive_wa.storage import open_folders
from gdrive_wa.storage.open_folders import OpenFolders, Place, require_root

_FOLLOWS = os.utime not in os.supports_follow_symlinks
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFE


class Tree:
    """A folder and everything below it. Thread-safe.

    Paths are texts: relative to the folder with ``/`` between the parts, or absolute. All methods
    raise ``OSError``, and :class:`~gdrive_wa.core.plain_file.NotPlainError` for a link, a pipe or
    a device in the place of a file or folder; :mod:`gdrive_wa.storage.disk` explains them.

    Args:
        root: the folder, which need not exist yet. It may be a link.
        above: the tree that contains `root`. If this is given, `root` must not be a link.

    Attributes:
        root: absolute path of the folder.
    """

    def __init__(self, root: str | Path, *, above: Tree | None = None) -> None:
        self.root = str(Path(root).absolute())
        self._shown = str(root) if above is None else above.shown(self.root)
        self._above = above
        self._prefix = self.root if self.root.endswith(os.sep) else self.root + os.sep
        parent = None if above is None else above.place_of(self.root)
        self._folders: OpenFolders = OpenFolders(self.root, self._shown, parent)
        self._reach = self._folders.reach

    def __repr__(self) -> str:
        return f"Tree({self._shown!r})"

    @property
    def uses_descriptors(self) -> bool:
        """True if folders are opened relative to each other; False if names are checked instead."""
        return open_folders.BY_DESCRIPTOR

    def below(self, name: str) -> Tree:
        """The tree of the folder `name`, which need not exist yet."""
        return Tree(self.path(name), above=self)

    def shown(self, name: str) -> str:
        """The path of `name` for messages: absolute only if the folder's path is."""
        return os.path.join(self._shown, self._relative(name)).rstrip("/") or "/"

    def path(self, name: str) -> str:
        """The absolute path of `name`."""
        return self._prefix + self._relative(name)

    def place_of(self, path: str) -> tuple[OpenFolders, str]:
        """The open folders of this tree, and `path` relative to the tree's folder."""
        return self._folders, self._relative(path)

    def holds(self, path: str) -> bool:
        """True if the absolute path `path` is below the folder."""
        return path.startswith(self._prefix)

    def create(self, name: str) -> int:
        """Create the file `name` (mode 0600), which must not exist; return its descriptor."""
        place = self._at(name)
        return os.open(place.name, _NEW, 0o600, dir_fd=place.at.fd)

    def open(
        self, name: str, flags: int = os.O_RDONLY, mode: str = "rb", *, buffering: int = 0
    ) -> IO[bytes]:
        """Open the regular file `name`; a new one has the mode 0600.

        Args:
            name: name of the file.
            flags: as for ``os.open``.
            mode: as for ``os.fdopen``.
            buffering: as for ``os.fdopen``.
        """
        place, shown = self._at(name), self.shown(name)
        there = None
        with suppress(FileNotFoundError):
            there = _stat(place)
            require_plain(there, shown)
        try:
            handle = os.open(place.name, flags | SAFE, 0o600, dir_fd=place.at.fd)
        except OSError as error:
            raise OSError(error.errno, error.strerror, shown) from None
        file = opened_plain(handle, shown, mode, buffering)
        if not NO_LINK and there and not os.path.samestat(there, os.fstat(file.fileno())):
            file.close()
            raise NotPlainError(shown, "a symbolic link")
        return file

    def read(self, name: str) -> bytes:
        """The content of the regular file `name`."""
        with self.open(name) as file:
            return file.read()

    def sha256(self, name: str) -> str:
        """SHA-256 of the regular file `name`, hex."""
        with self.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

    def lstat(self, name: str) -> os.stat_result:
        """Size, time and kind of `name`, which may be anything."""
        return _stat(self._at(name))

    def is_file(self, name: str) -> bool:
        """True if `name` is a regular file that can be reached."""
        return self._kind(name) == stat.S_IFREG

    def is_folder(self, name: str) -> bool:
        """True if `name` is a folder that can be reached."""
        return self._kind(name) == stat.S_IFDIR

    def lexists(self, name: str) -> bool:
        """True if there is anything at `name`; raises ``NotPlainError`` only."""
        try:
            self.lstat(name)
        except NotPlainError:
            raise
        except OSError:
            return False
        return True

    def check(self, name: str) -> None:
        """Check that `name`, if it exists, and its parent folders are neither links nor devices."""
        with suppress(FileNotFoundError):
            require_plain(self.lstat(name), self.shown(name))

    def check_folder(self, name: str) -> None:
        """Check that no link and no device is in the place of the folder `name` or one above it."""
        try:
            self._folders.folder(self._relative(name))
        except NotPlainError:
            raise
        except OSError:  # it does not exist, or writing will report the error
            return

    def check_inside(self, folder: str) -> None:
        """Check that `folder` holds regular files and folders only."""
        self.check_folder(folder)
        for name in self.names(folder):
            self.check(f"{folder}/{name}")

    def names(self, folder: str = "") -> list[str]:
        """The names in `folder`, in no particular order; empty if the folder does not exist."""
        try:
            at = self._folders.folder(self._relative(folder))
        except FileNotFoundError:
            return []
        return os.listdir(self.path(folder) if at.fd is None else at.fd)

    def files(self, folder: str = "") -> set[str]:
        """The names of the regular files in `folder`; empty if it cannot be reached."""
        try:
            at = self._folders.folder(self._relative(folder))
            with os.scandir(self.path(folder) if at.fd is None else at.fd) as found:
                return {each.name for each in found if each.is_file(follow_symlinks=False)}
        except OSError:
            return set()

    def walk(self, *, without: str | None = None) -> Iterator[str]:
        """Every path that is not a folder, in no particular order; links are not followed.

        Args:
            without: a folder to leave out.
        """
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            for name in self.names(folder):
                path = f"{folder}/{name}" if folder else name
                if not self.is_folder(path):
                    yield path
                elif path != without:
                    waiting.append(path)

    def make_folder(self, name: str = "") -> None:
        """Create the folder `name` and those above it, readable by their owner only."""
        self._folders.drop()
        if self._above is not None:
            self._above.make_folder(self.root)
        else:
            require_root(self.root)
        path = self._relative(name)
        parts = path.split("/") if path else []
        for count in range(1, len(parts) + 1):
            place = self._reach("/".join(parts[:count]))
            with suppress(FileExistsError):
                os.mkdir(place.name, 0o700, dir_fd=place.at.fd)
        self._folders.folder(path)

    def replace(self, source: str, target: str) -> None:
        """Rename `source` to `target`, replacing a file or a link that is there."""
        old, new = self._at(source), self._at(target)
        os.replace(old.name, new.name, src_dir_fd=old.at.fd, dst_dir_fd=new.at.fd)

    def unlink(self, name: str) -> None:
        """Delete the file or link `name`, if it exists."""
        with suppress(FileNotFoundError):
            place = self._at(name)
            os.unlink(place.name, dir_fd=place.at.fd)

    def remove_folder(self, name: str) -> None:
        """Delete the folder `name` and its content, as far as possible."""
        with suppress(OSError):
            place = self._at(name)
            shutil.rmtree(place.name, ignore_errors=True, dir_fd=place.at.fd)

    def remove_empty(self) -> None:
        """Delete the folder itself, if it is empty and not a link."""
        with suppress(OSError):
            os.rmdir(self.root)

    def set_time(self, name: str, seconds: float) -> None:
        """Set the modification time of `name`, in seconds since 1970 UTC."""
        place = self._at(name)
        times = (seconds, seconds)
        os.utime(place.name, times, dir_fd=place.at.fd, follow_symlinks=_FOLLOWS)

    def set_time_ns(self, name: str, nanoseconds: int) -> None:
        """Set the modification time of `name`, in nanoseconds since 1970 UTC."""
        place = self._at(name)
        times = (nanoseconds, nanoseconds)
        os.utime(place.name, ns=times, dir_fd=place.at.fd, follow_symlinks=_FOLLOWS)

    def sync_folder(self, name: str = "") -> None:
        """Flush the names in the folder `name` to the disk, if the system supports it."""
        fd = self._folders.folder(self._relative(name)).fd
        if fd is not None:
            os.fsync(fd)

    def sync_disk(self) -> None:
        """Flush the whole file system of the folder to the disk."""
        fd = self._folders.folder("").fd
        if sys.platform == "linux" and fd is not None:
            import ctypes  # noqa: PLC0415 - only where syncfs exists, only when asked

            ctypes.CDLL(None, use_errno=True).syncfs(fd)
        elif hasattr(os, "sync"):
            os.sync()

    def _at(self, name: str) -> Place:
        return self._reach(self._relative(name))

    def _relative(self, name: str) -> str:
        if name.startswith(self._prefix):
            name = name[len(self._prefix) :]
        elif name == self.root:
            return ""
        return name.replace(os.sep, "/") if os.sep != "/" else name

    def _kind(self, name: str) -> int:
        try:
            found = self.lstat(name) if self._relative(name) else os.stat(self.root)
        except OSError:
            return 0
        return stat.S_IFMT(found.st_mode)


def as_tree(folder: Tree | str | Path) -> Tree:
    """The tree of a folder that the user named, or the tree itself."""
    return folder if isinstance(folder, Tree) else Tree(folder)


def _stat(place: Place) -> os.stat_result:
    return os.stat(place.name, dir_fd=place.at.fd, follow_symlinks=False)
