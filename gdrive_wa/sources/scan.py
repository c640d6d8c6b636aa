"""Look into folders that may be unreadable, or go away meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def is_readable_folder(folder: Path) -> bool:
    """True for a folder that may be looked into."""
    try:
        return folder.is_dir()
    except OSError:  # no permission
        return False


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, by name, without links."""
    return [folder / child.name for child in scan(str(folder)) if _is_folder(child)]


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return False


def scan_each(folder: str) -> Iterator[os.DirEntry[str]]:
    """The content of `folder`, in no order and never all at once; it ends early if the folder is
    gone or cannot be read."""
    with suppress(OSError), os.scandir(folder) as children:
        yield from children


def scan(folder: str) -> list[os.DirEntry[str]]:
    """The content of `folder`, by name; empty if it is gone or cannot be read."""
    try:
        with os.scandir(folder) as children:
            return sorted(children, key=lambda child: child.name)
    except OSError:
        return []
