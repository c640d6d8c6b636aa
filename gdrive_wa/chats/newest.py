"""The age of a database of chats, by its content: file times change when a file is copied."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import moment
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.moments import moment_at

_LOOKED_AT = 2000
"""Number of messages from the end that are read: the latest is among the last ones."""

_EPOCH = 978_307_200


def newest_message(path: Path) -> datetime | None:
    """The time of a database's latest message, UTC. Quick: only its end is read.

    Args:
        path: a decrypted ``msgstore.db`` or ``ChatStorage.sqlite``; it is never changed.

    Returns:
        None if no message has a time, or the file is not a readable database of chats.
    """
    try:
        with Tables(path) as tables:
            return newest_in(tables)
    except DatabaseError:
        return None


def newest_in(tables: Tables) -> datetime | None:
    """Like :func:`newest_message`, for an open database."""
    return max(filter(None, (_of(tables, last=_LOOKED_AT), _of_apple(tables))), default=None) or (
        _of(tables, last=None)
    )


def _of(tables: Tables, last: int | None) -> datetime | None:
    found = (
        moment(*row)
        for table in ("message", "messages")
        for row in tables.rows(table, ("timestamp", "received_timestamp"), last=last)
    )
    return max(filter(None, found), default=None)


def _of_apple(tables: Tables) -> datetime | None:
    found = (
        moment_at(value + _EPOCH)
        for (value,) in tables.rows("ZWAMESSAGE", ("ZMESSAGEDATE",), last=_LOOKED_AT)
        if isinstance(value, int | float)
    )
    return max(filter(None, found), default=None)
