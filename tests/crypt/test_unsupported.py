"""Known formats that cannot be opened are named."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gdrive_wa import FormatError, decrypt, inspect, load_key
from tests.crypt.fixtures import ROOT_KEY

NOISE = sha256(b"noise").digest() * 100


@pytest.mark.parametrize(
    ("name", "says", "hint"),
    [
        (
            "ChatStorage.sqlite.enc",
            "an iCloud backup, which cannot be opened",
            "Finder or iTunes",
        ),
        ("chatstorage.SQLITE.enc", "an iCloud backup", "Finder or iTunes"),
        ("msgstore.db.crypt", "is crypt, an old format", "make a new backup"),
        ("msgstore.db.crypt5", "is crypt5, an old format", "make a new backup"),
        ("msgstore-2015-03-01.1.db.crypt7", "is crypt7, an old format", "make a new backup"),
        ("msgstore.db.crypt8", "is crypt8, an old format", "make a new backup"),
        ("msgstore.db.crypt10", "is crypt10, an old format", "make a new backup"),
        ("msgstore.db.crypt16", "is crypt16, a format that this version", "update gdrive-wa"),
    ],
)
def test_a_format_that_cannot_be_opened_is_named(
    tmp_path: Path, name: str, says: str, hint: str
) -> None:
    (tmp_path / name).write_bytes(NOISE)
    with pytest.raises(FormatError, match=says) as caught:
        decrypt(tmp_path / name, tmp_path / "out.db", key=ROOT_KEY)
    assert hint in caught.value.hint
    assert not (tmp_path / "out.db").exists()
    report = decrypt(tmp_path, tmp_path / "all", key=ROOT_KEY)
    assert (tmp_path / "all" / name).read_bytes() == NOISE
    assert report.failed == []


def test_a_backup_by_adb_is_named(tmp_path: Path) -> None:
    (tmp_path / "whatsapp.ab").write_bytes(b"ANDROID BACKUP\n5\n1\nnone\n" + NOISE)
    with pytest.raises(FormatError, match="made with adb"):
        decrypt(tmp_path / "whatsapp.ab", key=load_key(ROOT_KEY.reveal()))
    assert inspect(tmp_path / "whatsapp.ab").format == "unknown"
