"""Check whether two databases of chats belong to the same account."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import flag, text
from gdrive_wa.core.errors import DatabaseError

_ENOUGH = 2000
"""Number of messages of the first database that are looked for in the second: the oldest ones,
which both should have."""
_OWN = (
    ("message", "from_me", "key_id"),
    ("messages", "key_from_me", "key_id"),
    ("ZWAMESSAGE", "ZISFROMME", "ZSTANZAID"),
)


def same_phone(one: Path, other: Path) -> bool | None:
    """True if a message that the owner sent is in both databases, False if none is.

    Messages of other people prove nothing: all members of a group have them.

    Returns:
        None if one of them cannot be read, or its owner never sent anything.
    """
    try:
        with Tables(one) as old, Tables(other) as new:
            sent_before = {key for table in _OWN for key in islice(_sent(old, *table), _ENOUGH)}
            has_sent = False
            for table in _OWN:
                for key in _sent(new, *table):
                    if key in sent_before:
                        return True
                    has_sent = True
    except DatabaseError:
        return None
    return False if sent_before and has_sent else None


def _sent(tables: Tables, table: str, mine: str, key: str) -> Iterator[str]:
    """The ids of the messages that the owner sent, the oldest first."""
    if tables.has(table, mine, key):
        for sent, value in tables.rows(table, (mine, key)):
            shown = text(value)
            if flag(sent) and shown is not None:
                yield shown
