"""A large database to its voice notes, their lists and the page: time and peak memory.

    python -m tests.benchmarks chats

400 000 messages in 300 chats, 60 000 with a file, 20 000 of these voice notes.
"""

from __future__ import annotations

import base64
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from gdrive_wa.emulator.msgstore import SCHEMA
from tests.benchmarks.measure import PEERS, measure, show

MESSAGES = 400_000
CHATS = 300
FILE_EVERY = 7
NOTES = 20_000
START = 1_577_836_800_000

READ = "import sys; from pathlib import Path; from gdrive_wa.chats.read import read_voice_notes; "
ALONE = f"{READ}assert len(read_voice_notes(Path(sys.argv[1]))) == {NOTES}"
WHOLE = f"""
{READ}
from gdrive_wa.archive.write import ArchiveWriter
from gdrive_wa.library.page import write_page
folder = Path(sys.argv[2])
with ArchiveWriter(folder) as archive:
    archive.expect(read_voice_notes(Path(sys.argv[1])))
    write_page(folder, archive.finish())
"""
SCAN = """
import sqlite3, sys
query = "SELECT count(*) FROM message WHERE text_data LIKE '%zz%'"
print(sqlite3.connect(sys.argv[1]).execute(query).fetchall())
"""


def main() -> None:
    """Make the database, measure, print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = make_store(folder / "msgstore.db")
        size = store.stat().st_size / 1e6
        rows = [
            ("gdrive-wa", measure([sys.executable, "-c", WHOLE, store, folder / "archive"])),
            ("reading the notes, nothing else", measure([sys.executable, "-c", ALONE, store])),
            ("SQLite reading every message once", measure([sys.executable, "-c", SCAN, store])),
        ]
        exporter = PEERS / "wtsexporter"
        if exporter.exists():
            (folder / "html").mkdir()
            command: list[str | Path] = [
                exporter,
                "-a",
                "-d",
                store,
                "-o",
                folder / "html",
                "-m",
                folder / "none",
            ]
            rows.append(("WhatsApp-Chat-Exporter, to HTML", measure(command)))
    title = f"{MESSAGES} messages, {NOTES} voice notes, {size:.0f} MB, to lists and page"
    show(title, rows)


def make_store(path: Path) -> Path:
    """The database, the same each time."""
    chance = random.Random(400)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
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
            _messages(chance),
        )
        database.executemany(
            "INSERT INTO message_media (message_row_id, chat_row_id, file_path, file_size, "
            "media_key, mime_type, file_length, file_hash, media_duration, direct_path, "
            "message_url, enc_file_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _files(chance),
        )
        database.executemany(
            "INSERT INTO audio_data VALUES (?, ?)",
            ((row, chance.randbytes(64).translate(_QUIET)) for row in _spoken()),
        )
        database.commit()
    return path


_QUIET = bytes(value * 100 // 255 for value in range(256))


def _with_file() -> range:
    return range(2, MESSAGES + 2, FILE_EVERY)


def _spoken() -> list[int]:
    rows = _with_file()
    return [rows[number * len(rows) // NOTES] for number in range(NOTES)]


def _messages(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    spoken, filed = set(_spoken()), set(_with_file())
    for row in range(2, MESSAGES + 2):
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


def _files(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    spoken = set(_spoken())
    for row in _with_file():
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
    main()
