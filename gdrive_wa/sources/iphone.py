"""An iPhone's local backup, made by Finder or iTunes, with or without a passphrase.

Each file is named by a hash; ``Manifest.db`` maps hashes to paths. WhatsApp's files are one domain
(WhatsApp Business has another), and each domain is a backup of its own here. The write-ahead log
of a database (``-wal``) is part of it, so a copy with the log merged is returned. From the app's
preferences, only the owner's number and name are read. Nothing in the folder is changed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gdrive_wa.core.errors import DamagedError, DatabaseError, GoneError
from gdrive_wa.core.model import Backup, Entry, Secret
from gdrive_wa.core.moments import EPOCH, moment_at
from gdrive_wa.sources.fields import LONG_AGO
from gdrive_wa.sources.file_blob import FileBlob
from gdrive_wa.sources.iphone_checks import (
    COPY_AGAIN,
    MANIFEST,
    PROPERTIES,
    WITHOUT_WHATSAPP,
    backup_folders,
    facts,
    stored_file,
)
from gdrive_wa.sources.iphone_files import DeferredWarnings, copy_database, decrypt, unlock
from gdrive_wa.sources.plist import LARGEST_PLIST, read_plist, text_in
from gdrive_wa.storage.untrusted_database import read_table

if TYPE_CHECKING:
    from iphone_backup_decrypt import EncryptedBackup

DOMAINS = {
    "AppDomainGroup-group.net.whatsapp.WhatsApp.shared": "WhatsApp",
    "AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared": "WhatsApp Business",
}
DATABASES = ("ChatStorage.sqlite", "ContactsV2.sqlite", "LID.sqlite", "AddressBook.sqlitedb")
"""The chats, WhatsApp's copy of the address book, the numbers of hidden ids, and the iPhone's own
address book."""
MEDIA = "Message/"
_BOOK_DOMAIN = "HomeDomain"
_BOOK_FOLDER = "Library/AddressBook/"
_PREFERENCES = "Library/Preferences/{}.plist"
_NUMBER = re.compile(r"(\d{5,15})(?:@s\.whatsapp\.net)?")
_FILE_ID = re.compile(r"[0-9a-f]{40}")
_BOOK = f"{_BOOK_FOLDER}AddressBook.sqlitedb"
_COLUMNS = ("fileID", "domain", "relativePath", "file")
_WANTED: dict[str, tuple[str | int, ...]] = {"flags": (1,), "domain": (*DOMAINS, _BOOK_DOMAIN)}


def is_iphone(path: Path) -> bool:
    """True if `path` is an iPhone's local backup, or a folder of such backups."""
    return bool(backup_folders(path))


def is_locked(path: Path) -> bool:
    """True if a backup at `path` is locked with a passphrase."""
    return any(_properties(folder).get("IsEncrypted") is True for folder in backup_folders(path))


class IPhone:
    """The WhatsApp backups in an iPhone backup, or in a folder of several. Other apps are ignored.

    Args:
        path: the folder that contains ``Manifest.db``, or its parent folder.
        passphrase: for a locked backup, as chosen in Finder or iTunes.

    Attributes:
        given: the argument `path`.

    Raises:
        MissingKeyError: the backup is locked, and no passphrase was given.
        UsageError: the backup is locked, and the library to open it is not installed.
        WrongKeyError: the passphrase does not open the backup.
        DamagedError: the backup's list of files cannot be read.
    """

    name = "folder"
    when_empty = ("this iPhone backup does not contain WhatsApp", WITHOUT_WHATSAPP)
    """The error for a backup of a phone without WhatsApp: a message, and hints."""
    without_chats = (DATABASES[0], COPY_AGAIN)
    """The database that a backup without chats lacks, and hints."""

    def __init__(self, path: Path, passphrase: Secret | None = None) -> None:
        self.given = path
        self._scratch = tempfile.TemporaryDirectory(prefix="gdrive-wa-")
        warnings = DeferredWarnings()
        self.listen = warnings.listen
        try:
            self._phones = {
                folder: _Phone(folder, passphrase, Path(self._scratch.name) / str(number), warnings)
                for number, folder in enumerate(backup_folders(path))
            }
        except BaseException:
            self._scratch.cleanup()
            raise

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        found = [
            Backup(
                name=f"{folder}#{domain}",
                account=phone.number(domain) or shown,
                owner=phone.owner(domain),
                updated=phone.updated,
                size=sum(stored.size or 0 for stored in phone.stored(domain)),
            )
            for folder, phone in self._phones.items()
            for domain, shown in DOMAINS.items()
            if phone.stored(domain)
        ]
        return sorted(found, key=lambda backup: backup.updated or LONG_AGO, reverse=True)

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        folder, _, domain = backup.name.rpartition("#")
        phone = self._phones.get(Path(folder))
        if phone is None:
            return
        for stored in phone.stored(domain):
            yield Entry(
                stored_as=stored.path,
                path=stored.path,
                locator=f"{folder}\0{domain}\0{stored.path}",
                size=None if phone.rewrites(stored.path) else stored.size,
                modified=stored.modified,
                revision=phone.revision(domain, stored),
            )

    def state(self, backup: Backup) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: it is not known without a listing."""

    def path_of(self, entry: Entry) -> str | None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        folder, domain, path = entry.locator.split("\0", 2)
        phone = self._phones[Path(folder)]
        if phone.rewrites(path):
            return None
        with contextlib.suppress(GoneError):  # open() raises it again
            return os.path.abspath(phone.readable(domain, path))
        return None

    def open(self, entry: Entry, *, offset: int = 0) -> FileBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        folder, domain, path = entry.locator.split("\0", 2)
        phone = self._phones[Path(folder)]
        made = phone.readable(domain, path)
        blob = FileBlob(made, offset)
        if phone.rewrites(path) and path not in DATABASES:
            with contextlib.suppress(OSError):  # on Windows, an open file is removed later
                made.unlink()
        return blob

    def close(self) -> None:
        """Remove the decrypted temporary files."""
        self._scratch.cleanup()


@dataclass(frozen=True, slots=True)
class _Stored:
    """A listed file of one domain; `size` and `modified` are those of the stored file. The file
    may be missing from the backup's folder: then opening it raises an error."""

    path: str
    file_id: str
    size: int | None
    modified: datetime
    file_plist: bytes


