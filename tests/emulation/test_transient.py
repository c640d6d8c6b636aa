from __future__ import annotations

import base64
import hashlib
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests

from gdrive_wa.core.model import NoteStatus
from gdrive_wa.crypt.media import decrypt_enc
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator

Row = tuple[str, str, bytes, str]


@pytest.fixture
def rows(sample: SampleAccount, tmp_path: Path) -> dict[str, Row]:
    """The link of each voice note, and the fields of the copy behind it."""
    path = tmp_path / "msgstore.db"
    path.write_bytes(sample.contents["Databases/msgstore.db"])
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(
            "SELECT key_id, direct_path, message_url, media_key, enc_file_hash FROM message"
            " JOIN message_media ON message_row_id = _id WHERE origin = 1"
        ).fetchall()
    return {row[0]: row[1:] for row in found}


def test_the_note_that_the_backup_lacks_can_still_be_fetched(
    emulator: Emulator, sample: SampleAccount, rows: dict[str, Row]
) -> None:
    (note,) = [note for note in sample.notes if note.status is NoteStatus.MISSING]
    link, url, media_key, enc_hash = rows[note.message_id]
    assert url.startswith(f"https://mmg.whatsapp.net{link}")
    sealed = requests.get(emulator.root + link, timeout=10).content
    assert base64.b64encode(hashlib.sha256(sealed).digest()).decode() == enc_hash
    plain: list[bytes] = []
    decrypt_enc(
        io.BytesIO(sealed), len(sealed), media_key, lambda piece: plain.append(bytes(piece))
    )
    assert hashlib.sha256(b"".join(plain)).hexdigest() == note.sha256


def test_every_other_link_has_expired(
    emulator: Emulator, sample: SampleAccount, rows: dict[str, Row]
) -> None:
    note = sample.notes[0]
    answer = requests.get(emulator.root + rows[note.message_id][0], timeout=10)
    assert (answer.status_code, answer.text) == (403, "URL signature expired")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v/none?oe=7FFFFFFF", 404), ("/v/?oe=7FFFFFFF", 404), ("/v/none", 403), ("/v/x?oe=z", 403)],
)
def test_an_invalid_link_is_refused(emulator: Emulator, path: str, status: int) -> None:
    assert requests.get(emulator.root + path, timeout=10).status_code == status
