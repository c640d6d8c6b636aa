"""Voice notes whose file was moved out of the voice notes' folder, and has another name."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa import open_archive, restore
from gdrive_wa.core.model import NoteStatus
from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.msgstore import Media, Message, MessageStore
from gdrive_wa.emulation.story import read_recordings

KEY = RootKey(bytes(range(32)))
CHAT = "15550107@s.whatsapp.net"
MOVED, GONE = [each.audio for each in read_recordings().values()][:2]
FILES = {
    "Media/WhatsApp Audio/from the old phone.opus": MOVED,
    "Media/WhatsApp Audio/as long as the lost one.opus": bytes(len(GONE)),
    "Media/WhatsApp Audio/a song.opus": MOVED + bytes(9),
}


def note(number: int, audio: bytes) -> Message:
    return Message(
        chat_jid=CHAT,
        sender_jid=None,
        from_me=False,
        key_id=f"M{number}",
        sent_at=datetime(2024, 5, number, 8, tzinfo=UTC),
        message_type=2,
        origin=1,
        media=Media(
            path=f"Media/WhatsApp Voice Notes/202418/PTT-2024050{number}-WA0003.opus",
            size=len(audio),
            mime_type="audio/ogg; codecs=opus",
            sha256=base64.b64encode(hashlib.sha256(audio).digest()).decode(),
            duration=2,
        ),
    )


def write_phone(folder: Path, *, sealed: bool) -> None:
    database = folder / "Databases" / "msgstore.db"
    database.parent.mkdir(parents=True)
    with MessageStore(database) as store:
        store.add_chat(CHAT)
        store.add(note(1, MOVED))
        store.add(note(2, GONE))
    if sealed:
        encrypt_file(database, database.with_name("msgstore.db.crypt15"), KEY)
        database.unlink()
    for path, content in FILES.items():
        target, stored = folder / path, content
        if sealed:
            name, stored, envelope = encrypt_media(content, KEY, FileMetadata(name=path))
            target = folder / "Media" / f"{name}.mcrypt1"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(stored)
        if sealed:
            target.with_name(f"{target.name}-metadata").write_text(envelope)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_moved_note_is_known_by_its_content(tmp_path: Path, *, sealed: bool) -> None:
    write_phone(tmp_path / "WhatsApp", sealed=sealed)
    for _ in range(2):
        report = restore(tmp_path / "WhatsApp", tmp_path / "out", key=KEY, tags=False)
        assert not report.failed
        moved, gone = open_archive(tmp_path / "out").notes()
        assert (moved.status, gone.status) == (NoteStatus.RESTORED, NoteStatus.MISSING)
    (only,) = (tmp_path / "out").rglob("*.opus")
    assert only.read_bytes() == MOVED
