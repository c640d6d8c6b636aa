"""Make large accounts of random bytes, for measuring transfers."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gdrive_wa.core.model import Secret
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey, key_file_content
from gdrive_wa.emulation.account import ACCOUNT_FILE
from gdrive_wa.emulation.story import OWNER_NUMBER
from gdrive_wa.emulation.upload import google_time

_PIECE = 1024 * 1024
_A_DAY = 100
"""Number of files with the same date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAccount:
    """An account for measuring.

    Attributes:
        folder: the account's folder, for the emulator.
        key: the key of the backup; None if it is not encrypted.
        key_file: the file with that key; None if the backup is not encrypted.
        token: an access token that is always accepted.
        count: number of blobs.
        size: bytes of content of each blob.
    """

    folder: Path
    key: RootKey | None
    key_file: Path | None
    token: Secret
    count: int
    size: int


def make_bulk(
    folder: Path, *, count: int, size: int, encrypted: bool = False, seed: int = 2025
) -> BulkAccount:
    """Make an account with `count` voice notes of `size` random bytes, and no database.

    Args:
        folder: the folder for the account; created if necessary.
        count: number of blobs.
        size: bytes of content of each blob. An encrypted one is in memory while it is made.
        encrypted: encrypt them as mcrypt1 with envelopes; otherwise they are plain.
        seed: determines the random bytes.
    """
    rng = random.Random(seed)  # noqa: S311 - to be repeatable, not to be secret
    key = RootKey(rng.randbytes(32)) if encrypted else None
    files: dict[str, dict[str, str]] = {}
    for number in range(count):
        at = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=number // _A_DAY)
        name = f"PTT-{at:%Y%m%d}-WA{number % _A_DAY:04}.opus"
        path = f"Media/WhatsApp Voice Notes/{at:%G%V}/{name}"
        settings = {"updateTime": google_time(at)}
        if key is None:
            _write_plain(folder / "backup" / path, size, rng)
        else:
            metadata = FileMetadata(name=path, updated=at)
            digits, sealed, envelope = encrypt_media(
                rng.randbytes(size), key, metadata, iv=rng.randbytes(16)
            )
            path, settings["metadata"] = f"Media/{digits}.mcrypt1", envelope
            _make_parent(folder / "backup" / path).write_bytes(sealed)
        files[path] = settings
    folder.mkdir(parents=True, exist_ok=True)
    token = f"ya29.bulk-{rng.randbytes(12).hex()}"
    account = {
        "email": "bulk@example.org",
        "access_token": token,
        "backups": [
            {
                "number": OWNER_NUMBER,
                "metadata": {
                    "encryptedBackupEnabled": encrypted,
                    "backupSize": count * size,
                    "chatdbSize": 0,
                },
                "files": files,
            }
        ],
    }
    (folder / ACCOUNT_FILE).write_text(json.dumps(account), "utf-8")
    key_file = folder / "encrypted_backup.key" if key is not None else None
    if key is not None and key_file is not None:
        key_file.write_bytes(key_file_content(key))
    return BulkAccount(
        folder=folder, key=key, key_file=key_file, token=Secret(token), count=count, size=size
    )


def _write_plain(path: Path, size: int, rng: random.Random) -> None:
    """Random bytes; in a large file, only the start of each piece differs."""
    with _make_parent(path).open("wb") as file:
        pattern = rng.randbytes(min(size, _PIECE))
        for start in range(0, size, _PIECE):
            piece = start.to_bytes(8, "big") + pattern[8:] if start else pattern
            file.write(piece[: size - start])


def _make_parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
