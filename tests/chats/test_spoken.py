"""What is a voice note, and what was attached."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa.chats.iphone import read_iphone_files, read_iphone_notes
from gdrive_wa.chats.phone import Phone, PhoneDatabases
from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.chats.spoken import is_spoken
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    media,
    message,
    modern,
    old_message,
    path_of,
    sha256_of,
)
from tests.sources.apple import Spoken, write_chats

SHARED = "Media/WhatsApp Audio/AUD-20240101-WA0001.opus"


@pytest.mark.parametrize(
    ("mime_type", "path", "waveform", "forwarded", "spoken"),
    [
        ("audio/ogg", SHARED, True, False, True),
        ("audio/ogg", SHARED, False, True, True),
        ("audio/ogg", SHARED, False, False, False),
        ("audio/ogg; codecs=opus", SHARED, False, False, True),
        ("audio/ogg;codecs=opus", None, False, False, True),
        ("audio/mpeg", "Media/WhatsApp Audio/AUD-1.mp3", True, True, False),
        ("audio/amr", "Media/WhatsApp Voice Notes/201401/PTT-20140101-WA0001.amr", 0, 0, True),
        (None, "Media/.trashed-1700000000-PTT-20240101-WA0001.opus", False, False, True),
        (None, SHARED, False, False, False),
        ("video/mp4", path_of(1), True, True, False),
    ],
)
def test_audio_without_the_mark(
    mime_type: str | None, path: str | None, waveform: bool, forwarded: bool, spoken: bool
) -> None:
    found = is_spoken(
        marked=False, mime_type=mime_type, path=path, waveform=waveform, forwarded=forwarded
    )
    assert found == spoken
    assert is_spoken(marked=True, mime_type=mime_type, path=path)


def test_forwarded_notes_are_notes_and_songs_are_counted(tmp_path: Path) -> None:
    shared = {"file_path": SHARED, "mime_type": "audio/ogg"}
    store = modern(
        tmp_path / "msgstore.db",
        [
            message(1, origin=0, origination_flags=1),
            message(2, origin=2),
            message(3, origin=0, from_me=1),
            message(4, origin=0),
            message(5, origin=0),
        ],
        [
            media(1, **shared),
            media(2, **shared),
            media(3),
            media(4, file_path="Media/WhatsApp Audio/AUD-2.mp3", mime_type="audio/mpeg"),
            media(5, **shared),
        ],
        audio_data=[{"message_row_id": 2, "waveform": bytes(range(64))}],
    )
    chats = read_voice_notes(store)
    assert [(note.message_id[-1], note.forwarded) for note in chats] == [
        ("1", True),
        ("2", False),
        ("3", False),
    ]
    assert chats.attached == 2


def test_a_forwarded_note_of_the_old_schema(tmp_path: Path) -> None:
    shared = {"origin": 0, "media_name": "AUD-1.opus", "media_mime_type": "audio/ogg"}
    rows = [old_message(1, forwarded=1, **shared), old_message(2, **shared)]
    chats = read_voice_notes(modern(tmp_path / "msgstore.db", [], [], messages=rows))
    assert [(note.message_id, note.forwarded) for note in chats] == [("OLD0001", True)]
    assert chats.attached == 1


def test_on_the_iphone_both_bits_mean_forwarded(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(
        path,
        [
            *(Spoken(number=number, path=f"Media/{number}.opus") for number in (1, 2, 3)),
            Spoken(number=4, path="Media/song.mp3", mime_type="audio/mpeg"),
        ],
    )
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("ALTER TABLE ZWAMESSAGE ADD COLUMN ZFLAGS INTEGER")
        for number, flags in ((1, 0x180), (2, 0x100), (3, 0x10180)):
            database.execute("UPDATE ZWAMESSAGE SET ZFLAGS = ? WHERE Z_PK = ?", (flags, number))
        database.commit()
    chats = read_iphone_notes(path)
    assert {note.message_id: note.forwarded for note in chats} == {
        "STANZA1": True,
        "STANZA2": False,
        "STANZA3": True,
    }
    assert chats.attached == 1
    kinds = {
        file.row.whatsapp_path: file.message_type for file in read_iphone_files(path, everything)
    }
    assert kinds["Message/Media/song.mp3"] == 3


def everything(path: str | None, sha256: str | None) -> bool:
    return bool(path or sha256)


def test_every_row_gives_file_sender_time_and_chat(tmp_path: Path) -> None:
    photo = "Media/WhatsApp Images/IMG-20240101-WA0002.jpg"
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2, message_type=1, chat_row_id=2, sender_jid_row_id=2)],
        [
            media(1),
            media(2, file_path=photo, mime_type="image/jpeg"),
            media(9, file_path="Media/gone.opus", chat_row_id=1),
        ],
        chat=[
            {"_id": 1, "jid_row_id": 1, "subject": None},
            {"_id": 2, "jid_row_id": 3, "subject": "Sunday lunch"},
        ],
        messages=[old_message(5, media_wa_type="3", media_name="VID-1.mp4")],
    )
    with Phone(PhoneDatabases(msgstores=(store,))) as phone:
        found = {file.row.whatsapp_path: file for file in phone.files(everything)}
        hashed = [file.row for file in phone.files(lambda _, sha256: sha256 == sha256_of(2).hex())]
    row = found[photo].row
    assert found[photo].message_type == 1
    assert (row.chat, row.chat_jid, row.sender_jid) == ("Sunday lunch", FAMILY, ANNA)
    assert row.sent_at is not None
    assert hashed == [row]
    gone = found["Media/gone.opus"]
    assert (gone.message_type, gone.row.chat_jid, gone.row.sender) == (None, MUM, "Unknown")
    assert found["VID-1.mp4"].message_type == 3
    assert path_of(1) in found
