"""Open files of the user for reading."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from gdrive_wa.core.errors import GoneError, UsageError

_PLAIN = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_NO_LINK = _PLAIN | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def open_source(path: str | Path) -> IO[bytes]:
    """Open a file that the user named.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return open(path, "rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def open_listed(path: str) -> IO[bytes]:
    """Open a file from a listing, without a buffer.

    If a symbolic link, a pipe or a device has replaced the file since, it is not opened.

    Raises:
        GoneError: the file no longer exists or is no longer a regular file.
        UsageError: the file cannot be read.
    """
    try:
        handle = os.open(path, _NO_LINK)
    except FileNotFoundError as error:
        raise GoneError(f"'{os.path.basename(path)}' no longer exists") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise GoneError(f"'{os.path.basename(path)}' is no longer a regular file")
    return os.fdopen(handle, "rb", 0)


def _unreadable(path: str | Path, error: OSError) -> UsageError:
    reason = (error.strerror or "it cannot be read").lower()
    return UsageError(
        f"cannot read '{path}': {reason}",
        hint="check the path and your permission to read it",
    )
