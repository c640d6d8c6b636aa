"""Whether the disk has room, asked before anything is fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.disk import storage_errors

SPARE = 16 << 20
"""Bytes to leave free whatever happens."""


def require_free_space(folder: Path, needed: int) -> None:
    """Refuse to begin what cannot end.

    Args:
        folder: where it will lie; it need not be there yet.
        needed: bytes.

    Raises:
        StorageError: the disk has not so many bytes free.
    """
    there = folder.absolute()
    while not there.is_dir() and there != there.parent:
        there = there.parent
    with storage_errors(there):
        free = shutil.disk_usage(there).free
    if needed > 0 and needed + SPARE > free:
        raise StorageError(
            f"not enough room in {folder}: {_mebibytes(needed)} needed, {_mebibytes(free)} free",
            hint="free some space, choose another folder, or fetch less with --only or --include",
        )


def _mebibytes(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
