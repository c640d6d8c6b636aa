"""The messages around the notes of an Android phone, from its newest database and increments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gdrive_wa.chats.context import ModernContext
from gdrive_wa.chats.context_legacy import LegacyContext
from gdrive_wa.chats.later_messages import later_messages
from gdrive_wa.chats.newest import newest_in
from gdrive_wa.chats.people import Jids, People
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.model import VoiceNote

if TYPE_CHECKING:
    from gdrive_wa.chats.increments import Increment


def with_context(
    notes: list[VoiceNote],
    tables: Tables,
    jids: Jids,
    people: People,
    window: ContextWindow,
    *,
    rows: Sequence[int],
    increments: Sequence[Increment],
    owner_number: str | None,
) -> list[VoiceNote]:
    """The notes with the messages around them.

    Args:
        notes: the notes of all databases of the phone.
        tables: the newest database.
        jids: the jids of that database.
        people: gives names to jids.
        window: how many messages are read.
        rows: for each note its row number in the newest database, or ``NO_ROW``.
        increments: in the order in which the phone wrote them.
        owner_number: the owner's own number, if it is known.
    """
    newest = newest_in(tables) if increments else None
    later = later_messages(increments, jids, people, newest, owner_number)
    notes = ModernContext(tables, jids, people, window, later).added_to(notes, rows)
    notes = LegacyContext(tables, jids, people, window).added_to(notes)
    tables.release()
    return notes
