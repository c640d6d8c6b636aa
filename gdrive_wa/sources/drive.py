"""Backups in Google Drive (v3): the common part of its sources, and the hidden app folder."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from urllib.parse import quote

from gdrive_wa.core.errors import GdriveWaError, GoneError, NetworkError, RefusedError
from gdrive_wa.core.kinds import LONGEST_ENVELOPE, METADATA_SUFFIX, is_end_to_end
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.threads import Workers
from gdrive_wa.google.session import Session
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.base import BlobStream
from gdrive_wa.sources.drive_list import DriveFile, Listing, resource_keys
from gdrive_wa.sources.fields import parse_md5, parse_size, parse_text

FILE_MAP = "gdrive_file_map"
LONGEST_FILE_MAP = 256 << 20
ENVELOPES_AT_ONCE = 16
"""How many envelopes are read at the same time during a listing."""
MOST_FAILURES = 16
"""After this many failed envelopes in a row, the listing fails."""


class DriveSource:
    """The common part of both sources in Drive: the listing, envelopes, and media."""

    def __init__(self, session: Session, endpoints: Endpoints) -> None:
        self._session = session
        self._root = endpoints.drive
        self._listing = Listing(session, endpoints)
        self._failed_envelopes: dict[str, NetworkError] = {}
        self._failures_in_a_row = 0

    def listen(self, say: Callable[[str], None]) -> None:
        """See :class:`~gdrive_wa.sources.base.TalkingSource`."""
        self._session.say = say

    def state(self, backup: Backup) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: it is not known without a listing."""

    def path_of(self, entry: Entry) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: entries have to be fetched."""

    def open(self, entry: Entry, *, offset: int = 0) -> BlobStream:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        An entry is refused if its envelope could not be read: it would be stored without its name,
        and the next run would consider it done.
        """
        failure = self._failed_envelopes.get(entry.locator)
        if failure is not None:
            raise NetworkError(failure.message)
        return self._session.stream(
            self._media(entry.locator),
            offset=offset,
            what=entry.stored_as,
            headers=_keys_of(entry.locator),
        )

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _media(self, locator: str) -> str:
        file_id = quote(locator.partition("/")[0], safe="")
        return f"{self._root}/files/{file_id}?alt=media&supportsAllDrives=true"

    def _content(self, file: DriveFile, most: int) -> bytes:
        return self._session.get_content(
            self._media(file.locator), most=most, what=file.name, headers=_keys_of(file.locator)
        )

    def _report_left_out(self) -> None:
        count = len(self._listing.left_out)
        if count:
            items = "one item is" if count == 1 else f"{count} items are"
            self._session.say(
                f"{items} left out: Google's own documents, and shortcuts without a file"
            )
        self._listing.left_out.clear()

    def _backup_id(self, place: str) -> str | None:
        """`place` with the name of the account, because several accounts may have such a place."""
        try:
            about = self._session.get_json(
                f"{self._root}/about", {"fields": "user(emailAddress)"}, what="the account"
            )
            return f"{place} of {about['user']['emailAddress']}"
        except (GdriveWaError, KeyError, TypeError):
            return None  # an error, if any, is raised by the listing

    def _sealed_entries(self, files: dict[str, DriveFile], backup: Backup) -> Iterator[Entry]:
        """The entries of `files` (by path), in order, each with its envelope.

        An envelope is a small file of its own, ``<name>-metadata``. Many are read at the same time,
        a limited number in advance.
        """
        self._report_left_out()
        backup_id = self._backup_id(backup.name)
        self._failed_envelopes.clear()
        readers = Workers(ENVELOPES_AT_ONCE, "envelope")
        ahead: deque[tuple[str, DriveFile, Future[str | None] | None]] = deque()
        try:
            for path, file in files.items():
                if path.endswith(METADATA_SUFFIX) and path.removesuffix(METADATA_SUFFIX) in files:
                    continue
                sealed = files.get(path + METADATA_SUFFIX) if file.envelope is None else None
                reading = readers.submit(partial(self._envelope, sealed)) if sealed else None
                ahead.append((path, file, reading))
                if len(ahead) > 4 * ENVELOPES_AT_ONCE:
                    yield self._entry(*ahead.popleft(), backup_id)
            while ahead:
                yield self._entry(*ahead.popleft(), backup_id)
        finally:
            readers.close()

    def _envelope(self, file: DriveFile) -> str | None:
        """The content of an envelope; None if Google refuses it, which is not an error."""
        try:
            raw = self._content(file, LONGEST_ENVELOPE)
        except (GoneError, RefusedError):
            return None
        return raw.decode("ascii", "replace")

    def _entry(
        self, path: str, file: DriveFile, reading: Future[str | None] | None, backup_id: str | None
    ) -> Entry:
        if reading is None:
            return file.entry(path, file.envelope, backup_id)
        try:
            envelope = reading.result()
            self._failures_in_a_row = 0
        except NetworkError as error:
            envelope, self._failed_envelopes[file.locator] = None, error
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= MOST_FAILURES:
                raise
        return file.entry(path, envelope, backup_id)


