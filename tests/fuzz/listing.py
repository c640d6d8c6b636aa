"""Google's listings: of the backup service, of Drive's folders, and the old map of files."""

from __future__ import annotations

import io
import json
from contextlib import closing
from itertools import islice

import urllib3

from gdrive_wa.core.model import Entry, Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.backup_service import BackupService
from gdrive_wa.sources.drive import AppData
from gdrive_wa.sources.drive_folder import DriveFolder
from tests.fuzz.campaign import fuzz

STATUSES = (200, 200, 200, 200, 206, 400, 401, 403, 404, 409, 410, 416, 429, 499, 500, 503)
ENTRY = {
    "name": "clients/wa/backups/15550100/files/Media/x.mcrypt1",
    "sizeBytes": "4321",
    "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==",
    "updateTime": "2024-01-01T00:00:00.5Z",
    "metadata": "E" * 90,
}
BACKUP = {
    "name": "clients/wa/backups/15550100",
    "sizeBytes": 123456,
    "updateTime": "9999-12-31T23:59:59Z",
    "metadata": '{"encryptedData": "EEEE", "versionOfAppWhenBackup": "2.24", "backupSize": "9",'
    ' "encryptedBackupEnabled": true, "passwordProtectedBackupEnabled": false}',
}
FILE = {
    "id": "f1",
    "name": "Media",
    "mimeType": "application/vnd.google-apps.folder",
    "parents": ["root"],
    "size": "12",
    "md5Checksum": "0" * 32,
    "modifiedTime": "2024-01-01T00:00:00.000Z",
    "headRevisionId": "r",
    "resourceKey": "k-1",
    "shortcutDetails": {"targetId": "t", "targetMimeType": "audio/ogg"},
}
MAP = [{"f": "Media/a.opus", "r": "f1", "s": 12, "m": "0" * 32}]
REFUSAL = {
    "error": {
        "code": 403,
        "message": "Quota exceeded: queries per minute",
        "status": "RESOURCE_EXHAUSTED",
        "errors": [{"reason": "userRateLimitExceeded"}],
        "details": [{"@type": "x", "retryDelay": "3.5s", "metadata": {"quota_limit": "per day"}}],
    }
}


class Canned(Session):
    """A session whose answers are the input, over and over."""

    def __init__(self, status: int, pause: str, body: bytes) -> None:
        policy = RetryPolicy(attempts=1, rate_patience=0.0)
        super().__init__(GivenToken(Secret("made-up")), retry_policy=policy)
        self._canned = status, pause, body

    def _send(self, _asked: object, _token: Secret) -> urllib3.BaseHTTPResponse:
        status, pause, body = self._canned
        return urllib3.HTTPResponse(
            io.BytesIO(body),
            {"Retry-After": pause} if pause else {},
            status=status,
            preload_content=False,
        )


def sample(kind: int, content: object, status: int = 0, pause: str = "") -> bytes:
    """An input: the source, the status, the pause that is asked for, the body."""
    return bytes([kind, status, len(pause)]) + pause.encode() + json.dumps(content).encode()


def try_one(data: bytes) -> object:
    """All that is listed can be shown, asked for, and put into a report."""
    kind, status, length = (data + b"\0\0\0")[:3]
    pause = data[3 : 3 + length % 40].decode("latin-1")
    session = Canned(STATUSES[status % len(STATUSES)], pause, data[3 + length % 40 :])
    with closing(_source(kind % 3, session)) as source:
        backups = source.backups()
        shown = json.dumps([backup.to_json() for backup in backups])
        shown.encode()
        entries: list[Entry] = []
        for backup in backups[:3]:
            entries += islice(source.entries(backup), 200)
        for entry in entries:
            json.dumps(entry.to_json(), ensure_ascii=False).encode()
        if entries:
            with source.open(entries[0], offset=kind // 3) as blob:
                blob.read(10)
        return len(backups), len(entries) > 1


def _source(kind: int, session: Session) -> BackupService | AppData | DriveFolder:
    if kind == 0:
        return BackupService(session, Endpoints())
    if kind == 1:
        return AppData(session, Endpoints())
    return DriveFolder(session, Endpoints(), "Phone/WhatsApp")


def main(arguments: list[str]) -> int:
    samples = [
        sample(0, {"backups": [BACKUP, {**BACKUP, "name": "x"}], "files": [ENTRY]}),
        sample(0, {"backups": [BACKUP], "files": [ENTRY], "nextPageToken": "t"}),
        sample(1, {"files": [FILE, {**FILE, "mimeType": "audio/ogg", "name": "a.opus"}]}),
        sample(1, {"files": [{**FILE, "name": "gdrive_file_map", "mimeType": "x"}], "x": MAP}),
        sample(2, {"files": [FILE], "drives": [{"id": "d", "name": "Phone"}]}),
        sample(2, {"files": [{**FILE, "mimeType": "application/vnd.google-apps.shortcut"}]}),
        *(sample(number % 3, REFUSAL, number, "12") for number in range(5, len(STATUSES))),
        sample(0, {"error": "invalid_grant"}, 6, "Fri, 31 Dec 9999 23:59:59 GMT"),
        sample(0, [REFUSAL], 12, "inf"),
    ]
    return fuzz("listing", samples, try_one, arguments)
