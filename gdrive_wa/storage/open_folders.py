"""Open the folders below one folder, each relative to its parent, and never through a link.

On systems without ``openat`` and ``O_NOFOLLOW``, such as Windows, the names are checked instead.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from gdrive_wa.core.plain_file import NO_LINK, require_plain

BY_DESCRIPTOR = bool(NO_LINK) and {os.open, os.stat, os.unlink, os.mkdir, os.rename} <= (
    os.supports_dir_fd
)
"""True if this system can open names relative to an open folder."""
KEPT_OPEN = 64
"""Maximum number of folders kept open; fewer if the system allows few open files."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOT_HERE = frozenset({"", ".", ".."})
_NO_FOLDER = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)
"""Errors for opening a link or a file as a folder; EMLINK on FreeBSD."""


class OpenFolder:
    """An open folder. It is closed only when nothing refers to it, so that no thread loses it.

    Attributes:
        fd: the file descriptor; None if names are checked instead.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int | None) -> None:
        self.fd = fd

    def __del__(self, close=os.close) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        if self.fd is not None:
            close(self.fd)


_CHECKED = OpenFolder(None)


class Place(NamedTuple):
    """A name in an open folder.

    Attributes:
        name: name of the file or folder; its path if names are checked instead.
        at: the open folder.
    """

    name: str
    at: OpenFolder


class OpenFolders:
    """The folders below `root`, opened when needed; recent ones are kept open. Thread-safe.

    Args:
        root: the folder. It may be a link, which is resolved once.
        shown: path of the folder, for messages.
        above: the open folders that contain `root`, and its path there. If this is given, `root`
            must not be a link.
    """

    def __init__(self, root: str, shown: str, above: tuple[OpenFolders, str] | None = None) -> None:
        self._root = root
        self._shown = shown
        self._above = above
        self._base: OpenFolder | None = None
        self._open: dict[str, OpenFolder] = {}
        self._most = most_kept_open()

    def reach(self, path: str) -> Place:
        """The place of `path`, which is relative to the root.

        Raises:
            NotPlainError: a folder above it is a link, a pipe or a device.
            OSError: a folder above it does not exist or cannot be opened.
        """
        folder, _, name = path.rpartition("/")
        if name in _NOT_HERE:
            raise ValueError(f"not a path below a folder: {path!r}")
        at = self._open.get(folder)
        if at is None:
            at = self.folder(folder)
        return Place(name if at.fd is not None else self._path(path), at)

    def folder(self, path: str) -> OpenFolder:
        """The folder `path`. Raises the same errors as :meth:`reach`."""
        found = self._open.get(path)
        if found is not None:
            return found
        opened = self._opened(path) if BY_DESCRIPTOR else self._checked(path)
        while len(self._open) >= self._most:
            self._open.pop(next(iter(self._open.copy()), ""), None)
        self._open[path] = opened
        return opened

    def drop(self) -> None:
        """Close the folders that are kept open, because one of them may be gone."""
        self._open.clear()
        base = self._base
        if base is not None and base.fd is not None and not os.fstat(base.fd).st_nlink:
            self._base = None

    def _opened(self, path: str) -> OpenFolder:
        if not path:
            return self._opened_root()
        parent, _, name = path.rpartition("/")
        if name in _NOT_HERE:
            raise ValueError(f"not a path below a folder: {path!r}")
        above = self.folder(parent)
        try:
            return OpenFolder(os.open(name, _FOLDER | NO_LINK, dir_fd=above.fd))
        except OSError as error:
            shown = os.path.join(self._shown, path)
            if error.errno in _NO_FOLDER:
                require_plain(os.stat(name, dir_fd=above.fd, follow_symlinks=False), shown)
            raise OSError(error.errno, error.strerror, shown) from None

    def _opened_root(self) -> OpenFolder:
        """The root, opened once: a later replacement is ignored."""
        if self._base is None and self._above is not None:
            self._base = self._above[0].folder(self._above[1])
        elif self._base is None:
            self._base = OpenFolder(os.open(self._root, _FOLDER))
        return self._base

    def _checked(self, path: str) -> OpenFolder:
        """Check each name of `path`, on a system that cannot open names relative to a folder."""
        if self._above is not None:
            self._above[0].folder(self._above[1])
        parts = path.split("/") if path else []
        for count, part in enumerate(parts, start=1):
            if part in _NOT_HERE:
                raise ValueError(f"not a path below a folder: {path!r}")
            below = "/".join(parts[:count])
            shown = os.path.join(self._shown, below)
            found = os.lstat(self._path(below))
            require_plain(found, shown)
            if not stat.S_ISDIR(found.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder", shown)
        return _CHECKED

    def _path(self, path: str) -> str:
        return os.path.join(self._root, path)


def most_kept_open() -> int:
    """The number of folders to keep open, depending on the system's limit on open files."""
    if sys.platform == "win32":
        return KEPT_OPEN
    import resource  # noqa: PLC0415 - Unix only

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return KEPT_OPEN if limit < 0 else max(1, min(KEPT_OPEN, limit // 16))


def require_root(root: str) -> None:
    """Create the folder `root` and its parents, unless it exists."""
    Path(root).mkdir(mode=0o700, parents=True, exist_ok=True)
