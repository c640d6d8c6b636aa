"""Google's backup service, ``/v1/clients/wa/…``, where today's phones store their backups."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gdrive_wa.emulation.account import Account, Blob, StoredBackup
from gdrive_wa.emulation.http import Request, Response, as_json, google_error, whole_number
from gdrive_wa.emulation.media import serve_bytes
from gdrive_wa.emulation.tokens import APPDATA, Grant

PREFIX = "/v1/"
_LIST = "clients/wa/backups"
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class BackupService:
    """Answers requests for every path below ``/v1/``.

    Attributes:
        accounts: the accounts, by e-mail address.
    """

    accounts: Mapping[str, Account]

    def answer(self, request: Request, grant: Grant) -> Response:
        """Answer one request with a valid token."""
        account = self.accounts[grant.email]
        if not grant.allows(APPDATA):
            return google_error(
                403,
                "Request had insufficient authentication scopes.",
                reason="insufficientPermissions",
            )
        if not grant.whatsapp:
            return google_error(403, "The caller does not have permission", reason="forbidden")
        path = request.decoded_path.removeprefix(PREFIX)
        if path == _LIST:
            return self._list_backups(request, account)
        for backup in account.backups:
            if path == backup.name:
                return as_json(_describe(backup))
            if path == f"{backup.name}/files":
                return self._list_files(request, account, backup)
            if path.startswith(f"{backup.name}/files/"):
                blob = backup.blobs.get(path.removeprefix(f"{backup.name}/files/"))
                return _not_found() if blob is None else _file(request, backup, blob)
        return _not_found()

    def _list_backups(self, request: Request, account: Account) -> Response:
        page = _page(request, account.backups, account.page_size)
        if page is None:
            return _bad_page()
        return _listing("backups", [_describe(backup) for backup in page[0]], page[1])

    def _list_files(self, request: Request, account: Account, backup: StoredBackup) -> Response:
        page = _page(request, list(backup.blobs.values()), account.page_size)
        if page is None:
            return _bad_page()
        return _listing("files", [_describe_file(backup, blob) for blob in page[0]], page[1])


def _file(request: Request, backup: StoredBackup, blob: Blob) -> Response:
    if request.query.get("alt") != "media":
        return as_json(_describe_file(backup, blob))
    if blob.settings.get("unfinished"):
        message = 'Unsupported alt type "media" for non byte stream request.'
        return google_error(400, message, reason="badRequest")
    return serve_bytes(request, blob.path, mime_type=blob.mime_type)


def _describe(backup: StoredBackup) -> dict[str, object]:
    settings = backup.settings
    shown: dict[str, object] = {
        "name": backup.name,
        "updateTime": settings.get("updateTime")
        or max((blob.updated for blob in backup.blobs.values()), default=_NEVER),
        "sizeBytes": str(sum(blob.size for blob in backup.blobs.values())),
    }
    if "activeTransactionId" in settings:
        shown["activeTransactionId"] = settings["activeTransactionId"]
    if "metadata" in settings:
        shown["metadata"] = json.dumps(settings["metadata"], separators=(",", ":"))
    for key in settings.get("omit", ()):
        shown.pop(key, None)
    return shown


_NEVER = "1970-01-01T00:00:00.000000Z"


def _describe_file(backup: StoredBackup, blob: Blob) -> dict[str, object]:
    shown: dict[str, object] = {
        "name": f"{backup.name}/files/{blob.name}",
        "mimeType": blob.mime_type,
        "md5Hash": blob.settings.get("md5Hash")
        or base64.b64encode(bytes.fromhex(blob.md5)).decode(),
        "sizeBytes": str(blob.size),
        "updateTime": blob.updated,
    }
    if blob.envelope is not None:
        shown["metadata"] = blob.envelope
    return {key: value for key, value in shown.items() if not blob.omits(key)}


def _page(
    request: Request, items: Sequence[Item], most: int
) -> tuple[Sequence[Item], str | None] | None:
    """The requested page and the token of the next one; None if the token is not one of ours."""
    token, size = request.query.get("pageToken") or "p0", request.query.get("pageSize") or "0"
    start, asked = whole_number(token.removeprefix("p")), whole_number(size)
    if start is None or asked is None:
        return None
    count = min(asked or most, most)
    rest = start + count < len(items)
    return items[start : start + count], f"p{start + count}" if rest else None


def _listing(what: str, items: list[dict[str, object]], token: str | None) -> Response:
    shown: dict[str, object] = {}
    if items:  # an empty list is left out, as the service does
        shown[what] = items
    if token is not None:
        shown["nextPageToken"] = token
    return as_json(shown)


def _not_found() -> Response:
    return google_error(404, "Requested entity was not found.", reason="notFound")


def _bad_page() -> Response:
    return google_error(400, "Request contains an invalid argument.", reason="badRequest")
