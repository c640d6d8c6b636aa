"""Google's backup service: where phones put their backups today."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from gdrive_wa.core.errors import GoneError, NetworkError, UnsafeNameError
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.names import whole_text
from gdrive_wa.google.advice import Service
from gdrive_wa.google.answers import unreadable
from gdrive_wa.google.session import Session
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.base import WHEN_EMPTY, BlobStream
from gdrive_wa.sources.fields import (
    LONG_AGO,
    parse_envelope,
    parse_md5,
    parse_moment,
    parse_object,
    parse_size,
    parse_text,
)
from gdrive_wa.sources.locks import read_encryption
from gdrive_wa.sources.pages import PageGuard

PAGE_SIZE = 1000
MONTHS_KEPT = 5
"""Months after which Google may delete a WhatsApp backup that was not renewed; about five."""
DAYS_ACTIVE = 120
"""Days after which WhatsApp may deactivate an account that no phone uses."""


class BackupService:
    """The backups of the account that `session` is signed in as."""

    name = "backup"

    def __init__(self, session: Session, endpoints: Endpoints) -> None:
        session.service = Service.BACKUP
        self._session = session
        self._root = endpoints.backup
        self._uploading: set[str] = set()

    def listen(self, say: Callable[[str], None]) -> None:
        """See :class:`~gdrive_wa.sources.base.TalkingSource`."""
        self._session.say = say

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        url = f"{self._root}/clients/wa/backups"
        found: dict[str, Backup] = {}
        try:
            for item in self._pages(url, "backups", "the list of backups"):
                backup = _backup(item)
                old = found.get(backup.name)
                if old is None or (backup.updated or LONG_AGO) >= (old.updated or LONG_AGO):
                    found[backup.name] = backup
        except GoneError as error:
            raise _no_backup(error) from error
        self._uploading = {each.account for each in found.values() if each.uploading}
        return sorted(found.values(), key=lambda backup: backup.updated or LONG_AGO, reverse=True)

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        A listing that changes while it is read may contain an entry twice, and the newer one
        counts. So nothing is yielded before the last page has been read.
        """
        url = f"{self._root}/{quote(backup.name)}/files"
        found: dict[str, Entry] = {}
        try:
            for item in self._pages(url, "files", "the list of files", pageSize=PAGE_SIZE):
                entry = _entry(item, backup.name)
                old = found.get(entry.stored_as)
                if old is None or (entry.modified or LONG_AGO) >= (old.modified or LONG_AGO):
                    found[entry.stored_as] = entry
        except GoneError as error:
            raise _no_such_backup(error, backup) from error
        yield from found.values()

    def holds_any(self, backup: Backup) -> bool:
        """See :class:`~gdrive_wa.sources.base.ProbedSource`."""
        url = f"{self._root}/{quote(backup.name)}/files"
        return any(True for _ in self._pages(url, "files", "the list of files", pageSize=1))

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
                f"the stored name '{entry.stored_as}' is not text, so it cannot be requested"
            ) from error
        try:
            return self._session.stream(url, offset=offset, what=entry.stored_as)
        except GoneError as error:
            if entry.backup in self._uploading:
                error.hints = _REPLACED_NOW
            raise

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _pages(self, url: str, items: str, what: str, **params: object) -> Iterator[dict[str, Any]]:
        token, guard, names = "", PageGuard(what), set[str]()
        while True:
            query = {**params, **({"pageToken": token} if token else {})}
            page = self._session.get_json(url, query, what=what)
            found = page.get(items) or []
            if not isinstance(found, list):
                raise unreadable(what)
            before = len(names)
            for item in found:
                if isinstance(item, dict) and (name := parse_text(item.get("name"))):
                    names.add(name)
                    yield item
            token = parse_text(page.get("nextPageToken")) or ""
            if not token:
                return
            guard.turn(token, new=len(names) - before, known=len(names))


_REPLACED_NOW = (
    "the phone may be uploading this backup right now: run it again when the phone has finished",
)


def _no_backup(error: GoneError) -> NetworkError:
    """The error for an account without any backup in the service."""
    failure = NetworkError(
        "Google has no WhatsApp backup of this account", hint=WHEN_EMPTY["backup"]
    )
    failure.detail = error.detail
    return failure


def _no_such_backup(error: GoneError, backup: Backup) -> GoneError:
    """The error for a listed or named backup that does not exist."""
    failure = GoneError(
        f"the backup of {backup.account} is no longer at Google",
        hint=(
            "list the backups with: gdrive-wa backups",
            "if the phone is replacing it right now, run this again when the phone has finished",
        ),
    )
    failure.detail = error.detail
    return failure


def _backup(item: dict[str, Any]) -> Backup:
    metadata = parse_object(item.get("metadata"))
    version = metadata.get("versionOfAppWhenBackup")
    encryption = read_encryption(metadata)
    updated = parse_moment(item.get("updateTime"))
    size = parse_size(item.get("sizeBytes") or metadata.get("backupSize"))
    uploading = bool(item.get("activeTransactionId"))
    missing = [not size, not metadata]
    return Backup(
        name=whole_text(item["name"]),
        account=whole_text(item["name"]).rsplit("/", 1)[-1],
        updated=updated,
        size=size,
        encrypted=encryption.end_to_end,
        key_type=encryption.key_type,
        locks=encryption.locks,
        app_version=whole_text(str(version)[:100]) if isinstance(version, str | int) else None,
        uploading=uploading,
        unfinished=any(missing) if uploading else all(missing),
        expires=_after_months(updated, MONTHS_KEPT),
        deactivates=_after_days(updated, DAYS_ACTIVE),
        sealed=parse_envelope(metadata.get("encryptedData")),
    )


def _after_months(moment: datetime | None, months: int) -> date | None:
    if moment is None:
        return None
    later = moment.month - 1 + months
    try:
        first = date(moment.year + later // 12, later % 12 + 1, 1)
        return first + timedelta(days=min(moment.day, _days_in_month(first)) - 1)
    except (ValueError, OverflowError):
        return None  # at the end of the calendar


def _days_in_month(first: date) -> int:
    return monthrange(first.year, first.month)[1]


def _after_days(moment: datetime | None, days: int) -> date | None:
    try:
        return None if moment is None else moment.date() + timedelta(days=days)
    except OverflowError:
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
        envelope=parse_envelope(item.get("metadata")),
        backup=backup.rsplit("/", 1)[-1],
    )
