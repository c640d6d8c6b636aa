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

from gdrive_wa.core.errors import DamagedError, DatabaseError, FormatError, GoneError
from gdrive_wa.core.model import Backup, Entry, Secret
from gdrive_wa.core.moments import EPOCH, moment_at
from gdrive_wa.sources.fields import LONG_AGO
from gdrive_wa.sources.file_blob import FileBlob
from gdrive_wa.sources.iphone_files import copy_database, decrypt, unlock
from gdrive_wa.sources.plist import LARGEST_PLIST, read_plist, text_in
from gdrive_wa.storage.untrusted_database import read_table

if TYPE_CHECKING:
    from iphone_backup_decrypt import EncryptedBackup

DOMAINS = {
    "AppDomainGroup-group.net.whatsapp.WhatsApp.shared": "WhatsApp",
    "AppDomainGroup-group.net.whatsapp.WhatsAppSMB.shared": "WhatsApp Business",
}
DATABASES = ("ChatStorage.sqlite", "ContactsV2.sqlite", "LID.sqlite")
"""The chats, the address book, and the numbers of hidden ids."""
MEDIA = "Message/"
ICLOUD = "ChatStorage.sqlite.enc"
_MANIFEST = "Manifest.db"
_PROPERTIES = "Manifest.plist"
_PREFERENCES = "Library/Preferences/{}.plist"
_NUMBER = re.compile(r"(\d{5,15})(?:@s\.whatsapp\.net)?")
_FILE_ID = re.compile(r"[0-9a-f]{40}")
_COLUMNS = ("fileID", "domain", "relativePath", "file")
_WANTED: dict[str, tuple[str | int, ...]] = {"flags": (1,), "domain": tuple(DOMAINS)}


def refuse_icloud(path: Path) -> None:
    """Refuse an iCloud backup.

    Raises:
        FormatError: `path` is one, or contains one.
    """
    if path.name == ICLOUD or _is_file(path / ICLOUD):
        raise FormatError(
            f"a backup in iCloud ({ICLOUD}) is not supported: its format is not known",
            hint="back up the iPhone to a computer with Finder or iTunes, and give that folder",
        )


def is_iphone(path: Path) -> bool:
    """True if `path` is an iPhone's local backup, or a folder of such backups."""
    return bool(_folders(path))


def is_locked(path: Path) -> bool:
    """True if a backup at `path` is locked with a passphrase."""
    return any(_properties(folder).get("IsEncrypted") is True for folder in _folders(path))


class IPhone:
    """The WhatsApp backups in an iPhone backup, or in a folder of them. Not for other apps.

    Args:
        path: the folder that contains ``Manifest.db``, or its parent folder.
        passphrase: for a locked backup, as chosen in Finder or iTunes.

    Raises:
        MissingKeyError: it is locked, and no passphrase was given.
        UsageError: it is locked, and the library to open it is not installed.
        WrongKeyError: the passphrase does not open it.
        DamagedError: its list of files cannot be read.
    """

    name = "folder"

    def __init__(self, path: Path, passphrase: Secret | None = None) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="gdrive-wa-")
        try:
            self._phones = {
                folder: _Phone(folder, passphrase, Path(self._scratch.name) / str(number))
                for number, folder in enumerate(_folders(path))
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
                size=sum(stored.size for stored in phone.stored(domain)),
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
        return None if phone.rewrites(path) else os.path.abspath(phone.readable(domain, path))

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
    """A file of one domain; `size` and `modified` are those of the stored file."""

    path: str
    file_id: str
    size: int
    modified: datetime
    file_plist: bytes


class _Phone:
    """One backup folder."""

    def __init__(self, folder: Path, passphrase: Secret | None, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        scratch.mkdir(mode=0o700)
        self.updated = moment_at((folder / _MANIFEST).stat().st_mtime)
        self._locked: EncryptedBackup | None = None
        self._preferences_by_domain: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self._numbers = itertools.count()
        manifest = scratch / _MANIFEST
        if _properties(folder).get("IsEncrypted") is True:
            self._locked = unlock(folder, passphrase, manifest)
        else:
            copy_database(folder / _MANIFEST, folder / f"{_MANIFEST}-wal", manifest)
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
                copy_database(made, self._content(log) if log else None, target)
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
            if stored is not None and stored.size <= LARGEST_PLIST:
                with contextlib.suppress(DamagedError, GoneError):  # it only helps with names
                    self._preferences_by_domain[domain] = read_plist(self._content(stored))
        return self._preferences_by_domain[domain]

    def _content(self, stored: _Stored) -> Path:
        path = self._folder / stored.file_id[:2] / stored.file_id
        if not _is_file(path):
            raise GoneError(f"'{stored.path}' is no longer there")
        if self._locked is None:
            return path
        target = (
            self._scratch / f"{stored.file_id}-{next(self._numbers)}"
        )  # several threads may read it
        decrypt(self._locked, stored.file_plist, path, target)
        return target

    def _read(self, manifest: Path) -> dict[str, dict[str, _Stored]]:
        found: dict[str, dict[str, _Stored]] = {domain: {} for domain in DOMAINS}
        try:
            rows = list(read_table(manifest, "Files", _COLUMNS, _WANTED))
        except DatabaseError as error:
            raise DatabaseError(
                f"the list of files of the iPhone backup '{self._folder}' cannot be read",
                hint="back up the iPhone again",
            ) from error
        for file_id, domain, path, blob in rows:
            if domain not in found or not isinstance(path, str) or not path:
                continue
            if not isinstance(file_id, str) or not _FILE_ID.fullmatch(file_id):
                continue
            try:
                info = (self._folder / file_id[:2] / file_id).lstat()
            except OSError:  # listed but missing: ignored
                continue
            modified = moment_at(info.st_mtime) or EPOCH
            found[domain][path] = _Stored(path, file_id, info.st_size, modified, blob or b"")
        return found


def _folders(path: Path) -> list[Path]:
    if _is_file(path / _MANIFEST):
        return [path]
    try:
        children = sorted(path.iterdir())
    except OSError:
        return []
    return [
        child for child in children if _is_file(child / _MANIFEST) and _is_file(child / _PROPERTIES)
    ]


def _is_file(path: Path) -> bool:
    """True if there is such a file, and it can be accessed."""
    try:
        return path.is_file()
    except OSError:
        return False


def _properties(folder: Path) -> dict[str, Any]:
    return read_plist(folder / _PROPERTIES)
