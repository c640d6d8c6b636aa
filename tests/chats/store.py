"""Builds databases of any shape: the tables and columns that a test names, and no others."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]

MUM = "15550101@s.whatsapp.net"
ANNA = "15550102@s.whatsapp.net"
FAMILY = "15550100-1500000000@g.us"
STATUS = "status@broadcast"

SENT = 1_704_103_200_000
"""1 January 2024, 10:00 UTC, in milliseconds."""


def make_database(path: Path, tables: dict[str, Rows]) -> Path:
    """Each table has the columns its rows name; ``_id`` and ``message_row_id`` are primary keys."""
    with closing(sqlite3.connect(path)) as database:
        fill(database, tables)
        database.commit()
    return path


def fill(database: sqlite3.Connection, tables: dict[str, Rows]) -> None:
    """As :func:`make_database`, in an open database."""
    for table, rows in tables.items():
        columns = list(dict.fromkeys(name for row in rows for name in row)) or ["_id"]
        declared = ", ".join(f'"{name}"{_kind(table, name)}' for name in columns)
        database.execute(f'CREATE TABLE "{table}" ({declared})')
        for row in rows:
            marks = ", ".join("?" for _ in row)
            names = ", ".join(f'"{name}"' for name in row)
            database.execute(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',  # noqa: S608 - a test's own names
                list(row.values()),
            )


def _kind(table: str, name: str) -> str:
    if name == "_id" or (name == "message_row_id" and table != "odd"):
        return " INTEGER PRIMARY KEY"
    return " TEXT" if name == "media_wa_type" else ""


def jids(*raw: str) -> Rows:
    """Rows of ``jid``; the first has number 1."""
    return [
        {
            "_id": number,
            "user": jid.partition("@")[0],
            "server": jid.partition("@")[2],
            "raw_string": jid,
        }
        for number, jid in enumerate(raw, 1)
    ]


def message(number: int, **changes: Any) -> dict[str, Any]:
    """A voice note that the owner received in chat 1, without a sender of its own."""
    row = {
        "_id": number,
        "chat_row_id": 1,
        "from_me": 0,
        "key_id": f"3EB0{number:04}",
        "sender_jid_row_id": 0,
        "origination_flags": 0,
        "origin": 1,
        "timestamp": SENT + number * 1000,
        "received_timestamp": SENT + number * 1000 + 500,
        "message_type": 2,
        "starred": 0,
    }
    return row | changes


def media(number: int, **changes: Any) -> dict[str, Any]:
    """The file of message `number`."""
    row = {
        "message_row_id": number,
        "file_path": path_of(number),
        "file_size": 1000 + number,
        "file_length": 1000 + number,
        "mime_type": "audio/ogg; codecs=opus",
        "media_name": None,
        "media_duration": 7,
        "file_hash": base64.b64encode(sha256_of(number)).decode(),
        "media_key": b"\x07" * 32,
    }
    return row | changes


def path_of(number: int) -> str:
    return f"Media/WhatsApp Voice Notes/202401/PTT-20240101-WA{number:04}.opus"


def sha256_of(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def modern(path: Path, messages: Rows, files: Rows, /, **more: Rows) -> Path:
    """A database of the current schema with one chat, Mum's, and the given tables."""
    tables: dict[str, Rows] = {
        "jid": jids(MUM, ANNA, FAMILY),
        "chat": [{"_id": 1, "jid_row_id": 1, "subject": None}],
        "message": messages,
        "message_media": files,
        "props": [{"key": "user_push_name", "value": "Alex"}],
    }
    return make_database(path, tables | more)


def old_message(number: int, **changes: Any) -> dict[str, Any]:
    """A voice note of the old schema, from Mum."""
    row = {
        "_id": number,
        "key_remote_jid": MUM,
        "key_from_me": 0,
        "key_id": f"OLD{number:04}",
        "timestamp": SENT + number * 1000,
        "received_timestamp": SENT,
        "media_mime_type": "audio/ogg; codecs=opus",
        "media_wa_type": "2",
        "media_size": 1000 + number,
        "media_name": None,
        "media_hash": base64.b64encode(sha256_of(number)).decode(),
        "media_duration": 7,
        "origin": 1,
        "remote_resource": None,
        "starred": None,
        "forwarded": None,
        "thumb_image": None,
    }
    return row | changes


def thumb_image(path: str) -> bytes:
    """A ``MediaData`` as Java serialises it, with a ``java.io.File`` inside."""

    def text(value: str) -> bytes:
        return len(value.encode()).to_bytes(2, "big") + value.encode()

    described = b"\x72" + text("com.whatsapp.MediaData") + bytes(range(8)) + b"\x02\x00\x02"
    described += b"J" + text("fileSize") + b"L" + text("file") + b"\x74" + text("Ljava/io/File;")
    file = b"\x73\x72" + text("java.io.File") + bytes.fromhex("042da4450e0de4ff") + b"\x03\x00\x01"
    file += b"L" + text("path") + b"\x74" + text("Ljava/lang/String;") + b"\x78\x70"
    file += b"\x74" + text(path) + b"\x77\x02\x00/\x78"
    size = (1000).to_bytes(8, "big")
    return b"\xac\xed\x00\x05\x73" + described + b"\x78\x70" + size + file
