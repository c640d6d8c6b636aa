"""The messages around a note: which ones, their senders, the answered message, and reactions."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.chats.increments import Increment, read_increment
from gdrive_wa.chats.iphone import read_iphone_notes
from gdrive_wa.chats.phone import PhoneDatabases
from gdrive_wa.chats.read import read_phone
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.crypt.header import write_varint
from tests.chats.store import (
    ANNA,
    FAMILY,
    MUM,
    SENT,
    Rows,
    jids,
    make_database,
    media,
    message,
    modern,
    old_message,
    thumb_image,
)
from tests.chats.wire import SPOKEN, wire
from tests.sources.apple import Spoken, write_chats

UTC = ZoneInfo("UTC")
HOUR = 3_600_000


def said(number: int, text: str | None, kind: int = 0, **changes: Any) -> dict[str, Any]:
    """A message of the current schema that is not a note."""
    return message(number, text_data=text, message_type=kind, origin=0, **changes)


def note_row(number: int, **changes: Any) -> dict[str, Any]:
    return message(number, text_data=None, **changes)


def notes_of(path: Path, count: int = 3, zone: str = "UTC") -> list[VoiceNote]:
    databases = PhoneDatabases(msgstores=(path,))
    return list(read_phone(databases, ContextWindow(count, ZoneInfo(zone))).notes)


def texts(messages: Sequence[ContextMessage]) -> list[str]:
    return [each.text for each in messages]


def chat_of_nine(path: Path, /, **more: Rows) -> Path:
    rows = [note_row(5) if number == 5 else said(number, f"n{number}") for number in range(1, 10)]
    return modern(path, rows, [media(5)], **more)


def test_three_before_and_three_after_in_their_order(tmp_path: Path) -> None:
    [note] = notes_of(chat_of_nine(tmp_path / "msgstore.db"))
    assert texts(note.before) == ["n2", "n3", "n4"]
    assert texts(note.after) == ["n6", "n7", "n8"]
    assert {(each.sender, each.kind) for each in note.before} == {("+1 5550101", "text")}


@pytest.mark.parametrize(("count", "total"), [(1, 2), (100, 8)])
def test_the_number_of_messages_is_the_users_choice(tmp_path: Path, count: int, total: int) -> None:
    [note] = notes_of(chat_of_nine(tmp_path / "msgstore.db"), count)
    assert len(note.before) + len(note.after) == total


def test_nothing_is_read_unless_asked_for(tmp_path: Path) -> None:
    path = chat_of_nine(tmp_path / "msgstore.db")
    [note] = read_phone(PhoneDatabases(msgstores=(path,))).notes
    assert (note.before, note.after, note.reply_to, note.reactions) == ((), (), None, ())


def test_order_is_by_time_and_then_by_number(tmp_path: Path) -> None:
    rows = [said(1, "late", timestamp=SENT + 9), said(2, "early", timestamp=SENT)]
    rows += [said(3, "twin before", timestamp=SENT + 5), note_row(4, timestamp=SENT + 5)]
    rows += [said(5, "twin after", timestamp=SENT + 5)]
    [note] = notes_of(modern(tmp_path / "msgstore.db", rows, [media(4)]))
    assert texts(note.before) == ["early", "twin before"]
    assert texts(note.after) == ["twin after", "late"]


def test_only_the_same_day_of_the_time_zone(tmp_path: Path) -> None:
    rows = [said(1, "a", timestamp=SENT - 9 * HOUR), note_row(2, timestamp=SENT)]
    rows += [said(3, "b", timestamp=SENT + 12 * HOUR), said(4, "c", timestamp=SENT + 15 * HOUR)]
    path = modern(tmp_path / "msgstore.db", rows, [media(2)])
    [note] = notes_of(path)
    assert (texts(note.before), texts(note.after)) == (["a"], ["b"])
    [note] = notes_of(path, zone="Asia/Tokyo")  # there it is 19 h, and midnight is 5 hours away
    assert (texts(note.before), texts(note.after)) == (["a"], [])
    [note] = notes_of(path, zone="America/New_York")  # there it is 5 h
    assert (texts(note.before), texts(note.after)) == ([], ["b", "c"])


def test_other_chats_and_system_messages_are_not_context(tmp_path: Path) -> None:
    rows = [said(1, "elsewhere", chat_row_id=2), said(2, "who joined", 7), note_row(3)]
    chats = [{"_id": 1, "jid_row_id": 1}, {"_id": 2, "jid_row_id": 2}]
    [note] = notes_of(modern(tmp_path / "msgstore.db", rows, [media(3)], chat=chats))
    assert (note.before, note.after) == ((), ())


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (1, "image"), (3, "video"), (13, "video"), (4, "contact"), (5, "location"), (9, "document"),
        (15, "deleted"), (64, "deleted"), (20, "sticker"), (66, "poll"), (90, "call"),
        (2, "audio"), (82, "voice"), (777, "other"),
    ],
)  # fmt: skip
def test_kinds(tmp_path: Path, kind: int, shown: str) -> None:
    rows = [said(1, "words", kind), note_row(2)]
    notes = notes_of(modern(tmp_path / "msgstore.db", rows, [media(2)]))
    [each] = notes[-1].before
    assert each.kind == shown
    assert each.text == ("" if shown == "deleted" else "words")


def test_notes_are_around_each_other_as_voice(tmp_path: Path) -> None:
    first, second = notes_of(
        modern(tmp_path / "msgstore.db", [note_row(1), note_row(2)], [media(1), media(2)])
    )
    assert [each.kind for each in first.after] == [ContextKind.VOICE]
    assert [each.kind for each in second.before] == [ContextKind.VOICE]


def test_a_long_text_is_cut_and_a_document_goes_by_its_name(tmp_path: Path) -> None:
    rows = [said(1, "x" * 9000), said(2, None, 9), note_row(3)]
    named = media(2, mime_type="application/pdf", media_name="Bill.pdf", file_path="Media/b.pdf")
    [note] = notes_of(modern(tmp_path / "msgstore.db", rows, [named, media(3)]))
    assert texts(note.before) == ["x" * 2000, "Bill.pdf"]


def test_the_sender_in_a_group(tmp_path: Path) -> None:
    rows = [said(1, "hers", sender_jid_row_id=2), said(2, "mine", from_me=1), note_row(3)]
    chat = [{"_id": 1, "jid_row_id": 3, "subject": "Family"}]
    [note] = notes_of(modern(tmp_path / "msgstore.db", rows, [media(3)], chat=chat))
    hers, mine = note.before
    assert (hers.sender, hers.sender_jid, hers.from_me) == ("+1 5550102", ANNA, False)
    assert (mine.sender, mine.sender_jid, mine.from_me) == ("Alex", None, True)


def test_the_answered_message_and_reactions(tmp_path: Path) -> None:
    quoted = {
        "message_row_id": 5, "chat_row_id": 1, "parent_message_chat_row_id": 1, "from_me": 1,
        "sender_jid_row_id": 0, "message_type": 1, "text_data": "the garden", "origin": 0,
    }  # fmt: skip
    add_ons = [
        {"_id": 1, "chat_row_id": 1, "parent_message_row_id": 5, "from_me": 1,
         "sender_jid_row_id": 0, "message_add_on_type": 56},
        {"_id": 2, "chat_row_id": 1, "parent_message_row_id": 5, "from_me": 0,
         "sender_jid_row_id": 1, "message_add_on_type": 56},
        {"_id": 3, "chat_row_id": 1, "parent_message_row_id": 5, "from_me": 0,
         "sender_jid_row_id": 1, "message_add_on_type": 67},
    ]  # fmt: skip
    emojis = [(1, "👍"), (2, ""), (3, "vote")]
    path = chat_of_nine(
        tmp_path / "msgstore.db",
        message_quoted=[quoted],
        message_add_on=add_ons,
        message_add_on_reaction=[
            {"message_add_on_row_id": number, "reaction": emoji} for number, emoji in emojis
        ],
    )
    [note] = notes_of(path)
    assert note.reply_to is not None
    assert (note.reply_to.sender, note.reply_to.text) == ("Alex", "the garden")
    assert note.reply_to.kind == "image"
    assert [(each.sender, each.emoji) for each in note.reactions] == [("Alex", "👍")]


def test_the_old_schema(tmp_path: Path) -> None:
    def old(number: int, **changes: Any) -> dict[str, Any]:
        row = {"data": None, "media_caption": None, "status": 0, "quoted_row_id": 0}
        return old_message(number) | row | changes

    rows = [old(1, media_wa_type="0", data="first"), old(2, media_wa_type="0", status=6, data="x")]
    thumb = thumb_image("Media/WhatsApp Images/IMG-1.jpg")
    sea = {"media_caption": "the sea", "data": "link of the app's", "thumb_image": thumb}
    rows += [old(3, media_wa_type="1", **sea)]
    rows += [old(4, quoted_row_id=7), old(5, media_wa_type="0", data="last", key_from_me=1)]
    rows += [old(6, media_wa_type="0", data="else", key_remote_jid=ANNA)]
    quote = old_message(7) | {"media_wa_type": "0", "data": "a question", "key_from_me": 1}
    path = make_database(tmp_path / "msgstore.db", {"messages": rows, "messages_quotes": [quote]})
    [note] = notes_of(path)
    assert texts(note.before) == ["first", "the sea"]
    assert [(each.text, each.from_me) for each in note.after] == [("last", True)]
    assert note.before[1].kind == "image"
    assert note.before[1].whatsapp_path == "Media/WhatsApp Images/IMG-1.jpg"
    assert note.reply_to is not None
    assert (note.reply_to.text, note.reply_to.from_me) == ("a question", True)


def test_damaged_values_cost_only_themselves(tmp_path: Path) -> None:
    rows = [said(1, "ok"), said(2, "no time", timestamp="?", received_timestamp=None)]
    rows += [said(3, "odd", from_me="x", sender_jid_row_id="y"), note_row(4)]
    path = modern(tmp_path / "msgstore.db", rows, [media(4)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE message SET text_data = x'ff00' WHERE _id = 3")
        database.commit()
    [note] = notes_of(path)
    assert texts(note.before) == ["ok", "\ufffd"]


def iphone(path: Path) -> Path:
    """Three texts from Mum, and a note that answers the first of them."""
    first = 1_735_000_000
    rows = [Spoken(number=4, sent=first + 4, path="Media/a.opus", audio=b"a")]
    rows += [
        Spoken(number=number, sent=first + number, path="", audio=b"", kind=0)
        for number in (1, 2, 3)
    ]
    write_chats(path, rows)
    reaction = wire(2, MUM) + wire(3, "❤️") + wire(4, 9)
    own = wire(3, "👍")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("ALTER TABLE ZWAMESSAGE ADD COLUMN ZTEXT")
        database.execute("ALTER TABLE ZWAMEDIAITEM ADD COLUMN ZMETADATA")
        database.execute("UPDATE ZWAMESSAGE SET ZTEXT = 'said ' || Z_PK WHERE Z_PK < 4")
        database.execute("UPDATE ZWAMESSAGE SET ZMESSAGETYPE = 6 WHERE Z_PK = 2")
        database.execute(
            "UPDATE ZWAMEDIAITEM SET ZMETADATA = ? WHERE ZMESSAGE = 4", (wire(5, "STANZA1"),)
        )
        database.execute(
            "CREATE TABLE ZWAMESSAGEINFO (Z_PK INTEGER PRIMARY KEY, ZMESSAGE, ZRECEIPTINFO)"
        )
        database.execute(
            "INSERT INTO ZWAMESSAGEINFO VALUES (1, 4, ?)",
            (wire(7, wire(1, reaction) + wire(1, own)),),
        )
        database.commit()
    return path


def test_an_iphone(tmp_path: Path) -> None:
    path = iphone(tmp_path / "ChatStorage.sqlite")
    [note] = read_iphone_notes(path, owner="Alex", context=ContextWindow(3, UTC))
    assert texts(note.before) == ["said 1", "said 3"]
    assert note.reply_to is not None
    assert note.reply_to.text == "said 1"
    assert [(each.from_me, each.emoji) for each in note.reactions] == [(False, "❤️"), (True, "👍")]
    [bare] = read_iphone_notes(path, owner="Alex")
    assert (bare.before, bare.reply_to, bare.reactions) == ((), None, ())


def test_a_picture_on_an_iphone_has_its_path(tmp_path: Path) -> None:
    path = iphone(tmp_path / "ChatStorage.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE ZWAMESSAGE SET ZMESSAGETYPE = 1 WHERE Z_PK = 3")
        database.execute("UPDATE ZWAMEDIAITEM SET ZMEDIALOCALPATH = 'Media/x.jpg'")
        database.commit()
    [note] = read_iphone_notes(path, context=ContextWindow(3, UTC))
    assert [each.whatsapp_path for each in note.before] == [None, "Message/Media/x.jpg"]


@pytest.mark.parametrize("blob", [b"\x2a\x7f", b"\xff" * 20, b"\x3a\x02\x0a\x7f", "text", 7])
def test_blobs_of_an_iphone_that_are_not_messages(tmp_path: Path, blob: object) -> None:
    path = iphone(tmp_path / "ChatStorage.sqlite")
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE ZWAMEDIAITEM SET ZMETADATA = ?", (blob,))
        database.execute("UPDATE ZWAMESSAGEINFO SET ZRECEIPTINFO = ?", (blob,))
        database.commit()
    [note] = read_iphone_notes(path, context=ContextWindow(3, UTC))
    assert (note.reply_to, note.reactions, len(note.before)) == (None, (), 2)


def test_family_is_not_mixed_with_its_members(tmp_path: Path) -> None:
    rows = [said(1, "in private", chat_row_id=2), note_row(2), said(3, "to all")]
    chats: list[dict[str, Any]] = [
        {"_id": 1, "jid_row_id": 3, "subject": "Family"},
        {"_id": 2, "jid_row_id": 1},
    ]
    [note] = notes_of(
        modern(tmp_path / "m.db", rows, [media(2)], chat=chats, jid=jids(MUM, ANNA, FAMILY))
    )
    assert (texts(note.before), texts(note.after)) == ([], ["to all"])


def info(
    number: int, content: bytes, *, chat: str = MUM, mine: int = 0, more: bytes = b""
) -> bytes:
    """A WebMessageInfo that was sent `number` seconds after the messages of the database."""
    key = wire(1, chat) + wire(2, mine) + wire(3, f"INC{number}")
    return wire(1, key) + wire(2, content) + wire(3, SENT // 1000 + 100 + number) + more


def increment(path: Path, *infos: bytes, chat: str = MUM) -> Increment:
    conversation = wire(1, chat) + b"".join(wire(2, wire(1, each)) for each in infos)
    sync = wire(2, conversation)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("messages.bin", write_varint(len(sync)) + sync)
    return read_increment(path)


def notes_with(path: Path, *increments: Increment, owner: str = "15550100") -> list[VoiceNote]:
    databases = PhoneDatabases(msgstores=(path,), increments=increments, owner_number=owner)
    return list(read_phone(databases, ContextWindow(3, UTC)).notes)


def answering(quoted: bytes, participant: str) -> bytes:
    """A note that answers a message."""
    context = wire(1, "X") + wire(2, participant) + wire(3, quoted)
    return wire(8, wire(5, 7) + wire(6, 1) + wire(17, context))


def test_an_increment_continues_where_the_database_ends(tmp_path: Path) -> None:
    path = modern(tmp_path / "m.db", [said(1, "old"), note_row(2)], [media(2)])
    reaction = wire(41, wire(1, wire(2, 1)) + wire(2, "\U0001f600"))
    later = increment(
        tmp_path / "i.zip",
        info(1, wire(1, "plain")),
        info(2, answering(wire(1, "asked"), "15550100@s.whatsapp.net"), more=reaction),
        info(3, wire(40, wire(1, wire(6, wire(1, "wrapped")))), mine=1),
        info(4, wire(3, wire(3, "caption"))),
    )
    first, second = notes_with(path, later)
    assert texts(first.before) == ["old"]
    assert texts(first.after) == ["plain", "", "wrapped"]
    assert texts(second.before) == ["old", "", "plain"]
    assert [(each.text, each.kind, each.sender) for each in second.after] == [
        ("wrapped", "text", "Alex"),
        ("caption", "image", "+1 5550101"),
    ]
    assert second.reply_to is not None
    assert (second.reply_to.text, second.reply_to.sender) == ("asked", "Alex")
    assert [(each.sender, each.emoji) for each in second.reactions] == [("Alex", "\U0001f600")]


def test_a_picture_of_an_increment_has_its_path(tmp_path: Path) -> None:
    path = make_database(tmp_path / "m.db", {"message": []})
    stored = wire(38, wire(1, "/storage/emulated/0/WhatsApp/Media/WhatsApp Images/a.jpg"))
    picture = info(1, wire(3, wire(3, "the sea")), more=stored)
    [note] = notes_with(path, increment(tmp_path / "i.zip", picture, info(2, SPOKEN)))
    assert [each.whatsapp_path for each in note.before] == ["Media/WhatsApp Images/a.jpg"]


def test_a_message_of_both_is_in_the_context_once(tmp_path: Path) -> None:
    path = modern(tmp_path / "m.db", [said(1, "old"), note_row(2), said(300, "newest")], [media(2)])
    one = increment(tmp_path / "1.zip", info(1, wire(1, "known")), info(400, wire(1, "new")))
    two = increment(tmp_path / "2.zip", info(400, wire(1, "edited")))
    [note] = notes_with(path, one, two)
    assert texts(note.after) == ["newest", "edited"]


def test_a_note_of_an_increment_alone(tmp_path: Path) -> None:
    path = make_database(tmp_path / "m.db", {"message": []})
    [note] = notes_with(path, increment(tmp_path / "i.zip", info(1, wire(1, "a")), info(2, SPOKEN)))
    assert texts(note.before) == ["a"]


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (wire(4, wire(1, "Ben")), "contact", "Ben"),
        (wire(5, wire(3, "The pier")), "location", "The pier"),
        (wire(7, wire(8, "bill.pdf")), "document", "bill.pdf"),
        (wire(9, wire(7, "waves")), "video", "waves"),
        (wire(8, wire(2, "audio/mpeg")), "audio", ""),
        (wire(10, b""), "call", ""),
        (wire(12, wire(2, 0)), "deleted", ""),
        (wire(26, b""), "sticker", ""),
        (wire(64, wire(2, "When?")), "poll", "When?"),
        (wire(6, wire(1, "y" * 9000)), "text", "y" * 2000),
    ],
)
def test_kinds_of_an_increment(tmp_path: Path, content: bytes, kind: str, text: str) -> None:
    path = make_database(tmp_path / "m.db", {"message": []})
    later = increment(tmp_path / "i.zip", info(1, content), info(2, SPOKEN))
    [note] = notes_with(path, later)
    assert [(each.kind, each.text) for each in note.before] == [(kind, text)]


@pytest.mark.parametrize(
    "unwritten",
    [
        info(1, wire(1, "x"), more=wire(24, 27)),
        info(1, wire(12, wire(2, 3))),
        info(1, wire(46, wire(2, "x"))),
        info(1, b""),
    ],
)
def test_messages_without_text_of_a_person_are_not_context(
    tmp_path: Path, unwritten: bytes
) -> None:
    path = make_database(tmp_path / "m.db", {"message": []})
    [note] = notes_with(path, increment(tmp_path / "i.zip", unwritten, info(2, SPOKEN)))
    assert note.before == ()
