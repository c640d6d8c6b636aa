"""Who spoke, and the names of people and chats."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.chats.people import bare, sender_in
from gdrive_wa.chats.read import read_voice_notes
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    jids,
    make_database,
    media,
    message,
    modern,
    old_message,
)

LIST = "15550155@broadcast"
LID = "200000000000001@lid"
CHANNEL = "120363000000000077@newsletter"
BOT = "867051314767696@bot"
HOSTED = "15550102:99@hosted"


@pytest.mark.parametrize("column", [LIST, LID, FAMILY, ANNA, CHANNEL, "15550101:3@s.whatsapp.net"])
def test_a_chat_of_two_has_one_other_sender(tmp_path: Path, column: str) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1, sender_jid_row_id=2), message(2, sender_jid_row_id=2, from_me=1)],
        [],
        jid=jids(MUM, column),
        messages=[old_message(5, remote_resource=column)],
    )
    notes = {note.message_id: note for note in read_voice_notes(store)}
    assert {notes[each].sender_jid for each in ("3EB00001", "OLD0005")} == {MUM}
    assert {notes[each].sender for each in ("3EB00001", "OLD0005")} == {"+1 5550101"}
    assert (notes["3EB00002"].sender, notes["3EB00002"].sender_jid) == ("Alex", None)


def test_in_a_group_only_a_person_speaks() -> None:
    for author in (LIST, FAMILY, CHANNEL, None):
        assert sender_in(FAMILY, author, mine=False) is None
    assert sender_in(FAMILY, ANNA, mine=False) == ANNA


def test_jids_that_are_not_people_are_never_written_as_numbers(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(number, chat_row_id=number) for number in range(1, 6)],
        [],
        jid=jids(CHANNEL, BOT, HOSTED, LIST, "15550177@temp"),
        chat=[{"_id": number, "jid_row_id": number, "subject": None} for number in range(1, 6)],
    )
    found = [(note.chat, note.sender, note.chat_jid) for note in read_voice_notes(store)]
    assert found == [
        ("Channel", "Channel", CHANNEL),
        ("Bot 7696", "Bot 7696", BOT),
        ("+1 5550102", "+1 5550102", ANNA),
        ("Broadcast list", "Unknown", LIST),
        ("Unknown (0177)", "Unknown", "15550177@temp"),
    ]


def test_a_hosted_jid_is_its_number() -> None:
    assert bare(HOSTED) == ANNA
    assert bare("200000000000001:99@hosted.lid") == LID


def test_names_are_taken_from_every_table(tmp_path: Path) -> None:
    people = [f"1555010{number}@s.whatsapp.net" for number in range(1, 6)]
    store = modern(
        tmp_path / "msgstore.db",
        [message(number, chat_row_id=number) for number in range(1, 7)],
        [],
        jid=jids(FAMILY, CHANNEL, *people),
        chat=[{"_id": number, "jid_row_id": number, "subject": None} for number in range(1, 7)],
        newsletter=[{"chat_row_id": 2, "name": "Space News"}],
    )
    wa = make_database(
        tmp_path / "wa.db",
        {
            "wa_contacts": [
                {"jid": FAMILY, "display_name": "Sunday lunch", "wa_name": None},
                {"jid": people[0], "display_name": "Ana", "wa_name": "ana!"},
                {"jid": people[1], "display_name": None, "wa_name": "bakery"},
            ],
            "wa_vnames": [{"jid": people[1], "verified_name": "Bakery Verified"}],
            "wa_address_book": [
                {"jid": people[2], "display_name": "Uncle Book", "number": None},
                {"jid": None, "display_name": "Aunt Dialled", "number": "555-0104"},
            ],
        },
    )
    chats = read_voice_notes(store, wa=wa)
    assert [note.chat for note in chats] == [
        "Sunday lunch",
        "Space News",
        "Ana",
        "Bakery Verified",
        "Uncle Book",
        "Aunt Dialled",
    ]
    assert chats.nameless == ()


def test_a_chat_pairs_a_hidden_id_with_its_number(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1)],
        [],
        jid=jids(LID, ANNA),
        chat=[{"_id": 1, "jid_row_id": 1, "subject": None, "account_jid_row_id": 2}],
    )
    [note] = read_voice_notes(store)
    assert (note.chat_jid, note.sender_jid) == (ANNA, ANNA)


def test_an_account_that_many_chats_share_is_not_one_persons_number(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2, chat_row_id=2)],
        [],
        jid=jids(LID, "200000000000002@lid", ANNA),
        chat=[
            {"_id": number, "jid_row_id": number, "subject": None, "account_jid_row_id": 3}
            for number in (1, 2)
        ],
    )
    assert [note.chat_jid for note in read_voice_notes(store)] == [LID, "200000000000002@lid"]


def test_marks_of_direction_are_not_part_of_a_name(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2, chat_row_id=2)],
        [],
        chat=[
            {"_id": 1, "jid_row_id": 1, "subject": None},
            {"_id": 2, "jid_row_id": 3, "subject": "\u200eFamily\u200f "},
        ],
    )
    wa = make_database(
        tmp_path / "wa.db", {"wa_contacts": [{"jid": MUM, "display_name": "\u202a\u200eMum\u202c"}]}
    )
    assert [note.chat for note in read_voice_notes(store, wa=wa)] == ["Mum", "Family"]


def test_two_chats_of_one_name_stay_two(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2, chat_row_id=2)],
        [],
        chat=[{"_id": number, "jid_row_id": number, "subject": None} for number in (1, 2)],
    )
    wa = make_database(
        tmp_path / "wa.db",
        {
            "wa_contacts": [
                {"jid": MUM, "display_name": "Sam"},
                {"jid": ANNA, "display_name": "Sam"},
            ]
        },
    )
    notes = read_voice_notes(store, wa=wa)
    assert {note.chat for note in notes} == {"Sam"}
    assert [note.chat_jid for note in notes] == [MUM, ANNA]


def test_chats_without_a_name_are_counted(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [message(1), message(2), message(3, chat_row_id=2), message(4, chat_row_id=3)],
        [media(1)],
        jid=jids(MUM, LID, FAMILY),
        chat=[
            {"_id": 1, "jid_row_id": 1, "subject": None},
            {"_id": 2, "jid_row_id": 2, "subject": None},
            {"_id": 3, "jid_row_id": 3, "subject": "Sunday lunch"},
        ],
    )
    assert read_voice_notes(store).nameless == (MUM, LID)