class AppData(DriveSource):
    """The hidden folder of the app that the login belongs to."""

    name = "appdata"

    def backups(self) -> list[Backup]:
        """One backup, or none if the folder is empty."""
        return one_backup("appDataFolder", self._files())

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        yield from self._sealed_entries(self._files(), backup)

    def _files(self) -> dict[str, DriveFile]:
        """All files by path: the path in the old file map, or the one from names and folders."""
        listed = list(self._listing.files(spaces="appDataFolder"))
        folders = {file.id: file for file in listed if file.is_folder}
        plain = [file for file in listed if not file.is_folder]
        file_map: DriveFile | None = None
        for file in plain:
            if file.name == FILE_MAP and file.newer_than(file_map):
                file_map = file
        mapped = self._mapped(file_map, {file.id: file for file in plain}) if file_map else []
        mapped_ids = {file.id for _path, file in mapped}
        others = (
            (_path_from_folders(file, folders), file)
            for file in plain
            if file.id not in mapped_ids and file.name != FILE_MAP
        )
        return newest([*mapped, *others])

    def _mapped(
        self, file_map: DriveFile, by_id: dict[str, DriveFile]
    ) -> list[tuple[str, DriveFile]]:
        """The blobs in the old file map, with path, MD5, file id and size."""
        try:
            rows = json.loads(self._content(file_map, LONGEST_FILE_MAP))
        except (ValueError, RecursionError) as error:
            raise _invalid_map() from error
        if not isinstance(rows, list):
            raise _invalid_map()
        found = []
        for row in filter(lambda row: isinstance(row, dict), rows):
            path, file_id = parse_text(row.get("f")), parse_text(row.get("r"))
            if path is None or file_id is None:
                continue
            listed = by_id.get(file_id)
            file = DriveFile(
                id=file_id,
                name=path,
                size=parse_size(row.get("s")),
                md5=parse_md5(row.get("m")),
                modified=listed.modified if listed else None,
                revision=listed.revision if listed else None,
            )
            found.append((path, file))
        return found


def _keys_of(locator: str) -> dict[str, str]:
    file_id, _, key = locator.partition("/")
    return resource_keys({file_id: key})


def newest(files: Iterable[tuple[str, DriveFile]]) -> dict[str, DriveFile]:
    """The files by path; of those with the same path, the newest."""
    found: dict[str, DriveFile] = {}
    for path, file in files:
        if file.newer_than(found.get(path)):
            found[path] = file
    return found


def one_backup(name: str, files: dict[str, DriveFile]) -> list[Backup]:
    """`files` as one backup; none without files."""
    if not files:
        return []
    encrypted = is_end_to_end(files)
    return [
        Backup(
            name=name,
            account=name,
            updated=max((file.modified for file in files.values() if file.modified), default=None),
            size=sum(file.size or 0 for file in files.values()),
            encrypted=encrypted,
            key_type="server" if encrypted is False else None,
        )
    ]


def _path_from_folders(file: DriveFile, folders: dict[str, DriveFile]) -> str:
    """The path of a file: its name, after the names of the folders that contain it."""
    parts, parents, seen = [file.name], file.parents, set[str]()
    while parents and parents[0] in folders and parents[0] not in seen:
        seen.add(parents[0])
        parts.append(folders[parents[0]].name)
        parents = folders[parents[0]].parents
    return "/".join(reversed(parts))


def _invalid_map() -> NetworkError:
    return NetworkError("the old file map of this backup cannot be read")