class _Phone:
    """One backup folder."""

    def __init__(
        self, folder: Path, passphrase: Secret | None, scratch: Path, warnings: DeferredWarnings
    ) -> None:
        self._folder = folder
        self._warnings = warnings
        self._scratch = scratch
        scratch.mkdir(mode=0o700)
        self.updated = moment_at((folder / MANIFEST).stat().st_mtime)
        self._locked: EncryptedBackup | None = None
        self._preferences_by_domain: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self._numbers = itertools.count()
        manifest = scratch / MANIFEST
        if _properties(folder).get("IsEncrypted") is True:
            self._locked = unlock(folder, passphrase, manifest)
        else:
            log = folder / f"{MANIFEST}-wal"
            copy_database(folder / MANIFEST, log, manifest, MANIFEST, warnings)
        self._files = self._read(manifest)

    def stored(self, domain: str) -> list[_Stored]:
        """The readable files of `domain`, by path."""
        files = self._files.get(domain, {})
        return [
            files[path] for path in sorted(files) if path in DATABASES or path.startswith(MEDIA)
        ]

    def rewrites(self, path: str) -> bool:
        """True if a file is not returned byte for byte as it is stored."""
        return self._locked is not None or path in DATABASES

    def revision(self, domain: str, stored: _Stored) -> str:
        """A mark that changes whenever `stored` or its write-ahead log changes."""
        parts = [stored]
        log = self._files[domain].get(f"{stored.path}-wal")
        if stored.path in DATABASES and log is not None:
            parts.append(log)
        return "-".join(f"{part.size}-{part.modified.timestamp()}" for part in parts)

    def readable(self, domain: str, path: str) -> Path:
        """A file with the content of `path`: the stored file, or a temporary copy."""
        files = self._files[domain]
        if path not in DATABASES:
            return self._content(files[path])
        target = self._scratch / f"{files[path].file_id}.merged"
        with self._lock:
            if not target.exists():
                log = files.get(f"{path}-wal")
                made = self._content(files[path])
                if log and log.size is None:
                    self._warnings.add(f"'{log.path}', with the newest changes, was not copied")
                found = self._content(log) if log and log.size else None
                copy_database(made, found, target, path, self._warnings)
        return target

    def number(self, domain: str) -> str | None:
        """The phone number of the account, as digits; None if the preferences do not contain it."""
        preferences = self._preferences(domain)
        for name in ("OwnJabberID", "LastOwnJabberID"):
            if found := _NUMBER.fullmatch(text_in(preferences, name)):
                return found.group(1)
        return None

    def owner(self, domain: str) -> str | None:
        """The owner's own name; None if the preferences do not contain it."""
        return text_in(self._preferences(domain), "FullUserName").strip() or None

    def _preferences(self, domain: str) -> dict[str, Any]:
        if domain not in self._preferences_by_domain:
            path = _PREFERENCES.format(domain.removeprefix("AppDomainGroup-"))
            stored = self._files[domain].get(path)
            self._preferences_by_domain[domain] = {}
            if stored is not None and (stored.size or 0) <= LARGEST_PLIST:
                with contextlib.suppress(DamagedError, GoneError):  # it only helps with names
                    self._preferences_by_domain[domain] = read_plist(self._content(stored))
        return self._preferences_by_domain[domain]

    def _content(self, stored: _Stored) -> Path:
        path = stored_file(self._folder, stored.file_id, stored.path)
        if self._locked is None:
            return path
        target = (
            self._scratch / f"{stored.file_id}-{next(self._numbers)}"
        )  # several threads may read it
        decrypt(self._locked, stored.file_plist, path, target)
        return target

    def _read(self, manifest: Path) -> dict[str, dict[str, _Stored]]:
        found: dict[str, dict[str, _Stored]] = {domain: {} for domain in (*DOMAINS, _BOOK_DOMAIN)}
        try:
            rows = list(read_table(manifest, "Files", _COLUMNS, _WANTED))
        except DatabaseError as error:
            raise DatabaseError(
                f"the list of files of the iPhone backup '{self._folder}' cannot be read:"
                f" {error.message}",
                hint=COPY_AGAIN,
            ) from error
        for file_id, domain, path, blob in rows:
            if domain not in found or not isinstance(path, str) or not path:
                continue
            if domain == _BOOK_DOMAIN and not path.startswith(_BOOK):
                continue
            if not isinstance(file_id, str) or not _FILE_ID.fullmatch(file_id):
                continue
            size, modified = facts(self._folder, file_id, self.updated or EPOCH)
            name = path.removeprefix(_BOOK_FOLDER) if domain == _BOOK_DOMAIN else path
            found[domain][name] = _Stored(name, file_id, size, modified, blob or b"")
        book = found.pop(_BOOK_DOMAIN)
        return {domain: {**book, **files} if files else {} for domain, files in found.items()}


def _properties(folder: Path) -> dict[str, Any]:
    return read_plist(folder / PROPERTIES)
