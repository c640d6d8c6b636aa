"""Open regular files only: never a pipe, a device or a socket, which could hang a run.

A link is followed only if the user named the path.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import IO

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
SAFE = NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
SAFE |= getattr(os, "O_CLOEXEC", 0)
"""Flags for opening a path that is not a link; opening a pipe never waits for its other end."""

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_TAGGED = hasattr(os.stat_result, "st_reparse_tag")
"""True on Windows only; asked once, since each file that is opened is looked at twice."""
_NAME_SURROGATE = 0x2000_0000
"""Bit of a Windows reparse tag: the entry stands for another one, as links and junctions do."""


class NotPlainError(OSError):
    """A link, a pipe, a device or a socket is in the place of a file or a folder.

    Attributes:
        filename: its path.
        strerror: what it is, as the end of a sentence that begins with its path.
        link: True for a link.
    """

    def __init__(self, filename: str, kind: str) -> None:
        self.link = kind == _KINDS[stat.S_IFLNK]
        reason = "which is not followed" if self.link else "not a regular file"
        number = errno.ELOOP if self.link else errno.EINVAL
        super().__init__(number, f"it is {kind}, {reason}", filename)


def is_link(found: os.stat_result) -> bool:
    """True if `found`, from ``lstat``, is a symbolic link or a junction of Windows."""
    if _TAGGED and getattr(found, "st_reparse_tag", 0) & _NAME_SURROGATE:
        return True
    return stat.S_ISLNK(found.st_mode)


def require_plain(found: os.stat_result, path: str) -> None:
    """Check that `found`, the ``lstat`` of `path`, is a regular file or a folder.

    Raises:
        NotPlainError: it is neither.
    """
    if is_link(found):
        raise NotPlainError(path, _KINDS[stat.S_IFLNK])
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise NotPlainError(path, _KINDS.get(stat.S_IFMT(found.st_mode), "a special file"))


def open_plain(
    path: str | os.PathLike[str], *, follow: bool = True, buffering: int = -1
) -> IO[bytes]:
    """Open a regular file for reading.

    Args:
        path: its path.
        follow: the path may be a link, because the user named it.
        buffering: as for ``open``.

    Raises:
        NotPlainError: it is a pipe, a device, a socket or, unless `follow`, a link.
        OSError: it cannot be opened.
    """
    shown = os.fspath(path)
    require_plain(os.stat(path, follow_symlinks=follow), shown)
    handle = os.open(path, os.O_RDONLY | (SAFE & ~NO_LINK if follow else SAFE))
    return opened_plain(handle, shown, "rb", buffering)


def read_plain(path: str | os.PathLike[str]) -> bytes:
    """The content of a regular file that the user named. Raises what :func:`open_plain` raises."""
    with open_plain(path) as file:
        return file.read()


def opened_plain(handle: int, path: str, mode: str, buffering: int = -1) -> IO[bytes]:
    """The file object of the descriptor `handle`, which is closed unless it is a regular file.

    Raises:
        NotPlainError, OSError: it is something else; `path` is for the message.
    """
    try:
        _require_file(os.fstat(handle), path)
        return os.fdopen(handle, mode, buffering)
    except BaseException:
        os.close(handle)
        raise


def _require_file(found: os.stat_result, path: str) -> None:
    require_plain(found, path)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
