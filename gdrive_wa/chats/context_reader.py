"""The common part of the readers of messages around notes, for both schemas of Android."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gdrive_wa.chats.message_kinds import AUDIO_KINDS, kind_of_type
from gdrive_wa.chats.people import Jids, People, sender_in
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.timeline import ContextWindow, Places, milliseconds, with_messages
from gdrive_wa.chats.values import moment
from gdrive_wa.core.context import ContextKind, Reaction, Reply
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.message_pool import Messages
from gdrive_wa.core.model import VoiceNote

EARLIEST, LATEST = 1_230_768_000_000, 4_102_444_800_000
"""The beginning of 2009 and of 2100, in milliseconds since 1970 UTC. Times between them, the usual
case, need no further checks."""
OWN_NOTES = ", ".join(str(kind) for kind in AUDIO_KINDS)
"""Types of messages that can be voice notes, as SQL."""


class ContextReader:
    """Reads the messages around notes in one database.

    Args:
        tables: the database.
        jids: the jids of the database.
        people: gives names to jids.
        window: how many messages are read.
    """

    def __init__(self, tables: Tables, jids: Jids, people: People, window: ContextWindow) -> None:
        self._tables = tables
        self._jids = jids
        self._people = people
        self._window = window

    def who(self, chat_jid: str, participant: str | None, *, mine: bool) -> dict[str, Any]:
        """The sender of a message, as fields of :class:`ContextMessage`."""
        jid = sender_in(chat_jid, participant, mine=mine)
        sender = self._people.sender(jid, from_me=mine)
        return {"sender": sender, "sender_jid": None if mine else jid, "from_me": mine}


def completed(
    note: VoiceNote,
    number: int | None,
    places: Places,
    messages: Messages,
    replies: Mapping[int, Reply],
    reactions: Mapping[int, list[Reaction]],
) -> VoiceNote:
    """`note` with the messages around it, what it answers, and its reactions. What another schema
    of the same database has added already is kept."""
    if not (note.before or note.after):
        note = with_messages(note, places, messages)
    if number is not None and note.reply_to is None and number in replies:
        note = replace(note, reply_to=replies[number])
    if number is not None and number in reactions:
        note = replace(note, reactions=tuple(reactions[number]))
    return note


def time_of(sent: object, received: object) -> int | None:
    """The time of a message, in milliseconds since 1970 UTC; None if it is not known."""
    if type(sent) is int and EARLIEST <= sent < LATEST:
        return sent
    at = moment(sent, received)
    return None if at is None else milliseconds(at)


def shown_kind(kind: int | None, origin: int | None, *, is_note: bool) -> ContextKind:
    """The kind of a message; audio that is a note, or was recorded in the app, is voice."""
    shown = kind_of_type(kind)
    spoken = is_note or origin == 1
    return ContextKind.VOICE if shown is ContextKind.AUDIO and spoken else shown
