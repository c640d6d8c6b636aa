"""The databases of a phone, as bytes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tests.chats.store import Rows, fill, jids, thumb_image
from tests.phones.cast import FIRST, hash_of
from tests.phones.model import Chat, Note, Person, Phone, Schema, Store

PAGE = 512
"""Bytes of a page: small, so that a small database has many."""

_CHANGED_BY_YEAR = {
    "jid_map": 2023,
    "lid_display_name": 2023,
    "chat.account_jid_row_id": 2025,
    "message_media.raw_transcription_text": 2024,
    "message_view_once_media": 2021,
    "audio_data": 2021,
}
"""Since when a table or a column is there, about."""


class Numbers:
    """Row numbers of jids."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def __call__(self, jid: str | None) -> int:
        return 0 if jid is None else self.of.setdefault(jid, len(self.of) + 1)

    def rows(self) -> Rows:
        return jids(*self.of)


def msgstore(phone: Phone, store: Store, folder: Path) -> tuple[bytes, bytes]:
    """The database and its write-ahead log, which is empty where nothing is late.

    Args:
        phone: whose.
        store: which.
        folder: for files that SQLite has to write; emptied again.
    """
    early = [note for note in store.notes if note not in store.late]
    if not store.late:
        with closing(_opened(":memory:")) as database:
            fill(database, _tables(phone, store, early))
            database.commit()
            return _harmed(database.serialize(), database, store), b""
    path = folder / "live.db"
    with closing(_opened(path)) as database:
        fill(database, _tables(phone, store, early))
        database.commit()
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        for (table,) in database.execute("SELECT name FROM sqlite_master").fetchall():
            database.execute(f'DROP TABLE "{table}"')
        fill(database, _tables(phone, store, store.notes))
        database.commit()
        log = path.with_name("live.db-wal")
        made = path.read_bytes(), log.read_bytes()
    for each in folder.glob("live.db*"):
        each.unlink()
    return made


def readable_ids(content: bytes) -> Counter[str]:
    """The ids of the messages that SQLite can read by the numbers of their rows, below 1000."""
    found: Counter[str] = Counter()
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        for table in ("message", "messages"):
            for number in range(1, 1000):
                with suppress(sqlite3.Error):
                    row = f"SELECT key_id FROM {table} WHERE _id = {number}"  # noqa: S608
                    found.update(str(key) for (key,) in database.execute(row).fetchall())
    return found


def wa(phone: Phone) -> bytes:
    """``wa.db``."""
    rows: Rows = []
    vnames: Rows = []
    for person in phone.people:
        jid = person.phone_jid if person.mapped and len(rows) % 2 else person.stored_jid
        given, own = person.names.get("wa"), person.names.get("push")
        if given is not None and phone.marked:
            given = f"\u200e{given}\u200f"
        rows.append({"jid": jid, "display_name": given, "wa_name": own})
        if "verified" in person.names:
            vnames.append({"jid": jid, "verified_name": person.names["verified"]})
    rows += [{"jid": room, "display_name": name} for room, name in phone.groups_in_wa.items()]
    tables: dict[str, Rows] = {"wa_contacts": rows}
    if vnames:
        tables["wa_vnames"] = vnames
    with closing(_opened(":memory:")) as database:
        fill(database, tables)
        return bytes(database.serialize())


