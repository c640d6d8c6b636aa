"""Make the sample account: a year of a family's voice notes, as in a phone's backup.

Everything is invented, and is the same for the same seed: the key, the tokens,
two databases, 42 voice notes (one of them missing from the backup) in eight chats, a picture,
a song that is not a voice note, and the small backups of settings and wallpapers.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from gdrive_wa.core.model import Secret, VoiceNote
from gdrive_wa.crypt.envelope import seal_envelope
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey, key_file_content
from gdrive_wa.emulation.account import ACCOUNT_FILE
from gdrive_wa.emulation.story import OWNER_NAME, OWNER_NUMBER
from gdrive_wa.emulation.upload import APP_VERSION, UPDATED, Upload, google_time
from gdrive_wa.emulation.year import Year
from gdrive_wa.storage.draft import write_file

EMAIL = "alex@example.org"
PAGE_SIZE = 20
"""Small, so that a listing has several pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAccount:
    """A new account, and its expected content.

    Attributes:
        folder: the account's folder, for the emulator.
        email: e-mail address of the account.
        encrypted: end-to-end (crypt15 and mcrypt1) or not (crypt14 and plain media).
        key: the key of the backup.
        key_file: the file with that key, in the phone's format: 59 bytes, or 158.
        token: an access token that is always accepted, for GDRIVE_WA_ACCESS_TOKEN.
        oauth_token: the cookie of the Android sign-in page; each emulator accepts it once.
        client_secrets: the OAuth client's file, with Google's own addresses in it.
        notes: every voice note of the database, ordered by time; `file` is None.
            Hidden ids with a known number appear as the number. The owner has no
            `sender_jid`, because the database does not contain it.
        contents: the phone's files by WhatsApp's own path: media and databases, decrypted.
        stored: the stored name for each path of `contents`.
    """

    folder: Path
    email: str
    encrypted: bool
    key: Key
    key_file: Path
    token: Secret
    oauth_token: Secret
    client_secrets: Path
    notes: tuple[VoiceNote, ...] = field(repr=False)
    contents: dict[str, bytes] = field(repr=False)
    stored: dict[str, str] = field(repr=False)


def make_sample(folder: Path, *, encrypted: bool = True, seed: int = 2025) -> SampleAccount:
    """Make the sample account in `folder`, which must not contain one yet.

    Args:
        folder: the folder for the account; created if necessary.
        encrypted: end-to-end, as phones do today; otherwise crypt14 and plain media.
        seed: determines the keys and random bytes; the story is always the same.

    Raises:
        StorageError: the folder cannot be written.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample has no secrets, and must be repeatable
    key = _make_key(rng, encrypted=encrypted)
    year = Year(rng)
    upload = Upload(folder, key, rng)
    for path, content in year.contents.items():
        upload.add_media(path, content, year.times[path])
    for name, sealed in year.transient.items():
        upload.add_transient(name, sealed)
    contents = {**year.contents, **upload.add_databases(year.messages)}
    upload.add_settings(contents)
    key_file = folder / ("encrypted_backup.key" if encrypted else "key")
    write_file(key_file, key_file_content(key), durable=False)
    token, oauth_token = (
        f"ya29.sample-{rng.randbytes(18).hex()}",
        f"oauth2_4/{rng.randbytes(18).hex()}",
    )
    client = {
        "client_id": "555010000000-sample.apps.googleusercontent.com",
        "client_secret": f"GOCSPX-{rng.randbytes(14).hex()}",
    }
    stranger = {**client, "client_id": "555010000001-own.apps.googleusercontent.com"}
    account = {
        "email": EMAIL,
        "name": OWNER_NAME,
        "number": OWNER_NUMBER,
        "access_token": token,
        "oauth_token": oauth_token,
        "clients": [{**client, "whatsapp": True}, {**stranger, "whatsapp": False}],
        "page_size": PAGE_SIZE,
        "backups": [
            {
                "number": OWNER_NUMBER,
                "updateTime": google_time(UPDATED),
                "metadata": _backup_metadata(key, year, upload, rng),
                "files": upload.settings,
            }
        ],
        "my_drive": {"Phone backup/WhatsApp": "backup"},
        "shortcuts": {"Shortcut to WhatsApp": "Phone backup/WhatsApp"},
    }
    write_file(folder / ACCOUNT_FILE, json.dumps(account, indent=1).encode(), durable=False)
    client_secrets = folder / "client_secrets.json"
    content = json.dumps(client_file(**client), indent=1).encode()
    write_file(client_secrets, content, durable=False)
    return SampleAccount(
        folder=folder,
        email=EMAIL,
        encrypted=encrypted,
        key=key,
        key_file=key_file,
        token=Secret(token),
        oauth_token=Secret(oauth_token),
        client_secrets=client_secrets,
        notes=tuple(year.notes),
        contents=contents,
        stored=upload.names,
    )


def client_file(client_id: str, client_secret: str) -> dict[str, object]:
    """The content of the file that Google's console offers for a desktop client."""
    return {
        "installed": {
            "client_id": client_id,
            "project_id": "sample",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "client_secret": client_secret,
            "redirect_uris": ["http://localhost"],
        }
    }


def _make_key(rng: random.Random, *, encrypted: bool) -> Key:
    if encrypted:
        return RootKey(rng.randbytes(32))
    return CipherKey(
        rng.randbytes(32),
        server_salt=rng.randbytes(32),
        google_id=rng.randbytes(16),
        key_version=2,
    )


def _backup_metadata(key: Key, year: Year, upload: Upload, rng: random.Random) -> dict[str, object]:
    databases = sum(size for name, size in upload.sizes.items() if name.startswith("Databases/"))
    details: dict[str, object] = {
        "numOfMessages": len(year.messages),
        "numOfMediaFiles": len(year.contents),
        "numOfPhotos": 1,
        "mediaSize": sum(len(content) for content in year.contents.values()),
        "videoSize": 0,
        "includeVideosInBackup": False,
        "backupFrequency": "DAILY",
        "backupNetworkSettings": "WIFI",
    }
    metadata: dict[str, object] = {
        "encryptedBackupEnabled": isinstance(key, RootKey),
        "backupVersion": 1,
        "backupSize": sum(upload.sizes.values()),
        "chatdbSize": databases,
        "versionOfAppWhenBackup": APP_VERSION,
        "backupExpiry": 0,
    }
    if isinstance(key, CipherKey):
        return {**metadata, **details}
    metadata["encryptedBackupMetadata"] = {
        "isPasswordEncrypted": False,
        "isEncryptionKeyEncrypted": True,
    }
    sealed = seal_envelope(json.dumps(details).encode(), key, iv=rng.randbytes(16))
    return {**metadata, "encryptedData": sealed}
