"""List Drive with Google's client library and our own session.

The library is not used to read media, because it keeps whole chunks in memory and cannot resume.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from gdrive_wa.core.errors import GdriveWaError, NetworkError
from gdrive_wa.core.model import Entry
from gdrive_wa.google.answers import unreadable
from gdrive_wa.google.session import Session
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.fields import (
    LONG_AGO,
    parse_md5,
    parse_moment,
    parse_object,
    parse_size,
    parse_text,
)
from gdrive_wa.sources.pages import PageGuard

PAGE_SIZE = 1000
_APPS = "application/vnd.google-apps."
_FOLDER = _APPS + "folder"
_SHORTCUT = _APPS + "shortcut"
_FIELDS = (
    "nextPageToken,files(id,name,mimeType,parents,size,md5Checksum,modifiedTime,"
    "headRevisionId,description,appProperties,shortcutDetails,resourceKey)"
)


_PLAIN = re.compile(r"[\w-]{1,200}", re.ASCII)
_KEYS_HEADER = "X-Goog-Drive-Resource-Keys"


def resource_keys(keys: Mapping[str, str | None]) -> dict[str, str]:
    """The header that unlocks files with these resource keys, by id; empty without keys."""
    pairs = [f"{each}/{key}" for each, key in keys.items() if key and _PLAIN.fullmatch(each)]
    return {_KEYS_HEADER: ",".join(pairs)} if pairs else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveFile:
    """One file or folder of Drive; for a shortcut, its target.

    Attributes:
        id: Drive's id of the file, or of the shortcut's target.
        name: its title.
        is_folder: it is a folder, or a shortcut to one.
        is_shortcut: it is a shortcut.
        parents: ids of the folders that contain it.
        size: bytes; None if unknown.
        md5: MD5 of the bytes, hex; None if unknown.
        modified: when it was stored, UTC.
        revision: changes whenever the bytes change; None if unknown.
        envelope: the metadata envelope, if the listing contains it.
        resource_key: a second part of the id, without which a file that is shared by a link
            cannot be read; None if it needs none.
    """

    id: str
    name: str
    is_folder: bool = False
    is_shortcut: bool = False
    parents: tuple[str, ...] = ()
    size: int | None = None
    md5: str | None = None
    modified: datetime | None = None
    revision: str | None = None
    envelope: str | None = None
    resource_key: str | None = None

    @classmethod
    def parse(cls, item: object) -> Self | None:
        """Parse an item of a listing; None if it is neither a stored file nor a folder."""
        fields = parse_object(item)
        file_id, name = parse_text(fields.get("id")), parse_text(fields.get("name"))
        kind = fields.get("mimeType")
        parents = fields.get("parents")
        if file_id is None or name is None:
            return None
        is_shortcut = kind == _SHORTCUT
        key = fields.get("resourceKey")
        if is_shortcut:
            details = parse_object(fields.get("shortcutDetails"))
            key = details.get("targetResourceKey")
            file_id, kind = parse_text(details.get("targetId")), details.get("targetMimeType")
            fields = {
                "modifiedTime": fields.get("modifiedTime")
            }  # the rest describes the shortcut itself
        is_folder = kind == _FOLDER
        if file_id is None or (str(kind).startswith(_APPS) and not is_folder):
            return None  # Google's own documents have no stored bytes
        return cls(
            id=file_id,
            name=name,
            is_folder=is_folder,
            is_shortcut=is_shortcut,
            parents=tuple(map(str, parents)) if isinstance(parents, list) else (),
            size=parse_size(fields.get("size")),
            md5=parse_md5(fields.get("md5Checksum")),
            modified=parse_moment(fields.get("modifiedTime")),
            revision=parse_text(fields.get("headRevisionId")),
            envelope=_described(fields),
            resource_key=key if isinstance(key, str) and _PLAIN.fullmatch(key) else None,
        )

    @property
    def locator(self) -> str:
        """The id, and the resource key if there is one."""
        return self.id if self.resource_key is None else f"{self.id}/{self.resource_key}"

    def newer_than(self, other: DriveFile | None) -> bool:
        """True if this file replaces `other`, which has the same path: the newer one counts."""
        return other is None or (self.modified or LONG_AGO) > (other.modified or LONG_AGO)

    def entry(self, path: str, envelope: str | None, backup: str | None = None) -> Entry:
        """This file as an entry of `backup`, stored as `path`."""
        return Entry(
            stored_as=path,
            path=path,
            locator=self.locator,
            size=self.size,
            md5=self.md5,
            modified=self.modified,
            revision=self.revision,
            envelope=envelope,
            backup=backup,
        )


class Listing:
    """``files.list`` and ``drives.list`` of Drive v3.

    Attributes:
        left_out: ids of listed items that are not files, such as Google's own documents.
    """

    def __init__(self, session: Session, endpoints: Endpoints) -> None:
        from googleapiclient.discovery import build  # noqa: PLC0415 - half a second to import

        self.left_out: set[str] = set()
        drive = build(
            "drive",
            "v3",
            http=_Http(session),
            client_options={"api_endpoint": f"{endpoints.drive}/"},
            cache_discovery=False,
            static_discovery=True,
        )
        self._files, self._drives = drive.files(), drive.drives()

    def shared_drives(self, name: str) -> list[str]:
        """The ids of the shared drives called `name`. There may be several.

        Raises:
            CredentialsError: no login is stored, or it was refused.
            NetworkError: the drives cannot be listed.
        """
        request = self._drives.list(pageSize=100, fields="nextPageToken,drives(id,name)")
        guard, found = PageGuard("the list of shared drives"), dict[str, str]()
        while request is not None:
            page, before = _execute(request), len(found)
            for item in page.get("drives") or ():
                drive = parse_object(item)
                if (drive_id := parse_text(drive.get("id"))) is not None:
                    found[drive_id] = str(drive.get("name"))
            token = parse_text(page.get("nextPageToken"))
            if token is None:
                break
            guard.turn(token, new=len(found) - before, known=len(found))
            request = self._drives.list_next(request, page)
        return [drive_id for drive_id, title in found.items() if title == name]

    def files(
        self, *, spaces: str, query: str | None = None, keys: Mapping[str, str | None] | None = None
    ) -> Iterator[DriveFile]:
        """The files that match, read page by page; those in shared drives too.

        Args:
            spaces: ``drive`` or ``appDataFolder``.
            query: in Drive's search language.
            keys: resource keys of the folders in the query, by id.

        Raises:
            CredentialsError: no login is stored, or it was refused.
            NetworkError: the listing cannot be read.
        """
        everywhere = spaces == "drive"
        request = self._files.list(
            spaces=spaces,
            q=query,
            pageSize=PAGE_SIZE,
            fields=_FIELDS,
            supportsAllDrives=everywhere or None,
            includeItemsFromAllDrives=everywhere or None,
        )
        request.headers.update(resource_keys(keys or {}))
        guard, ids = PageGuard("the list of files"), set[str]()
        while request is not None:
            page = _execute(request)
            items = page.get("files") or []
            if not isinstance(items, list):
                raise _invalid_answer()
            before = len(ids)
            for item in items:
                if (file := DriveFile.parse(item)) is not None:
                    ids.add(file.id)
                    yield file
                elif (other := parse_text(parse_object(item).get("id"))) is not None:
                    self.left_out.add(other)
            token = parse_text(page.get("nextPageToken"))
            if token is None:
                return
            guard.turn(token, new=len(ids) - before, known=len(ids))
            request = self._files.list_next(request, page)


class _Http:
    """Our session with the interface of httplib2, for Google's client library."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        **_options: object,
    ) -> tuple[Any, bytes]:
        import httplib2  # noqa: PLC0415 - comes with the library that calls this

        raw = body.encode() if isinstance(body, str) else body
        answer = self._session.request(
            method, uri, body=raw, headers=headers, what="the list of files"
        )
        return httplib2.Response({**answer.headers, "status": str(answer.status)}), answer.body

    def close(self) -> None:
        """Do nothing: the session is closed by its owner."""


def _execute(request: Any) -> dict[str, Any]:
    from googleapiclient.errors import Error  # noqa: PLC0415 - comes with the library

    try:
        page = request.execute()
    except GdriveWaError:
        raise
    except (Error, ValueError, RecursionError) as error:
        raise _invalid_answer() from error
    if not isinstance(page, dict):
        raise _invalid_answer()
    return page


def _invalid_answer() -> NetworkError:
    return unreadable("the list of files")


def _described(fields: dict[str, Any]) -> str | None:
    properties = parse_object(fields.get("appProperties"))
    for text in (fields.get("description"), properties.get("metadata")):
        if isinstance(text, str) and len(text) > 64 and text.startswith("E"):
            return text
    return None
