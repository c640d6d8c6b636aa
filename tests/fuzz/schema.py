"""Databases of every schema, altered in their pages: of today, of old, ``wa.db``, an iPhone's."""

from __future__ import annotations

from datetime import UTC
from functools import cache

from gdrive_wa.chats.phone import PhoneDatabases
from gdrive_wa.chats.read import read_increment_links, read_phone
from gdrive_wa.chats.timeline import ContextWindow
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, files_content, patched
from tests.fuzz.samples import file_of, folder
from tests.phones.generator import make_phone
from tests.phones.sqlite import msgstore, wa

SEEDS = range(16)


@cache
def databases(seed: int) -> dict[str, bytes]:
    """The newest database of a phone, and its list of contacts."""
    phone = make_phone(seed)
    content, log = msgstore(phone, phone.newest, folder())
    return {"msgstore.db": content, "msgstore.db-wal": log, "wa.db": wa(phone)}


def try_one(data: bytes) -> object:
    """What is read can be shown, with the messages around it."""
    cursor = Cursor(data)
    files = patched(databases(SEEDS[cursor.number() % len(SEEDS)]), cursor)
    paths = [file_of(files_content(files, name), name) for name in ("msgstore.db", "wa.db")]
    found = PhoneDatabases(msgstores=(paths[0],), wa=(paths[1],))
    chats = read_phone(found, ContextWindow(3, UTC))
    for note in chats:
        note.to_json()
    return bool(len(chats)), len(chats.warnings), len(read_increment_links(found))


def main(arguments: list[str]) -> int:
    return fuzz("schema", [bytes([number]) for number in SEEDS], try_one, arguments)
