"""Check for enough free disk space before fetching anything."""

from __future__ import annotations

import shutil
from pathlib import Path

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.disk import storage_errors

SPARE = 16 << 20
"""Bytes to always leave free."""


def require_free_space(folder: Path, needed: int) -> None:
    """Check that the disk of `folder` has enough free space.

    Args:
        folder: the target folder; it need not exist yet.
        needed: number of bytes.

    Raises:
        StorageError: the disk has too little free space.
    """
    there = folder.absolute()
    while not there.is_dir() and there != there.parent:
        there = there.parent
    with storage_errors(there):
        free = shutil.disk_usage(there).free
    if needed > 0 and needed + SPARE > free:
        raise StorageError(
            f"not enough free space in '{folder}': {_mebibytes(needed)} needed,"
            f" {_mebibytes(free)} free",
            hint="free some space, choose another folder, or fetch less with --only or --include",
        )


def _mebibytes(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
