"""Google's backup service: where phones put their backups today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from gdrive_wa.core.errors import NetworkError, UnsafeNameError
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.names import whole_text
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.retry import LoginNotAllowedError
from gdrive_wa.http.session import Session
from gdrive_wa.sources.base import BlobStream
from gdrive_wa.sources.fields import (
    LONG_AGO,
    parse_md5,
    parse_moment,
    parse_object,
    parse_size,
    parse_text,
)

PAGE_SIZE = 1000
_NOT_ALLOWED_HINTS = (
    "this service accepts WhatsApp, but not an OAuth client of your own",
    "sign in like a phone: gdrive-wa login --provider android --account you@example.com",
    "or use a copy in your Drive (--source drive) or on this machine (--folder PATH)",
)
_SECRETS = (
    ("passkeyEncryptionMetadata", "passkey"),
    ("isPasswordEncrypted", "password"),
    ("isEncryptionKeyEncrypted", "key"),
)


class BackupService:
    """The backups of the account that `session` is signed in as."""

    name = "backup"

    def __init__(self, session: Session, endpoints: Endpoints) -> None:
        self._session = session
        self._root = endpoints.backup

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        try:
            items = list(
                self._pages(f"{self._root}/clients/wa/backups", "backups", "the list of backups")
            )
        except LoginNotAllowedError as error:
            raise LoginNotAllowedError(
                error.message, hint=(*error.hints, *_NOT_ALLOWED_HINTS)
            ) from error
        found: dict[str, Backup] = {}
        for item in items:
            backup = _backup(item)
            old = found.get(backup.name)
            if old is None or (backup.updated or LONG_AGO) >= (old.updated or LONG_AGO):
                found[backup.name] = backup
        return sorted(found.values(), key=lambda backup: backup.updated or LONG_AGO, reverse=True)

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        A listing that changes while it is read may contain an entry twice, and the newer one
        counts. So nothing is yielded before the last page has been read.
        """
        url = f"{self._root}/{quote(backup.name)}/files"
        found: dict[str, Entry] = {}
        for item in self._pages(url, "files", "the list of files", pageSize=PAGE_SIZE):
            entry = _entry(item, backup.name)
            old = found.get(entry.stored_as)
            if old is None or (entry.modified or LONG_AGO) >= (old.modified or LONG_AGO):
                found[entry.stored_as] = entry
        yield from found.values()

    def state(self, backup: Backup) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: it is not known without a listing."""

    def path_of(self, entry: Entry) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: entries have to be fetched."""

    def open(self, entry: Entry, *, offset: int = 0) -> BlobStream:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        try:
            url = f"{self._root}/{quote(entry.locator, safe='/')}?alt=media"
        except UnicodeEncodeError as error:
            raise UnsafeNameError(
                f"the stored name '{entry.stored_as}' is not text, so it cannot be asked for"
            ) from error
        return self._session.stream(url, offset=offset, what=entry.stored_as)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _pages(self, url: str, items: str, what: str, **params: object) -> Iterator[dict[str, Any]]:
        token = ""
        seen: set[str] = set()
        while True:
            asked = {**params, **({"pageToken": token} if token else {})}
            page = self._session.get_json(url, asked, what=what)
            found = page.get(items) or []
            if not isinstance(found, list):
                raise NetworkError(f"Google's answer for {what} cannot be read")
            for item in found:
                if isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]:
                    yield item
            token = parse_text(page.get("nextPageToken")) or ""
            if not token:
                return
            if token in seen:
                raise NetworkError(f"Google sends the same page of {what} again and again")
            seen.add(token)


def _backup(item: dict[str, Any]) -> Backup:
    metadata = parse_object(item.get("metadata"))
    secret = metadata.get("encryptedBackupMetadata")
    encrypted = metadata.get("encryptedBackupEnabled")
    sealed = metadata.get("encryptedData")
    version = metadata.get("versionOfAppWhenBackup")
    end_to_end = encrypted in (True, "true") if encrypted is not None else None
    if end_to_end is None and (sealed or secret):
        end_to_end = True
    return Backup(
        name=whole_text(item["name"]),
        account=whole_text(item["name"]).rsplit("/", 1)[-1],
        updated=parse_moment(item.get("updateTime")),
        size=parse_size(item.get("sizeBytes") or metadata.get("backupSize")),
        encrypted=end_to_end,
        key_type=_key_type(secret) if end_to_end else (None if end_to_end is None else "server"),
        app_version=parse_text(version) or (str(version) if isinstance(version, int) else None),
        uploading=bool(item.get("activeTransactionId")),
        sealed=parse_text(sealed),
    )


def _key_type(secret: object) -> str | None:
    fields = parse_object(secret)
    for name, kind in _SECRETS:
        if fields.get(name):
            return kind
    return None


def _entry(item: dict[str, Any], backup: str) -> Entry:
    stored_as = whole_text(item["name"]).removeprefix(f"{backup}/files/")
    modified = parse_moment(item.get("updateTime"))
    return Entry(
        stored_as=stored_as,
        path=stored_as,
        locator=item["name"],
        size=parse_size(item.get("sizeBytes")),
        md5=parse_md5(item.get("md5Hash")),
        modified=modified,
        revision=modified.isoformat() if modified else None,
        envelope=parse_text(item.get("metadata")),
        backup=backup.rsplit("/", 1)[-1],
    )
