"""A Google account on disk, as the emulator serves it.

    DIR/
      account.json        its address and tokens, and what the listing says about the files
      backup/…            the stored bytes, under their stored names
      transient/…         encrypted media that WhatsApp's own servers still keep

A folder with only an ``account.json`` of ``{"email": "ann@example.org"}`` is an account; every
other field may be left out:

    {
      "email": "ann@example.org",
      "name": "Ann",                       shown by Drive's "about"
      "number": "15550100",                part of the backup's name, clients/wa/backups/15550100
      "access_token": "…",                 always accepted
      "oauth_token": "…",                  the cookie that the Android login exchanges, once
      "android_id": "…",                   if given, the only device that may log in
      "managed": false,                    a Workspace account whose device must be managed
      "browser_first": false,              the Android login is sent to a browser
      "droidguard": "null",                the only accepted proof of a phone; "absent" accepts only
                                           forms without one, any other text refuses all forms
      "exchange_error": "…",               Google's word for refusing the cookie
      "token_error": "…",                  Google's word for refusing access tokens
      "whatsapp_never_allowed": false,     the account never let WhatsApp into its Drive
      "reauthenticate": false,             logins are not renewed: the administrator limits them
      "testers": ["…"],                    if given, the only test users of an app in testing
      "clients": [{"client_id": "…", "client_secret": "…", "whatsapp": true,
                   "kind": "installed", "error": "…", "verified": true}],
                                           by default, the one of Emulator.client_config()
      "page_size": 1000,                   maximum items on a page of a listing
      "backups": [{                        by default, one backup with the files of backup/
         "number": "15550100", "folder": "backup",
         "updateTime": "2025-10-27T02:14:00.000000Z",
         "activeTransactionId": "…",       an upload under way
         "metadata": {…},                  the JSON that the service sends as a string
         "files": {"Databases/msgstore.db.crypt15": {
            "updateTime": "…", "mimeType": "…", "metadata": "<envelope>",
            "md5Hash": "…", "omit": ["sizeBytes", "md5Hash"],
            "unfinished": false}}}],         its content cannot be fetched yet
      "appdata": "names",                  layout of appDataFolder: names, folders or file_map
      "my_drive": {"Phone/WhatsApp": "backup"},   folders of DIR, by their paths in My Drive; a list
                                                  gives several folders of the same name
      "shortcuts": {"To phone": "Phone/WhatsApp"} shortcuts in My Drive, with their targets;
                                                  "//Team/Phone" is in the shared drive Team
      "shared_drives": {"Team": {"Phone": "backup"}},   like my_drive, by the name of the drive
      "shared_with_me": {"WhatsApp": "backup"},         folders shared by another account
      "resource_keys": {"//Team/Phone": "0-key"},       folders that need a key, by path
      "documents": {"Plan": "document"}                 Google's own documents in My Drive
    }

A client with ``whatsapp`` false is like a user's own OAuth client: it sees an empty appDataFolder,
and the backup service refuses it. Sizes and MD5 are those of the files, which can be changed while
the emulator runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from gdrive_wa.core.errors import FormatError, UsageError
from gdrive_wa.core.plain_file import read_plain

ACCOUNT_FILE = "account.json"
TRANSIENT_FOLDER = "transient"
_STEP = 1024 * 1024
_SOME_CLIENT = (
    {"client_id": "emulator.apps.googleusercontent.com", "client_secret": "no secret at all"},
)


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client that may ask for access to this account.

    Attributes:
        client_id: its public name.
        client_secret: the "secret" of a desktop client.
        whatsapp: its tokens count as WhatsApp's own.
        kind: ``installed``; for any other kind, the browser is never redirected back.
        error: Google's word for refusing it at the token endpoint, such as ``disabled_client``.
        verified: Google has verified its app; otherwise the browser shows a warning first.
    """

    client_id: str
    client_secret: str
    whatsapp: bool = True
    kind: str = "installed"
    error: str = ""
    verified: bool = True


