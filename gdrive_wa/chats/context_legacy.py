"""The messages around voice notes in the old schema, and what the notes answer.

The old schema has no reactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gdrive_wa.chats.context_reader import (
    OWN_NOTES,
    ContextReader,
    completed,
    shown_kind,
    time_of,
)
from gdrive_wa.chats.java import media_path
from gdrive_wa.chats.merged import Key, key_of
from gdrive_wa.chats.message_kinds import SYSTEM_KINDS
from gdrive_wa.chats.timeline import Places, Timeline
from gdrive_wa.chats.values import as_int, flag, moment, text
from gdrive_wa.core.context import SHOWN_KINDS, ContextKind, ContextMessage, Reply, bounded
from gdrive_wa.core.message_pool import Messages
from gdrive_wa.core.model import VoiceNote

_LEGACY = (
    "_id",
    "key_remote_jid",
    "key_from_me",
    "remote_resource",
    "media_wa_type",
    "data",
    "timestamp",
    "received_timestamp",
    "origin",
    "media_caption",
    "media_name",
    "thumb_image",
)
_SYSTEM_STATUS = 6
"""``status`` of system messages in the old schema."""


class LegacyContext(ContextReader):
    """The messages of the old schema around notes, and what these answer."""

    def added_to(self, notes: list[VoiceNote]) -> list[VoiceNote]:
        """`notes`, changed in place: those in chats of this table have the messages around
        them."""
        if not self._tables.has("messages", "_id", "key_remote_jid", "media_wa_type"):
            return notes
        own, quoted = self._own_legacy(notes)
        timeline = Timeline(self._window, {note.chat_jid for note in notes})
        columns = ("_id", "key_remote_jid", "timestamp", "received_timestamp", "status")
        shown = f"CAST(media_wa_type AS INTEGER) NOT IN ({SYSTEM_KINDS}) OR media_wa_type IS NULL"
        adders: dict[object, Any] = {}
        for number, raw, sent, received, status in self._tables.rows("messages", columns, shown):
            if raw not in adders:
                jid = text(raw)
                adders[raw] = timeline.adder(None if jid is None else self._jids.resolve(jid))
            add, at = adders[raw], time_of(sent, received)
            is_written = as_int(status) != _SYSTEM_STATUS and type(number) is int
            if add is not None and at is not None and is_written:
                add(at, number)
        places = [timeline.around(note, own.get(key_of(note))) for note in notes]
        messages = self._old_messages(places, set(own.values()))
        replies = self._old_replies(quoted)
        for at, (note, place) in enumerate(zip(notes, places, strict=True)):
            notes[at] = completed(note, own.get(key_of(note)), place, messages, replies, {})
        return notes

    def _own_legacy(self, notes: Iterable[VoiceNote]) -> tuple[dict[Key, int], dict[int, int]]:
        """The row numbers of the notes, and of the messages that they quote."""
        wanted = {key_of(note) for note in notes}
        columns = ("_id", "key_remote_jid", "key_id", "key_from_me", "quoted_row_id")
        own: dict[Key, int] = {}
        quoted: dict[int, int] = {}
        audio = f"CAST(media_wa_type AS INTEGER) IN ({OWN_NOTES})"
        for number, raw, key_id, mine, quote in self._tables.rows("messages", columns, audio):
            jid = self._jids.resolve(text(raw) or "")
            key = (jid, text(key_id) or f"row {as_int(number)}", flag(mine))
            if key in wanted and type(number) is int:
                own[key] = number
                if as_int(quote):
                    quoted[number] = as_int(quote) or 0
        return own, quoted

    def _old_messages(self, places: Iterable[Places], notes: set[int]) -> Messages:
        wanted = {number for pair in places for numbers in pair for number in numbers}
        self._tables.select_ids(wanted)
        found = Messages()
        for row in self._tables.rows("messages", _LEGACY, wanted="_id"):
            number, raw, mine, participant, kind, written, sent, received, origin, *more = row
            thumb = more.pop()
            shown = shown_kind(as_int(kind) or 0, as_int(origin), is_note=number in notes)
            found[number] = ContextMessage(
                sent_at=moment(sent, received),
                text=_old_text(shown, written, *more),
                kind=shown,
                whatsapp_path=_old_path(thumb) if shown in SHOWN_KINDS else None,
                **self._old_who(raw, participant, mine=flag(mine)),
            )
        return found

    def _old_replies(self, quoted: Mapping[int, int]) -> dict[int, Reply]:
        self._tables.select_ids(quoted.values())
        by_quote: dict[int, Reply] = {}
        columns = (
            *("_id", "key_remote_jid", "key_from_me", "remote_resource", "media_wa_type"),
            *("data", "origin", "media_caption", "media_name"),
        )
        rows = self._tables.rows("messages_quotes", columns, wanted="_id")
        for number, raw, mine, participant, kind, written, origin, caption, name in rows:
            shown = shown_kind(as_int(kind) or 0, as_int(origin), is_note=False)
            by_quote[as_int(number) or 0] = Reply(
                text=_old_text(shown, written, caption, name),
                kind=shown,
                **self._old_who(raw, participant, mine=flag(mine)),
            )
        return {note: by_quote[quote] for note, quote in quoted.items() if quote in by_quote}

    def _old_who(self, raw: object, participant: object, *, mine: bool) -> dict[str, Any]:
        chat_jid, named = self._jids.resolve(text(raw) or ""), text(participant)
        known = None if named is None or "@" not in named else self._jids.resolve(named)
        return self.who(chat_jid, None if mine else known, mine=mine)


def _old_path(thumb: object) -> str | None:
    return media_path(thumb) if isinstance(thumb, bytes) else None


def _old_text(kind: ContextKind, written: object, caption: object, name: object) -> str:
    """The text of a message, or the caption of its file. Other kinds of messages have data of the
    app in the column for the text."""
    if kind is ContextKind.DELETED:
        return ""
    if kind in (ContextKind.TEXT, ContextKind.OTHER):
        return bounded(text(written))
    shown = bounded(text(caption))
    if kind in (ContextKind.DOCUMENT, ContextKind.CONTACT):
        return shown or bounded(text(name))
    return shown
