"""Databases that a run reads but does not keep, because it restores only a part of the backup."""

from __future__ import annotations

from pathlib import Path

from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.storage.tree import Tree

_FOLDER = f"{STATE_FOLDER}/databases"


class ScratchDatabases:
    """Decrypted databases in an archive's state folder. They are removed at the end of the run or,
    if it was killed, at the beginning of the next one.

    Args:
        tree: the archive's folder.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def place(self, draft: str, name: str) -> None:
        """Move the finished temporary file `draft` here as the database `name`.

        Raises:
            StorageError: the disk is full or read-only.
        """
        with storage_errors(self._tree.shown(_FOLDER)):
            self._tree.make_folder(_FOLDER)
            self._tree.replace(draft, f"{_FOLDER}/{name}")

    def get(self, name: str) -> Path | None:
        """The database `name`, if this run has it."""
        path = f"{_FOLDER}/{name}"
        return Path(self._tree.path(path)) if self._tree.is_file(path) else None

    def clear(self) -> None:
        """Remove all these databases."""
        self._tree.remove_folder(_FOLDER)
