"""Archives very different from the demo's, made by real restores of phones' folders."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gdrive_wa
from gdrive_wa.emulation.msgstore import Media, Message, MessageStore, write_contacts
from tests.archive.phone import recording

PEOPLE = 40
ODD_MOMENTS = {1: datetime(1970, 1, 1, tzinfo=UTC)}
OWNER = "15550100@s.whatsapp.net"
ODD_NAMES = ("_Ann $100", "$a_1$ & $b$", "Ömer 🎤", "李雷", "A name that is " + "long " * 20)


def one_note(folder: Path) -> gdrive_wa.Archive:
    """One person's only note, of 2016."""
    sent = datetime(2016, 2, 29, 23, 59, tzinfo=UTC)
    return restored(folder, [_message(1, jid_of(1), sent)], with_file={1})


def many_people(folder: Path) -> gdrive_wa.Archive:
    """Forty people in as many chats, over twelve years: notes of the owner, notes without a date,
    a length or a file, names that plots trip over, and recordings that no chat mentions."""
    start = datetime(2012, 5, 1, tzinfo=UTC)
    messages = [
        _message(
            number,
            jid_of(number % PEOPLE + 1),
            ODD_MOMENTS.get(number, start + timedelta(days=30 * number)),
            from_me=number % 3 == 0,
            duration=0 if number % 7 == 0 else 4,
        )
        for number in range(1, 151)
    ]
    with_file = {number for number in range(1, 151) if number % 9}
    undated = set(range(11, 151, 11))
    return restored(folder, messages, with_file=with_file, undated=undated, unmatched=3)


def jid_of(person: int) -> str:
    return f"155501{person:02}@s.whatsapp.net"


def name_of(person: int) -> str:
    return ODD_NAMES[person - 1] if person <= len(ODD_NAMES) else f"Person {person}"


def restored(
    folder: Path,
    messages: Sequence[Message],
    *,
    with_file: AbstractSet[int],
    undated: AbstractSet[int] = frozenset(),
    unmatched: int = 0,
) -> gdrive_wa.Archive:
    """The archive of a phone with these messages; only some of them have their file."""
    phone = folder / "WhatsApp"
    for number in with_file:
        _write(phone / _path(number), _content(number))
    for number in range(unmatched):
        _write(phone / _path(9000 + number), _content(9000 + number))
    databases = phone / "Databases"
    databases.mkdir(parents=True)
    with MessageStore(databases / "msgstore.db") as store:
        store.set_owner(OWNER, "Alex")
        for jid in dict.fromkeys(message.chat_jid for message in messages):
            store.add_chat(jid)
        for message in messages:
            store.add(message)
    with closing(sqlite3.connect(databases / "msgstore.db")) as database, database:
        ids = [(f"3EB0{number:06}",) for number in undated]
        database.executemany("UPDATE message SET timestamp = NULL WHERE key_id = ?", ids)
    chats = sorted({message.chat_jid for message in messages})
    write_contacts(
        databases / "wa.db",
        [
            {"jid": jid, "is_whatsapp_user": 1, "display_name": name_of(int(jid[6:8]))}
            for jid in chats
        ],
    )
    report = gdrive_wa.restore(phone, folder / "archive", timezone="UTC")
    assert report.failed == []
    return gdrive_wa.open_archive(folder / "archive")


def _message(
    number: int, chat: str, sent_at: datetime, *, from_me: bool = False, duration: int = 4
) -> Message:
    content = _content(number)
    media = Media(
        path=_path(number),
        size=len(content),
        mime_type="audio/ogg; codecs=opus",
        sha256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
        duration=duration,
    )
    return Message(
        chat_jid=chat,
        sender_jid=None,
        from_me=from_me,
        key_id=f"3EB0{number:06}",
        sent_at=sent_at,
        message_type=2,
        origin=1,
        media=media,
    )


def _content(number: int) -> bytes:
    """A recording, different for each number: bytes after the last page are not sound."""
    return recording(number) + number.to_bytes(4, "big")


def _path(number: int) -> str:
    return f"Media/WhatsApp Voice Notes/202401/PTT-20240101-WA{number:04}.opus"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
