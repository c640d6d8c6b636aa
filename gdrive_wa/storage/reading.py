"""Open files of the user for reading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from gdrive_wa.core.errors import GdriveWaError, GoneError, UsageError
from gdrive_wa.core.limits import limit_reached
from gdrive_wa.core.plain_file import NotPlainError, open_plain


def open_source(path: str | Path) -> IO[bytes]:
    """Open a file that the user named.

    Raises:
        UsageError: the file cannot be read.
        StorageError: this process has reached a limit, such as that of open files.
    """
    try:
        return open_plain(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def open_listed(path: str) -> IO[bytes]:
    """Open a file from a listing, without a buffer.

    If a symbolic link, a pipe or a device has replaced the file since, it is not opened.

    Raises:
        GoneError: the file no longer exists or is no longer a regular file.
        UsageError: the file cannot be read.
        StorageError: as for :func:`open_source`.
    """
    try:
        return open_plain(path, follow=False, buffering=0)
    except FileNotFoundError as error:
        raise GoneError(f"'{os.path.basename(path)}' no longer exists") from error
    except (NotPlainError, IsADirectoryError) as error:
        raise GoneError(f"'{os.path.basename(path)}' is no longer a regular file") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: OSError) -> GdriveWaError:
    reason = (error.strerror or "it cannot be read").lower()
    return limit_reached(error) or UsageError(
        f"cannot read '{path}': {reason}",
        hint="check the path and your permission to read it",
    )