def _opened(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA page_size = {PAGE}")
    database.execute("PRAGMA synchronous = OFF")
    return database


def _harmed(content: bytes, database: sqlite3.Connection, store: Store) -> bytes:
    """The database with the pages of messages that are damaged, and without its end if cut."""
    if store.cut:
        return content[: len(content) // 3]
    if not store.damaged:
        return content
    table = "messages" if store.schema.legacy == "all" else "message"
    leaves = _leaves(content, database, table)
    harmed = bytearray(content)
    for place in store.damaged:
        page = leaves[place % len(leaves)]
        harmed[(page - 1) * PAGE : page * PAGE] = b"\xa5" * PAGE
    return bytes(harmed)


def _leaves(content: bytes, database: sqlite3.Connection, table: str) -> list[int]:
    """The pages that hold the rows of a table: those below its root, or the root alone."""
    (root,) = database.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
    ).fetchone()
    page = content[(root - 1) * PAGE : root * PAGE]
    if page[0] != 5:
        return [root]
    cells = [int.from_bytes(page[12 + 2 * at : 14 + 2 * at]) for at in range(page[4])]
    return [int.from_bytes(page[cell : cell + 4]) for cell in cells] + [int.from_bytes(page[8:12])]


def _tables(phone: Phone, store: Store, notes: list[Note]) -> dict[str, Rows]:
    schema, numbers = store.schema, Numbers()
    old = _old_notes(schema, notes)
    copied = schema.legacy == "copied"
    new = [note for note in notes if copied or note not in old]
    tables: dict[str, Rows] = {}
    if phone.owner_name is not None:
        tables["props"] = [{"key": "user_push_name", "value": phone.owner_name}]
    if old and not copied:
        tables["messages"] = [_old_row(schema, each, note) for each, note in enumerate(old, 1)]
        tables["messages"].append(_first_old_text(len(old) + 1))
        tables["chat_list"] = [
            {"key_remote_jid": _jid(chat, schema), "subject": _subject(store, chat)}
            for chat in dict.fromkeys(note.chat for note in notes)
        ]
    if old and not copied and schema.paths == "message_media":
        tables["message_media"] = [
            {"message_row_id": each, "file_path": note.row_path}
            for each, note in enumerate(old, 1)
            if note.row_path is not None
        ]
    if new or schema.legacy != "all":
        placed = _add_modern(phone, store, tables, new, numbers, first=len(old) + 2)
        if copied:
            tables["messages"] = [
                _old_row(schema, each, note) for each, note in placed if note in old
            ]
    elif schema.sentinel:
        tables["message"] = [{"_id": 1, "chat_row_id": -1, "key_id": "-1", "message_type": -1}]
    return _without(tables, schema)


def _add_modern(
    phone: Phone,
    store: Store,
    tables: dict[str, Rows],
    notes: list[Note],
    numbers: Numbers,
    first: int,
) -> list[tuple[int, Note]]:
    schema = store.schema
    chats = list(dict.fromkeys(note.chat for note in notes))
    rows = {chat: number for number, chat in enumerate(chats, 1)}
    tables["chat"] = [
        {
            "_id": rows[chat],
            "jid_row_id": numbers(_jid(chat, schema)),
            "subject": None if chat.is_channel else _subject(store, chat),
            "account_jid_row_id": None,
        }
        for chat in chats
    ]
    if channels := [chat for chat in chats if chat.is_channel and chat.subject]:
        tables["newsletter"] = [
            {"chat_row_id": rows[chat], "name": chat.subject} for chat in channels
        ]
    messages: Rows = []
    if schema.sentinel:
        messages = [{"_id": 1, "chat_row_id": -1, "key_id": "-1", "message_type": -1}]
    messages.append(_first_text(2 + first if schema.sentinel else first))
    files: Rows = tables.setdefault("message_media", [])
    extras: list[tuple[int, Note]] = []
    for note in notes:
        number = first + 2 + len(messages) * 2
        chat = 9000 + len(messages) if note.chatless else rows[note.chat]
        if not note.messageless:
            messages.append(_row(note, number, chat, numbers, schema))
        messages.append(_text(note, number + 1, rows[note.chat]))
        if not note.rowless:
            files.append(_media(note, number) | {"chat_row_id": chat})
        extras.append((number, note))
    tables["message"] = messages
    tables["message_view_once_media"] = [
        {"message_row_id": number, "state": 0} for number, note in extras if note.once
    ]
    tables["audio_data"] = [
        {"message_row_id": number, "waveform": bytes(range(64))}
        for number, note in extras
        if number % 3
    ]
    _add_hidden(phone, tables, rows, numbers, schema)
    tables["jid"] = numbers.rows()
    return extras


def _add_hidden(
    phone: Phone,
    tables: dict[str, Rows],
    chats: dict[Chat, int],
    numbers: Numbers,
    schema: Schema,
) -> None:
    hidden = [person for person in phone.people if person.hidden is not None]
    known = [person for person in hidden if person.mapped]
    rooms = {chat.person: number for chat, number in chats.items() if chat.person is not None}
    in_chats = known if schema.pairs == "chat" else []
    for person in in_chats:
        if person in rooms:
            row = tables["chat"][rooms[person] - 1]
            row["account_jid_row_id"] = numbers(person.phone_jid)
    paired = [person for person in known if schema.pairs != "chat" or person not in rooms]
    tables["jid_map"] = [
        {"lid_row_id": numbers(person.stored_jid), "jid_row_id": numbers(person.phone_jid)}
        for person in paired
    ]
    tables["lid_display_name"] = [
        {"lid_row_id": numbers(person.stored_jid), "display_name": person.names["lid"]}
        for person in hidden
        if "lid" in person.names
    ]


def _row(note: Note, number: int, chat: int, numbers: Numbers, schema: Schema) -> dict[str, Any]:
    sender = note.sender if note.chat.person is None else None
    stamp = round(note.sent_at.timestamp() * 1000)
    return {
        "_id": number,
        "chat_row_id": chat,
        "from_me": int(note.from_me),
        "key_id": note.message_id,
        "sender_jid_row_id": numbers(_jid_of(sender, schema)) if sender is not None else 0,
        "origination_flags": int(note.forwarded),
        "origin": 1,
        "timestamp": stamp,
        "received_timestamp": stamp + 700,
        "message_type": 82 if note.once else 2,
        "text_data": None,
        "starred": int(note.starred),
    } | _with_jids(note.changes, numbers)


def _with_jids(changes: dict[str, object], numbers: Numbers) -> dict[str, object]:
    """A trait writes a jid where the row has its number."""
    return {
        name: numbers(value) if isinstance(value, str) and name.endswith("jid_row_id") else value
        for name, value in changes.items()
    }


def _first_text(number: int) -> dict[str, Any]:
    """What the owner once wrote, and every copy has."""
    stamp = round(FIRST.timestamp() * 1000) - 10**9
    return {
        "_id": number,
        "chat_row_id": 1,
        "from_me": 1,
        "key_id": "HELLO",
        "sender_jid_row_id": 0,
        "timestamp": stamp,
        "message_type": 0,
        "text_data": "Hello",
    }


def _text(note: Note, number: int, chat: int) -> dict[str, Any]:
    stamp = round(note.sent_at.timestamp() * 1000)
    return {
        "_id": number,
        "chat_row_id": chat,
        "from_me": 1,
        "key_id": f"TEXT{note.message_id}",
        "sender_jid_row_id": 0,
        "timestamp": stamp + 1 if note.dated else 0,
        "message_type": 0,
        "text_data": "I heard it",
    }


def _media(note: Note, number: int) -> dict[str, Any]:
    return {
        "message_row_id": number,
        "file_path": note.row_path,
        "file_size": len(note.audio),
        "file_length": len(note.audio),
        "mime_type": "audio/ogg; codecs=opus",
        "media_name": None,
        "media_duration": 2,
        "file_hash": hash_of(note.audio) if note.hashed else None,
        "raw_transcription_text": None,
    } | note.media_changes


def _old_row(schema: Schema, number: int, note: Note) -> dict[str, Any]:
    stamp = round(note.sent_at.timestamp() * 1000)
    sender = note.sender if note.chat.person is None else None
    thumb = schema.paths == "thumb_image" and note.row_path is not None
    kept = ("timestamp", "received_timestamp", "origin")
    changes = {name: note.changes[name] for name in kept if name in note.changes}
    return {
        "_id": number,
        "key_remote_jid": _jid(note.chat, schema),
        "key_from_me": int(note.from_me),
        "key_id": note.message_id,
        "timestamp": stamp,
        "received_timestamp": stamp + 700,
        "media_mime_type": note.media_changes.get("mime_type", "audio/ogg; codecs=opus"),
        "media_wa_type": "2",
        "media_size": len(note.audio),
        "media_name": note.media_changes.get("media_name"),
        "media_hash": hash_of(note.audio) if note.hashed else None,
        "media_duration": 2,
        "origin": 1,
        "remote_resource": None if sender is None else _jid_of(sender, schema),
        "starred": int(note.starred) or None,
        "forwarded": int(note.forwarded) or None,
        "thumb_image": thumb_image(note.row_path or "") if thumb else None,
    } | changes


def _first_old_text(number: int) -> dict[str, Any]:
    stamp = round(FIRST.timestamp() * 1000) - 10**9
    return {
        "_id": number,
        "key_remote_jid": "15550101@s.whatsapp.net",
        "key_from_me": 1,
        "key_id": "HELLO",
        "timestamp": stamp,
        "media_wa_type": "0",
    }


def _old_notes(schema: Schema, notes: list[Note]) -> list[Note]:
    by_time = sorted(notes, key=lambda note: note.sent_at)
    some = {"none": 0, "all": len(notes)}.get(schema.legacy, len(notes) // 2)
    return [note for note in by_time[:some] if not _is_new(note)]


def _is_new(note: Note) -> bool:
    """Something that the old schema never had."""
    gone = note.rowless or note.messageless or note.chatless
    return gone or note.once or note.chat.is_channel or "message_type" in note.changes


def _jid(chat: Chat, schema: Schema) -> str:
    return chat.room if chat.person is None else _jid_of(chat.person, schema)


def _jid_of(person: Person, schema: Schema) -> str:
    """Before 2023 everybody was known by their number."""
    return person.phone_jid if schema.year < 2023 and person.mapped else person.stored_jid


def _subject(store: Store, chat: Chat) -> str | None:
    return store.subjects.get(chat.room, chat.subject)


def _without(tables: dict[str, Rows], schema: Schema) -> dict[str, Rows]:
    """What the app version has; an empty table is there with its key alone, or not."""
    lacks = schema.lacks | {name for name, since in _CHANGED_BY_YEAR.items() if schema.year < since}
    kept = {}
    for table, rows in tables.items():
        if table not in lacks and (rows or table in ("message", "message_media")):
            gone = {name.partition(".")[2] for name in lacks if name.startswith(f"{table}.")}
            kept[table] = [
                {name: value for name, value in row.items() if name not in gone} for row in rows
            ]
    return kept