@dataclass(slots=True)
class Blob:
    """One stored file: the bytes on disk, and their facts in the listing.

    Attributes:
        name: the stored path, with ``/`` between its parts.
        path: path of the bytes on disk.
        settings: its fields in the account file: ``updateTime``, ``metadata``, ``omit``, ….
    """

    name: str
    path: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    _known: tuple[int, int, str] | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def size(self) -> int:
        """Bytes stored."""
        return self.path.stat().st_size

    @property
    def md5(self) -> str:
        """MD5 of the stored bytes, hex; computed again when they have changed."""
        found = self.path.stat()
        with self._lock:
            if self._known is None or self._known[:2] != (found.st_size, found.st_mtime_ns):
                self._known = (found.st_size, found.st_mtime_ns, _md5_of(self.path))
            return self._known[2]

    @property
    def updated(self) -> str:
        """When it was stored, in Google's time format."""
        settings = self.settings.get("updateTime")
        return settings if isinstance(settings, str) else _iso(self.path.stat().st_mtime)

    @property
    def envelope(self) -> str | None:
        """Its metadata envelope, if there is one."""
        return self.settings.get("metadata")

    @property
    def mime_type(self) -> str:
        """The MIME type in the listing."""
        return str(self.settings.get("mimeType", "application/octet-stream"))

    def omits(self, key: str) -> bool:
        """True if the listing leaves out the field `key` of this file."""
        return key in self.settings.get("omit", ())


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """One backup of the account.

    Attributes:
        number: the phone number without ``+``.
        blobs: by stored name, in order.
        settings: its fields in the account file.
    """

    number: str
    blobs: Mapping[str, Blob]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the backup in the backup service."""
        return f"clients/wa/backups/{self.number}"


@dataclass(frozen=True, slots=True)
class Account:
    """One account, read from its folder.

    Attributes:
        folder: the folder with the account's files.
        email: e-mail address of the account.
        backups: its backups.
        clients: the OAuth clients that may ask for access to it.
        settings: all fields of the account file.
    """

    folder: Path
    email: str
    backups: tuple[StoredBackup, ...]
    clients: tuple[Client, ...]
    settings: Mapping[str, Any]

    @property
    def page_size(self) -> int:
        """The maximum number of items on a page of a listing."""
        return int(self.settings.get("page_size", 1000))

    def blobs_of(self, folder: str) -> Mapping[str, Blob]:
        """The files in a folder of the account, by stored name."""
        for backup in self.backups:
            if backup.settings.get("folder", "backup") == folder:
                return backup.blobs
        return _blobs(self.folder / folder, {})


def read_account(folder: Path) -> Account:
    """Read the account in `folder`.

    Raises:
        UsageError: the folder has no account.json.
        FormatError: account.json is invalid.
    """
    path = folder / ACCOUNT_FILE
    try:
        settings = json.loads(read_plain(path))
    except OSError as error:
        raise UsageError(
            f"'{folder}' is not an account for the emulator",
            hint="give a folder with an account.json in it",
        ) from error
    except ValueError as error:
        raise FormatError(f"'{path}' is not JSON") from error
    try:
        return Account(
            folder=folder,
            email=str(settings["email"]),
            backups=tuple(_backup(folder, entry) for entry in _backup_settings(folder, settings)),
            clients=tuple(Client(**client) for client in settings.get("clients", _SOME_CLIENT)),
            settings=settings,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"the account file '{path}' is invalid: {error}") from error


def _backup_settings(folder: Path, settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "backups" in settings:
        return list(settings["backups"])
    if not (folder / "backup").is_dir():
        return []
    return [{"number": settings.get("number", "15550100")}]


def _backup(folder: Path, settings: Mapping[str, Any]) -> StoredBackup:
    blobs = _blobs(folder / settings.get("folder", "backup"), settings.get("files", {}))
    return StoredBackup(str(settings.get("number", "15550100")), blobs, settings)


def _blobs(folder: Path, settings: Mapping[str, Any]) -> dict[str, Blob]:
    names = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    return {name: Blob(name, folder / name, settings.get(name, {})) for name in names}


def _md5_of(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(_STEP):
            digest.update(piece)
    return digest.hexdigest()


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
