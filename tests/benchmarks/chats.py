"""A large database to its voice notes, their lists and the page: time and peak memory.

    python -m tests.benchmarks chats [--quick] [--folder FOLDER]

400 000 messages in 300 chats, 60 000 with a file, 20 000 of these voice notes. None of the files
exists: the benchmark measures reading the database and writing lists and pages.
"""

from __future__ import annotations

import base64
import json
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from gdrive_wa.emulation.msgstore import SCHEMA
from tests.benchmarks.measure import OURS, PEERS, Measured, measure, show
from tests.benchmarks.table import Reach, compare, print_budget
from tests.benchmarks.workspace import Workspace, parse, workspace

MESSAGES = 400_000
CHATS = 300
FILE_EVERY = 7
NOTES = 20_000
START = 1_577_836_800_000

OTHER_TABLES = """
CREATE TABLE message_location (message_row_id INTEGER PRIMARY KEY, latitude REAL, longitude REAL);
CREATE TABLE message_thumbnail (message_row_id INTEGER PRIMARY KEY, thumbnail BLOB);
CREATE TABLE message_future (message_row_id INTEGER PRIMARY KEY, version INTEGER, data BLOB);
CREATE TABLE message_system (message_row_id INTEGER PRIMARY KEY, action_type INTEGER);
CREATE TABLE message_system_group (message_row_id INTEGER PRIMARY KEY, is_me_joined INTEGER);
CREATE TABLE message_system_number_change (message_row_id INTEGER PRIMARY KEY,
    old_jid_row_id INTEGER, new_jid_row_id INTEGER);
CREATE TABLE message_vcard (_id INTEGER PRIMARY KEY, message_row_id INTEGER, vcard TEXT);
CREATE TABLE missed_call_logs (_id INTEGER PRIMARY KEY, message_row_id INTEGER,
    timestamp INTEGER, video_call INTEGER);
CREATE TABLE receipt_user (_id INTEGER PRIMARY KEY, message_row_id INTEGER,
    receipt_user_jid_row_id INTEGER, receipt_timestamp INTEGER, read_timestamp INTEGER,
    played_timestamp INTEGER);
CREATE TABLE media_hash_thumbnail (media_hash TEXT PRIMARY KEY, thumbnail BLOB);
CREATE TABLE call_log (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, from_me INTEGER,
    call_id TEXT, timestamp INTEGER, video_call INTEGER, duration INTEGER, call_result INTEGER,
    bytes_transferred INTEGER);
"""
"""Tables of WhatsApp without data of voice notes. WhatsApp-Chat-Exporter needs them. They stay
empty, which is fastest for it."""
SCAN = """
import sqlite3, sys
query = "SELECT count(*) FROM message WHERE text_data LIKE '%zz%'"
print(sqlite3.connect(sys.argv[1]).execute(query).fetchall())
"""


def main(arguments: Sequence[str]) -> None:
    """Make the database, measure, print the table."""
    options = parse(arguments)
    messages, notes = options.few(MESSAGES), options.few(NOTES)
    with workspace(options) as work:
        phone, archive = work.folder / "phone", work.folder / "archive"
        (phone / "Databases").mkdir(parents=True)
        (phone / "Media").mkdir()
        store = make_store(phone / "Databases" / "msgstore.db", messages=messages, notes=notes)
        title = f"{messages} messages, {notes} voice notes to lists and page"
        rows = [
            ("gdrive-wa", measure((*OURS, "restore", archive, "--folder", phone))),
            ("SQLite reading every message once", measure((sys.executable, "-c", SCAN, store))),
        ]
        listed = len(json.loads((archive / "voice-notes.json").read_bytes()))
        if listed != notes:
            raise SystemExit(f"listed {listed} of {notes} notes")
        if (PEERS / "wtsexporter").exists():
            rows.append(("WhatsApp-Chat-Exporter, to HTML", _export(work, store)))
            reach = Reach(wall=0.04, memory=110)
            compare(title, rows[0][1], "WhatsApp-Chat-Exporter", rows[2][1], reach)
        show(f"{title}, of {store.stat().st_size / 1e6:.0f} MB", rows)


