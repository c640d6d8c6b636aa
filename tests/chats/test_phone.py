"""Several databases and increments of one phone, combined."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.chats.merged import MergedNotes
from gdrive_wa.chats.nameless import count_nameless
from gdrive_wa.chats.people import UNKNOWN_CHAT
from gdrive_wa.chats.read import (
    PhoneDatabases,
    read_files,
    read_increment_links,
    read_phone,
    read_voice_notes,
)
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import VoiceNote
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    Rows,
    jids,
    make_database,
    media,
    message,
    modern,
    path_of,
)
from tests.chats.test_damaged import large, overwrite
from tests.chats.test_increments import by_numbers, with_tables
from tests.chats.wire import a_conversation, wire

GROUP = "120363000000000002@g.us"
LID = "98765432100001@lid"
LATE = 1_709_000_000
"""Later than every message of these databases, in seconds."""


def test_older_databases_fill_in_deleted_messages(tmp_path: Path) -> None:
    newest = modern(tmp_path / "msgstore.db", [message(2), message(3)], [media(2), media(3)])
    older = modern(
        tmp_path / "msgstore-2024-01-01.1.db",
        [message(1), message(2, starred=1)],
        [media(1), media(2, file_path="Media/elsewhere.opus")],
    )
    oldest = modern(tmp_path / "msgstore-2023-12-01.1.db", [message(1), message(9)], [])
    chats = read_voice_notes(newest, older=[older, oldest])
    assert [note.message_id[-1] for note in chats] == ["1", "2", "3", "9"]
    assert [note.whatsapp_path for note in chats] == [path_of(1), path_of(2), path_of(3), None]
    assert not any(note.starred for note in chats)
    assert chats.warnings == (
        "1 voice note that msgstore.db no longer has: found in msgstore-2024-01-01.1.db",
        "1 voice note that msgstore.db no longer has: found in msgstore-2023-12-01.1.db",
    )


def test_a_copy_gives_back_what_damaged_pages_have_taken(tmp_path: Path) -> None:
    sound = large(tmp_path / "copy.db")
    damaged = tmp_path / "msgstore.db"
    damaged.write_bytes(sound.read_bytes())
    overwrite(damaged, "message", 3, 12)
    overwrite(damaged, "message_media", 2)
    alone, both = read_voice_notes(damaged), read_voice_notes(damaged, older=[sound])
    assert len(alone) < 800
    assert list(both) == list(read_voice_notes(sound))
    assert both.warnings[0].startswith("msgstore.db is damaged: up to")
    assert "found in copy.db" in both.warnings[1]


def test_the_newest_database_that_opens_counts(tmp_path: Path) -> None:
    rubbish = tmp_path / "msgstore.db"
    rubbish.write_bytes(b"rubbish")
    other = make_database(tmp_path / "other.db", {"wa_contacts": [{"_id": 1}]})
    sound = modern(tmp_path / "sound.db", [message(1)], [])
    chats = read_phone(PhoneDatabases(msgstores=(rubbish, other, sound)))
    assert len(chats) == 1
    assert len(chats.warnings) == 2
    with pytest.raises(DatabaseError, match=r"msgstore\.db"):
        read_phone(PhoneDatabases(msgstores=(rubbish, other)))


def test_names_come_from_the_newest_that_has_one(tmp_path: Path) -> None:
    chat: Rows = [
        {"_id": 1, "jid_row_id": 1, "subject": None},
        {"_id": 2, "jid_row_id": 3, "subject": "New"},
    ]
    newest = modern(tmp_path / "a.db", [message(1), message(2, chat_row_id=2)], [], chat=chat)
    old_chat: Rows = [
        {"_id": 7, "jid_row_id": 3, "subject": "Old"},
        {"_id": 8, "jid_row_id": 2, "subject": None},
    ]
    older = modern(
        tmp_path / "b.db",
        [message(3, chat_row_id=7), message(4, chat_row_id=8)],
        [],
        chat=old_chat,
        props=[{"key": "user_push_name", "value": "Former"}],
    )
    wa = [
        make_database(tmp_path / f"{name}.wa", {"wa_contacts": rows})
        for name, rows in {
            "new": [{"jid": MUM, "display_name": "Mum"}],
            "old": [{"jid": MUM, "display_name": "M"}, {"jid": ANNA, "display_name": "Anna"}],
        }.items()
    ]
    chats = read_phone(PhoneDatabases(msgstores=(newest, older), wa=tuple(wa)))
    assert chats.owner == "Alex"
    assert [note.chat for note in chats] == ["Mum", "New", "New", "Anna"]


def test_a_number_that_only_an_older_database_knows_joins_two_halves_of_a_chat(
    tmp_path: Path,
) -> None:
    newest = modern(tmp_path / "a.db", [message(2)], [], jid=jids(LID))
    older = modern(
        tmp_path / "b.db",
        [message(1)],
        [],
        jid=jids(MUM, LID),
        jid_map=[{"lid_row_id": 2, "jid_row_id": 1}],
    )
    chats = read_voice_notes(newest, older=[older])
    assert {note.chat_jid for note in chats} == {MUM}


def test_a_message_whose_chat_is_lost_gets_it_from_a_copy() -> None:
    def note(chat: str, **changes: object) -> VoiceNote:
        fields: dict[str, object] = {
            "chat": chat,
            "chat_jid": chat,
            "sender": "?",
            "from_me": False,
            "sent_at": None,
            "message_id": "A",
        }
        return VoiceNote(**(fields | changes))  # type: ignore[arg-type]

    merged = MergedNotes()
    merged.add([note(UNKNOWN_CHAT, size=7)])
    merged.add([note(MUM, size=9, sender_jid=MUM, sender="Mum", forwarded=True)])
    [found] = merged.by_time()
    assert (found.chat_jid, found.sender, found.size, found.forwarded) == (MUM, "Mum", 7, True)
    assert merged.added == 1


def test_a_later_increment_renames_a_group_and_an_older_one_does_not(tmp_path: Path) -> None:
    chat = [{"_id": 1, "jid_row_id": 3, "subject": "As the database has it"}]
    store = modern(tmp_path / "msgstore.db", [message(1, sender_jid_row_id=2)], [], chat=chat)
    for sent, name in ((LATE, "Renamed"), (1_700_000_000, "As the database has it")):
        raw = a_conversation(FAMILY, sent=sent, sender=ANNA, name="Renamed")
        increment = read_increment(by_numbers(tmp_path / f"{sent}.zip", raw))
        chats = read_voice_notes(store, increments=[increment])
        assert {note.chat for note in chats} == {name}
        assert len(chats) == 2


def test_table_changes_name_people_and_groups(tmp_path: Path) -> None:
    store = modern(tmp_path / "msgstore.db", [message(1)], [])
    tables = {
        "jid": [
            {"_id": 900, "user": "98765432100001", "server": "lid", "raw_string": LID},
            {"_id": 902, "user": GROUP[:-5], "server": "g.us"},
        ],
        "jid_map": [{"lid_row_id": 900, "jid_row_id": 2}],  # row 2 is the database's own
        "chat": [{"_id": 50, "jid_row_id": 902, "subject": "New group"}],
        "lid_display_name": [{"lid_row_id": 900, "display_name": "Anna by hidden id"}],
    }
    raw = a_conversation(LID, sent=LATE) + a_conversation(GROUP, sent=LATE, sender=LID, number="2")
    increment = read_increment(with_tables(tmp_path / "increment.zip", tables, raw))
    _, alone, together = read_voice_notes(store, increments=[increment])
    assert (alone.chat, alone.chat_jid) == ("Anna by hidden id", ANNA)
    assert (together.chat, together.sender, together.sender_jid) == (
        "New group",
        "Anna by hidden id",
        ANNA,
    )


def test_links_of_increments_name_their_chats_as_the_notes_do(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1)],
        [],
        jid=jids(MUM, LID),
        jid_map=[{"lid_row_id": 2, "jid_row_id": 1}],
    )
    audio = wire(8, wire(1, "https://mmg.whatsapp.net/x.enc") + wire(6, 1) + wire(7, b"k" * 32))
    raw = a_conversation(LID, sent=LATE, message=audio) + a_conversation(MUM, sent=LATE, number="2")
    increment = read_increment(by_numbers(tmp_path / "increment.zip", raw))
    databases = PhoneDatabases(msgstores=(store,), increments=(increment,))
    [link] = read_increment_links(databases)
    assert (link.chat_jid, link.message_id, link.media_key) == (MUM, "INC1", b"k" * 32)
    assert (link.url, link.direct_path) == ("https://mmg.whatsapp.net/x.enc", None)
    assert link.chat_jid in {note.chat_jid for note in read_phone(databases)}


def test_a_file_is_matched_by_any_database_that_names_it(tmp_path: Path) -> None:
    newest = modern(tmp_path / "a.db", [message(2)], [media(2)])
    older = modern(
        tmp_path / "b.db",
        [message(1, message_type=3), message(2)],
        [media(1, file_path="Media/WhatsApp Video/VID-1.mp4"), media(2)],
    )
    databases = PhoneDatabases(msgstores=(newest, older))
    found = list(read_files(databases, lambda path, _: (path or "").endswith((".mp4", "2.opus"))))
    assert [(file.row.whatsapp_path, file.message_type) for file in found] == [
        (path_of(2), 2),
        ("Media/WhatsApp Video/VID-1.mp4", 3),
        (path_of(2), 2),
    ]


def test_no_database_is_ever_changed(tmp_path: Path) -> None:
    paths = [large(tmp_path / "a.db"), modern(tmp_path / "b.db", [message(1)], [media(1)])]
    overwrite(paths[0], "message", 4)
    before = [hashlib.sha256(path.read_bytes()).digest() for path in paths]
    read_voice_notes(paths[0], older=paths[1:])
    assert [hashlib.sha256(path.read_bytes()).digest() for path in paths] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "b.db"]


def test_the_user_learns_how_to_name_the_chats() -> None:
    found = count_nameless([MUM, MUM, ANNA, LID, FAMILY], [MUM, LID, FAMILY])
    assert (found.total, found.chats, found.numbers) == (3, 4, 1)
    said = found.advice(contacts_given=False)
    assert said[0] == "3 of 4 chats have no name"
    assert "--contacts" in said[1]
    assert "--contacts" not in " ".join(found.advice(contacts_given=True))
    assert count_nameless([MUM], []).advice(contacts_given=False) == ()
