"""Voice notes of several sources, each message once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gdrive_wa.chats.people import UNKNOWN_CHAT
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import VoiceNote

_FILLED = (
    "sent_at",
    "duration",
    "size",
    "mime_type",
    "transcript",
    "whatsapp_path",
    "sha256",
    "waveform",
)
_EITHER = ("forwarded", "view_once")


Key = tuple[str, str, bool]
"""The identity of a message: its chat, its id, and whether the owner sent it."""


def key_of(note: VoiceNote) -> Key:
    """The identity of the message of `note`."""
    return (note.chat_jid, note.message_id, note.from_me)


class MergedNotes:
    """Notes by message. Sources are added newest first.

    Attributes:
        added: the number of messages that no earlier source had. Whoever reads it sets it to 0.
    """

    def __init__(self) -> None:
        self.added = 0
        self._notes: dict[Key, VoiceNote] = {}
        self._chatless: dict[tuple[str, bool], Key] = {}

    def add(self, notes: Iterable[VoiceNote]) -> None:
        """Add a source that is older than those before it: it only fills in missing values."""
        for note in notes:
            key = key_of(note)
            short = key[1:]
            if key not in self._notes and short in self._chatless:
                found = self._notes.pop(self._chatless.pop(short))
                self._notes[key] = fill_in(found, note)
            elif key in self._notes:
                self._notes[key] = fill_in(self._notes[key], note)
            else:
                self._notes[key] = note
                self.added += 1
                if note.chat_jid == UNKNOWN_CHAT and not note.message_id.startswith("row "):
                    self._chatless[short] = key

    def by_time(self) -> list[VoiceNote]:
        """The notes by time; those of the same time in the order in which they were added."""
        return sorted(
            self._notes.values(),
            key=lambda note: 0.0 if note.sent_at is None else note.sent_at.timestamp(),
        )


def fill_in(newer: VoiceNote, older: VoiceNote) -> VoiceNote:
    """`newer`, with its missing values taken from `older`, the same message."""
    changes: dict[str, Any] = {
        name: getattr(older, name)
        for name in _FILLED
        if not getattr(newer, name) and getattr(older, name)
    }
    if _is_finer(older.sent_at, newer.sent_at):
        changes["sent_at"] = older.sent_at
    changes |= {name: True for name in _EITHER if getattr(older, name) and not getattr(newer, name)}
    if newer.chat_jid == UNKNOWN_CHAT != older.chat_jid:
        changes |= {"chat": older.chat, "chat_jid": older.chat_jid}
    if newer.sender_jid is None and older.sender_jid is not None and not newer.from_me:
        changes |= {"sender": older.sender, "sender_jid": older.sender_jid}
    return replace(newer, **changes) if changes else newer


def _is_finer(one: datetime | None, other: datetime | None) -> bool:
    """True if `one` is the same time as `other` with a fraction of a second: increments have only
    whole seconds."""
    if one is None or other is None or other.microsecond:
        return False
    return one.microsecond > 0 and one.replace(microsecond=0) == other
