"""List folders that may be unreadable, or that may be deleted in the meantime.

Only a missing folder counts as empty. Any other error of the system could hide voice notes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.limits import limit_reached
from gdrive_wa.storage.disk import too_many_open

GONE = (FileNotFoundError, NotADirectoryError)
"""Errors for a file or a folder that does not exist, or no longer exists."""

Refused = Callable[[str], None]
"""Receives the path of an unreadable folder."""


def is_readable_folder(folder: Path) -> bool:
    """True for a folder that this user may access."""
    try:
        return folder.is_dir()
    except OSError:  # no permission
        return False


def subfolders(folder: Path, refused: Refused | None = None) -> list[Path]:
    """The folders in `folder`, by name, without links. See :func:`scan`."""
    return [folder / child.name for child in scan(str(folder), refused) if is_folder(child)]


def is_folder(child: os.DirEntry[str]) -> bool:
    """True for a folder, which is not a link.

    Raises:
        StorageError: the disk fails.
    """
    try:
        return child.is_dir(follow_symlinks=False)
    except (*GONE, PermissionError):
        return False
    except OSError as error:
        raise unreadable(child.path, error) from error


def scan(folder: str, refused: Refused | None = None) -> list[os.DirEntry[str]]:
    """The content of `folder`, by name; empty if it is gone. See :func:`scan_each`."""
    return sorted(scan_each(folder, refused), key=lambda child: child.name)


def scan_each(folder: str, refused: Refused | None = None) -> Iterator[os.DirEntry[str]]:
    """The content of `folder`, one by one and in no particular order; nothing if it is gone.

    Args:
        folder: the folder to list.
        refused: called for a folder that this user may not read, which counts as empty. Without
            it, such a folder is not reported.

    Raises:
        StorageError: too many files are open, or the disk fails.
    """
    try:
        with os.scandir(folder) as children:
            yield from children
    except GONE:
        return
    except PermissionError:
        if refused is not None:
            refused(folder)
    except OSError as error:
        raise unreadable(folder, error) from error


def unreadable(path: str, error: OSError) -> StorageError:
    """The error for a folder, or a file in it, that cannot be read for reason `error`."""
    if limit_reached(error) is not None:
        return too_many_open(path)
    reason = (error.strerror or "the disk fails").lower()
    return StorageError(
        f"cannot read '{path}': {reason}",
        hint="check the disk, or connect the phone again; copy the folder elsewhere, and give that",
    )


def has_names(folder: str, count: int) -> bool:
    """True if there are at least `count` names in and below `folder`, without following links, and
    without folders that cannot be read. It reads at most `count` names.
    """
    waiting = [folder]
    while waiting:
        with suppress(StorageError):  # the listing reports it, if it needs the folder
            for child in scan_each(waiting.pop(), lambda _: None):
                count -= 1
                if count <= 0:
                    return True
                if is_folder(child):
                    waiting.append(child.path)
    return False
