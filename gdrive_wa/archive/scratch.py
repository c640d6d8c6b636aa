"""Databases that a run reads and does not keep, because it restores only a part of the backup."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import make_folder
from gdrive_wa.storage.manifest import STATE_FOLDER

_FOLDER = "databases"


class ScratchDatabases:
    """Decrypted databases in an archive's state folder, removed at the end of the run; those of
    a run that was killed, at the beginning of the next one.

    Args:
        archive: the archive's folder.
    """

    def __init__(self, archive: Path) -> None:
        self._folder = archive / STATE_FOLDER / _FOLDER

    def place(self, draft: str, name: str) -> None:
        """Move the finished temporary file `draft` here as the database `name`.

        Raises:
            StorageError: the disk is full or read-only.
        """
        make_folder(self._folder, mode=0o700)
        with storage_errors(self._folder):
            Path(draft).replace(self._folder / name)

    def get(self, name: str) -> Path | None:
        """The database `name`, if this run has it."""
        path = self._folder / name
        return path if path.is_file() else None

    def clear(self) -> None:
        """Remove all of them."""
        if self._folder.is_symlink():
            return
        with storage_errors(self._folder), suppress(FileNotFoundError):
            shutil.rmtree(self._folder)
