"""The current schema: ``message`` and ``message_media``."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.emulation.sample import SampleAccount
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    SENT,
    STATUS,
    jids,
    make_database,
    media,
    message,
    modern,
    path_of,
    sha256_of,
)


def only(path: Path) -> VoiceNote:
    [note] = read_voice_notes(path)
    return note


def test_a_voice_note_has_every_known_field(tmp_path: Path) -> None:
    drawn = bytes(range(64))
    store = modern(
        tmp_path / "msgstore.db",
        [message(5, starred=1, origination_flags=1)],
        [media(5, raw_transcription_text="hello love")],
        audio_data=[{"message_row_id": 5, "waveform": drawn}],
    )
    assert only(store) == VoiceNote(
        chat="+1 5550101",
        chat_jid=MUM,
        sender="+1 5550101",
        sender_jid=MUM,
        from_me=False,
        sent_at=datetime(2024, 1, 1, 10, 0, 5, tzinfo=UTC),
        duration=7,
        size=1005,
        mime_type="audio/ogg; codecs=opus",
        status=NoteStatus.MISSING,
        transcript="hello love",
        starred=True,
        forwarded=True,
        message_id="3EB00005",
        whatsapp_path=path_of(5),
        sha256=sha256_of(5).hex(),
        waveform=tuple(drawn),
    )


def test_the_sample_account_reads_as_it_was_made(sample: SampleAccount, tmp_path: Path) -> None:
    for name in ("msgstore.db", "wa.db"):
        [content] = [
            content for path, content in sample.contents.items() if path.endswith(f"/{name}")
        ]
        (tmp_path / name).write_bytes(content)
    chats = read_voice_notes(tmp_path / "msgstore.db", wa=tmp_path / "wa.db")
    assert chats.owner == "Alex"
    assert chats.warnings == ()
    expected = {note.message_id: note for note in sample.notes}
    assert len(chats) == len(expected)
    for note in chats:  # the sample tells files' fate, and ids as they lie in the database
        known = expected[note.message_id]
        known = replace(known, status=note.status, sender_jid=note.sender_jid)
        assert note == known


@pytest.mark.parametrize(
    ("kind", "origin", "mime_type", "path", "spoken"),
    [
        (2, 1, "audio/ogg; codecs=opus", path_of(1), True),
        (2, 1, None, None, True),
        (2, 0, "audio/mpeg", "Media/WhatsApp Audio/AUD-20240101-WA0001.mp3", False),
        (2, 0, "audio/ogg; codecs=opus", path_of(1), True),
        (2, 7, "audio/ogg; codecs=opus", "Media/WhatsApp Audio/x.opus", True),
        (2, 0, "audio/ogg", "Media/WhatsApp Audio/x.opus", False),
        (2, 3, "audio/mp4", "Media/WhatsApp Voice Notes/202401/PTT-1.m4a", True),
        (2, 0, "audio/mp4", "Media/WhatsApp Audio/AUD-1.m4a", False),
        (2, None, "audio/ogg; codecs=opus", path_of(1), True),
        (2, None, "audio/ogg; codecs=opus", "Media/WhatsApp Audio/x.opus", False),
        (82, 0, "audio/ogg; codecs=opus", None, True),
        (81, 0, "audio/ogg; codecs=opus", None, True),
        (81, 1, "image/jpeg", None, False),
        (103, 0, "audio/ogg", None, True),
        (103, 0, None, None, False),
        (1, 1, "image/jpeg", None, False),
        ("2", "1", "audio/ogg; codecs=opus", path_of(1), True),
    ],
)
def test_what_counts_as_a_voice_note(
    tmp_path: Path,
    kind: object,
    origin: object,
    mime_type: str | None,
    path: str | None,
    spoken: bool,
) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, message_type=kind, origin=origin)],
        [media(1, mime_type=mime_type, file_path=path)],
    )
    assert len(read_voice_notes(store)) == spoken


def test_view_once_is_recognised(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, message_type=82), message(2), message(3)],
        [media(1), media(2), media(3)],
        message_view_once_media=[{"message_row_id": 2, "state": 1}],
    )
    assert [note.view_once for note in read_voice_notes(store)] == [True, True, False]


def test_forwarded_is_read_from_the_flag_or_the_table(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, origination_flags=3), message(2), message(3, origination_flags=2)],
        [],
        message_forwarded=[{"message_row_id": 2, "forward_score": 1}],
    )
    assert [note.forwarded for note in read_voice_notes(store)] == [True, True, False]


def test_in_a_group_the_sender_is_who_spoke(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [
            message(1, sender_jid_row_id=2),
            message(2, sender_jid_row_id=0),
            message(3, from_me=1),
        ],
        [],
        chat=[{"_id": 1, "jid_row_id": 3, "subject": "Sunday lunch"}],
    )
    notes = read_voice_notes(store)
    assert {(note.chat, note.chat_jid) for note in notes} == {("Sunday lunch", FAMILY)}
    assert [(note.sender, note.sender_jid) for note in notes] == [
        ("+1 5550102", ANNA),
        ("Unknown", None),
        ("Alex", None),
    ]


def test_a_device_is_the_person_who_owns_it(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, sender_jid_row_id=4)],
        [],
        jid=jids(MUM, ANNA, FAMILY, "15550102.0:3@s.whatsapp.net"),
        chat=[{"_id": 1, "jid_row_id": 3, "subject": "Sunday lunch"}],
    )
    assert only(store).sender_jid == ANNA


def test_a_hidden_id_is_resolved_to_the_number(tmp_path: Path) -> None:
    lid, unknown = "200000000000001@lid", "200000000000077@lid"
    store = modern(
        tmp_path / "msgstore.db",
        [
            message(1),
            message(2, chat_row_id=2, sender_jid_row_id=4),
            message(3, chat_row_id=2, sender_jid_row_id=5),
        ],
        [],
        jid=jids(MUM, ANNA, FAMILY, lid, unknown),
        jid_map=[{"lid_row_id": 4, "jid_row_id": 1}],
        lid_display_name=[{"lid_row_id": 4, "display_name": "Mum", "username": None}],
        chat=[
            {"_id": 1, "jid_row_id": 4, "subject": None},
            {"_id": 2, "jid_row_id": 3, "subject": "Sunday lunch"},
        ],
    )
    first, second, third = read_voice_notes(store)
    assert (first.chat, first.chat_jid, first.sender_jid) == ("Mum", MUM, MUM)
    assert (second.sender, second.sender_jid) == ("Mum", MUM)
    assert (third.sender, third.sender_jid) == ("Unknown (0077)", unknown)


def test_a_hidden_id_that_stands_for_another_is_resolved_too(tmp_path: Path) -> None:
    first, second, round_, about = (f"20000000000000{number}@lid" for number in range(4))
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2, chat_row_id=2)],
        [],
        jid=jids(MUM, first, second, round_, about),
        jid_map=[
            {"lid_row_id": 2, "jid_row_id": 3},
            {"lid_row_id": 3, "jid_row_id": 1},
            {"lid_row_id": 4, "jid_row_id": 5},
            {"lid_row_id": 5, "jid_row_id": 4},
        ],
        chat=[
            {"_id": 1, "jid_row_id": 2, "subject": None},
            {"_id": 2, "jid_row_id": 4, "subject": None},
        ],
    )
    assert [note.chat_jid for note in read_voice_notes(store)] == [MUM, round_]


def test_status_broadcasts_and_lists_have_names(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(number, chat_row_id=number, sender_jid_row_id=2) for number in (1, 2, 3, 4)],
        [],
        jid=jids(STATUS, ANNA, "1700000000@broadcast", "120363000@newsletter", FAMILY),
        chat=[
            {"_id": number, "jid_row_id": jid, "subject": None}
            for number, jid in enumerate((1, 3, 4, 5), 1)
        ],
    )
    assert [note.chat for note in read_voice_notes(store)] == [
        "Status",
        "Broadcast list",
        "Channel",
        "Group 15550100-1500000000",
    ]
    assert [note.sender_jid for note in read_voice_notes(store)] == [
        ANNA,
        ANNA,
        "120363000@newsletter",
        ANNA,
    ]


def test_orphans_are_counted_and_reported(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, chat_row_id=99), message(2)],
        [media(3), media(4, file_path="Media/WhatsApp Images/IMG-20240101-WA0004.jpg")],
    )
    chats = read_voice_notes(store)
    assert [(note.chat, note.whatsapp_path) for note in chats] == [
        ("Unknown chat", None),
        ("+1 5550101", None),
    ]
    assert chats.warnings == ("msgstore.db: 1 voice notes belong to messages that are gone",)


def test_missing_tables_are_not_read(tmp_path: Path) -> None:
    store = make_database(tmp_path / "msgstore.db", {"message": [message(1), message(2)]})
    notes = list(read_voice_notes(store))
    assert [note.message_id for note in notes] == ["3EB00001", "3EB00002"]
    assert {note.chat for note in notes} == {"Unknown chat"}
    assert read_voice_notes(store).owner == "Me"


@pytest.mark.parametrize("column", [name for name in message(1) if name != "_id"])
def test_any_column_of_a_message_may_be_missing(tmp_path: Path, column: str) -> None:
    row = message(1)
    del row[column]
    assert only(modern(tmp_path / "msgstore.db", [row], [media(1)])).size == 1001


@pytest.mark.parametrize("column", [name for name in media(1) if name != "message_row_id"])
def test_any_column_of_a_file_may_be_missing(tmp_path: Path, column: str) -> None:
    row = media(1)
    del row[column]
    assert only(modern(tmp_path / "msgstore.db", [message(1)], [row])).message_id == "3EB00001"


def test_of_two_sizes_the_known_one_counts(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2), message(3)],
        [
            media(1, file_size=0),
            media(2, file_size=None, file_length=None),
            media(3, file_size=5, file_length=9),
        ],
    )
    assert [note.size for note in read_voice_notes(store)] == [1001, None, 5]


def test_the_sentinel_row_is_not_a_note(tmp_path: Path) -> None:
    sentinel = message(1, chat_row_id=-1, message_type=-1, origin=None, timestamp=None)
    assert len(read_voice_notes(modern(tmp_path / "msgstore.db", [sentinel], []))) == 0


def test_notes_come_by_time_and_then_in_row_order(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, timestamp=SENT), message(3, timestamp=SENT), message(2, timestamp=SENT - 1)],
        [],
    )
    assert [note.message_id for note in read_voice_notes(store)] == [
        "3EB00002",
        "3EB00001",
        "3EB00003",
    ]


def test_the_file_is_not_changed_and_no_other_file_appears(tmp_path: Path) -> None:
    store = modern(tmp_path / "msgstore.db", [message(1)], [media(1)])
    store.chmod(0o400)
    before = hashlib.sha256(store.read_bytes()).digest()
    read_voice_notes(store)
    assert hashlib.sha256(store.read_bytes()).digest() == before
    assert [path.name for path in tmp_path.iterdir()] == ["msgstore.db"]


def test_no_secret_of_the_database_is_in_a_note(tmp_path: Path) -> None:
    store = modern(tmp_path / "msgstore.db", [message(1)], [media(1, media_key=b"canary!!" * 4)])
    assert "canary" not in repr(only(store))
    assert "canary" not in str(only(store).to_json())


def test_a_file_without_a_path_is_identified_by_the_name_of_a_recording(tmp_path: Path) -> None:
    files = [
        media(1, file_path=None, media_name="PTT-20240101-WA0001.opus"),
        media(2, file_path=None, media_name="holiday.opus"),
        media(3, media_name="PTT-20240101-WA0009.opus"),
    ]
    path = modern(tmp_path / "msgstore.db", [message(number) for number in (1, 2, 3)], files)
    found = {note.message_id: note.whatsapp_path for note in read_voice_notes(path)}
    assert found == {
        "3EB00001": "PTT-20240101-WA0001.opus",
        "3EB00002": None,
        "3EB00003": path_of(3),
    }