def _export(work: Workspace, store: Path) -> Measured:
    """Every chat as a page; it wants a folder of media to be there."""
    pages, media = work.folder / "html", work.folder / "no media"
    pages.mkdir()
    media.mkdir()
    given = ("-a", "-d", store, "-o", pages, "-m", media)
    return measure((PEERS / "wtsexporter", *given))


def make_store(path: Path, *, messages: int = MESSAGES, notes: int = NOTES) -> Path:
    """The database, the same each time."""
    filed = range(2, messages + 2, FILE_EVERY)
    spoken = [filed[number * len(filed) // notes] for number in range(notes)]
    chance = random.Random(400)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA + OTHER_TABLES)
        database.execute("INSERT INTO props (key, value) VALUES ('user_push_name', 'Alex')")
        database.executemany(
            "INSERT INTO jid (_id, user, server, type, raw_string) VALUES (?, ?, ?, 0, ?)",
            (
                (row, f"1555{row:07}", "s.whatsapp.net", f"1555{row:07}@s.whatsapp.net")
                for row in range(1, CHATS + 1)
            ),
        )
        database.executemany(
            "INSERT INTO chat (_id, jid_row_id, hidden, archived) VALUES (?, ?, 0, 0)",
            ((row, row) for row in range(1, CHATS + 1)),
        )
        database.executemany(
            "INSERT INTO message (_id, chat_row_id, from_me, key_id, sender_jid_row_id, status, "
            "origination_flags, origin, timestamp, received_timestamp, message_type, text_data, "
            "starred, sort_id) VALUES (?, ?, ?, ?, 0, 13, 0, ?, ?, ?, ?, ?, 0, ?)",
            _messages(chance, messages, set(filed), set(spoken)),
        )
        database.executemany(
            "INSERT INTO message_media (message_row_id, chat_row_id, file_path, file_size, "
            "media_key, mime_type, file_length, file_hash, media_duration, direct_path, "
            "message_url, enc_file_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _files(chance, filed, set(spoken)),
        )
        database.executemany(
            "INSERT INTO audio_data VALUES (?, ?)",
            ((row, chance.randbytes(64).translate(_QUIET)) for row in spoken),
        )
        database.commit()
    return path


_QUIET = bytes(value * 100 // 255 for value in range(256))


def _messages(
    chance: random.Random, messages: int, filed: set[int], spoken: set[int]
) -> Iterator[tuple[Any, ...]]:
    for row in range(2, messages + 2):
        kind = 2 if row in spoken else 1 if row in filed else 0
        text = chance.randbytes(chance.randrange(4, 60)).hex() if kind == 0 else None
        sent = START + row * 400_000
        key = f"3EB0{row:028X}"
        yield (
            row,
            chance.randrange(1, CHATS + 1),
            row % 2,
            key,
            int(kind == 2),
            sent,
            sent,
            kind,
            text,
            row,
        )


def _files(chance: random.Random, filed: range, spoken: set[int]) -> Iterator[tuple[Any, ...]]:
    for row in filed:
        digest = base64.b64encode(chance.randbytes(32)).decode()
        name, mime_type = f"WhatsApp Images/IMG-WA{row:06}.jpg", "image/jpeg"
        if row in spoken:
            name, mime_type = f"WhatsApp Voice Notes/202001/PTT-WA{row:06}.opus", "audio/ogg"
        link = f"/v/t62.7117-24/{row}_n.enc?ccb=11-4&oh={digest}"
        yield (
            row,
            1,
            f"Media/{name}",
            40_000,
            chance.randbytes(32),
            mime_type,
            40_000,
            digest,
            9,
            link,
            f"https://mmg.whatsapp.net{link}",
            digest,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
    print_budget()
