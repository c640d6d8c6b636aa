"""Make a small copy of a database of chats, with the rows that newer databases may have lost.

A phone keeps up to seven copies of its database, each with every text and thumbnail. To complete
the newest one, the rows of media messages, chats and names are enough.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from gdrive_wa.chats.chat_tables import require_android_chats
from gdrive_wa.chats.newest import newest_in
from gdrive_wa.chats.tables import Tables
from gdrive_wa.core.errors import DatabaseError

_OWN = 2000
"""Number of the owner's own messages that are copied too: they identify the account."""

_WHOLE = {
    "jid": ("_id", "raw_string", "user", "server"),
    "jid_map": ("lid_row_id", "jid_row_id"),
    "chat": ("_id", "jid_row_id", "subject", "account_jid_row_id"),
    "lid_display_name": ("lid_row_id", "display_name", "username"),
    "newsletter": ("chat_row_id", "name"),
    "props": ("key", "value"),
    "chat_list": ("key_remote_jid", "subject"),
    "message_forwarded": ("message_row_id",),
    "message_view_once_media": ("message_row_id",),
    "audio_data": ("message_row_id", "waveform"),
    "message_media": (
        "message_row_id",
        "chat_row_id",
        "file_path",
        "file_size",
        "file_length",
        "mime_type",
        "media_name",
        "media_duration",
        "media_key",
        "direct_path",
        "message_url",
        "file_hash",
        "enc_file_hash",
        "raw_transcription_text",
    ),
}
_MODERN = (
    "_id",
    "chat_row_id",
    "from_me",
    "key_id",
    "sender_jid_row_id",
    "origination_flags",
    "origin",
    "timestamp",
    "received_timestamp",
    "message_type",
    "starred",
)
_LEGACY = (
    "_id",
    "key_remote_jid",
    "key_from_me",
    "key_id",
    "timestamp",
    "received_timestamp",
    "media_mime_type",
    "media_wa_type",
    "media_size",
    "media_name",
    "media_hash",
    "media_duration",
    "origin",
    "remote_resource",
    "starred",
    "forwarded",
    "thumb_image",
)
_MESSAGES = (
    ("message", _MODERN, "message_type", "from_me"),
    ("messages", _LEGACY, "media_wa_type", "key_from_me"),
)
_WITHOUT_FILE = "0, 7"
"""Types of text messages and of system messages."""


def newest_of_chats(path: Path) -> datetime | None:
    """The time of a database's latest message, UTC; None if no message has a time.

    Raises:
        DatabaseError: it is not a database of chats, or cannot be read.
    """
    with Tables(path) as tables:
        require_android_chats(tables)
        return newest_in(tables)


def write_extract(database: Path, target: Path) -> None:
    """Copy the needed rows of `database` into the new database `target`.

    The copy has the same tables and columns, as far as the readers in this package use them, so
    that they give the same result as for the original. Damaged rows are left out.

    Raises:
        DatabaseError: `database` is not a database of chats or cannot be read, or `target` cannot
            be written.
    """
    with Tables(database) as tables:
        require_android_chats(tables)
        try:
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                copy.execute("BEGIN")
                for table, columns in _WHOLE.items():
                    _copy(tables, copy, table, columns, tables.rows(table, columns))
                for table, columns, kind, mine in _MESSAGES:
                    kept = _messages(tables, table, columns, kind, mine)
                    _copy(tables, copy, table, columns, kept)
                copy.execute("COMMIT")
        except sqlite3.Error as error:
            raise DatabaseError(
                f"a copy of '{database.name}' cannot be written ({str(error).lower()})",
                hint="free some space on the disk of the archive",
            ) from error


def _copy(
    tables: Tables,
    copy: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    rows: Iterator[tuple[Any, ...]],
) -> None:
    existing = [name for name in columns if tables.has(table, name)]
    if not existing:
        return
    places = [columns.index(name) for name in existing]
    names = ", ".join(f'"{name}"' for name in existing)
    marks = ", ".join("?" * len(existing))
    copy.execute(f'CREATE TABLE "{table}" ({names})')
    copy.executemany(
        f'INSERT INTO "{table}" VALUES ({marks})',  # noqa: S608 - only names of ours
        ([row[place] for place in places] for row in rows),
    )


def _messages(
    tables: Tables, table: str, columns: tuple[str, ...], kind: str, mine: str
) -> Iterator[tuple[Any, ...]]:
    """The messages with a file, and the first ones that the owner sent."""
    if not tables.has(table, kind):
        yield from tables.rows(table, columns)
        return
    with_file = f'CAST("{kind}" AS INTEGER) NOT IN ({_WITHOUT_FILE})'
    yield from tables.rows(table, columns, f'"{kind}" IS NOT NULL AND {with_file}')
    if tables.has(table, mine):
        others = f'"{mine}" = 1 AND ("{kind}" IS NULL OR NOT {with_file})'
        yield from islice(tables.rows(table, columns, others), _OWN)
