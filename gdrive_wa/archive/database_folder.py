"""Choose the folder for the databases of a backup; an archive may hold several phones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from gdrive_wa.archive.layout import DATABASES
from gdrive_wa.core.names import safe_name
from gdrive_wa.storage.manifest import Manifest, Record

CHATS = ("msgstore.db", "ChatStorage.sqlite")
"""The chat databases of Android and of the iPhone, which identify the account."""

SamePhone = Callable[[Path, Path], bool | None]
"""Compares two chat databases: True for the same account, False for another, None if unknown."""


class DatabaseFolder:
    """The folder of this run's databases.

    If the source does not report the account's number, the chats are compared instead, so that
    the databases of a second phone never replace those of the first.

    Args:
        manifest: the archive's open manifest.
        account: the account of this backup, if the source reports it.
        same_phone: compares a database in the archive with a new one.
    """

    def __init__(self, manifest: Manifest, account: str | None, same_phone: SamePhone) -> None:
        self._manifest = manifest
        self._account = account
        self._same_phone = same_phone
        self._decided: str | None = None

    def folder(self) -> str:
        """The folder's path, relative to the archive."""
        if self._decided is not None:
            return self._decided
        for record in self._manifest:
            place = PurePosixPath(record.path)
            if place.parts[0] == DATABASES and len(place.parts) == 2:
                if self._account is None or record.account in (None, self._account):
                    return DATABASES
                return f"{DATABASES}/{safe_name(self._account)}"
        return DATABASES

    def found(self, record: Record) -> None:
        """Use the folder of `record`, which belongs to this backup."""
        place = PurePosixPath(record.path)
        if place.name in CHATS and place.parts[0] == DATABASES:
            self._decided = place.parent.as_posix()

    def place(self, name: str, content: Path) -> str:
        """The path for the database `name` with the content of the file `content`."""
        if name in CHATS and self._decided is None:
            self._decided = self._choose(name, content)
        return f"{self.folder()}/{name}"

    def _choose(self, name: str, content: Path) -> str:
        taken = {
            PurePosixPath(record.path).parent.as_posix(): record.account
            for record in sorted(self._manifest, key=lambda record: record.path)
            if PurePosixPath(record.path).name == name and record.path.startswith(f"{DATABASES}/")
        }
        if not taken:
            return self.folder()
        if self._account is not None and self._account in taken.values():
            return next(folder for folder, account in taken.items() if account == self._account)
        same = {
            folder: self._same_phone(self._manifest.folder / folder / name, content)
            for folder, account in taken.items()
            if None in (account, self._account)
        }
        for likeness in (True, None):  # an unknown match counts only if there is no certain one
            for folder, found in same.items():
                if found is likeness:
                    return folder
        if self._account is not None:
            return f"{DATABASES}/{safe_name(self._account)}"
        folders = {PurePosixPath(record.path).parent.as_posix() for record in self._manifest}
        number = 2
        while f"{DATABASES}/phone {number}" in folders:
            number += 1
        return f"{DATABASES}/phone {number}"
