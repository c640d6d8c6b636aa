"""The messages around the notes in the form that the page reads: each message and name once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from gdrive_wa.core.local_clock import LocalClock
from gdrive_wa.core.message_pool import MessagePool, PooledMessages
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages.json_rows import JsonRows
from gdrive_wa.pages.page_text import safe_path, without_surrogates
from gdrive_wa.pages.page_words import encode_numbers, unsigned

_HARMLESS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".mp4", ".3gp", ".mov")
"""Suffixes of the files that the page shows or links; an SVG or HTML file could contain scripts."""
_DAYS = 3 * 24 * 3600
"""Minimum seconds for which a message is remembered: notes of the same day may share it, in any
time zone."""


def value_of(message: object, name: str) -> Any:
    """The attribute or the key `name` of `message`; None if it has neither."""
    found = getattr(message, name, None)
    if found is None and isinstance(message, Mapping):
        return message.get(name)
    return found


@dataclass(slots=True)
class Messages:
    """Collects the messages around all notes.

    A message near two notes is kept once.

    Attributes:
        rows: receives the text of each message.
        clock: the local time of the page.
        names: the names of the senders.
        kinds: the kinds of messages, such as ``text`` and ``image``.
        files: paths in the archive, by the number of the message.
    """

    rows: JsonRows
    clock: LocalClock
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    _about: list[str] = field(default_factory=list)
    _name_at: dict[str, int] = field(default_factory=dict)
    _kind_at: dict[str, int] = field(default_factory=dict)
    _row_at: dict[tuple[object, ...], int] = field(default_factory=dict)
    _older: dict[tuple[object, ...], int] = field(default_factory=dict)
    _pool: MessagePool | None = None
    _person_at: dict[int, int] = field(default_factory=dict)
    _seen: dict[tuple[str, int], int] = field(default_factory=dict)
    _seen_before: dict[tuple[str, int], int] = field(default_factory=dict)
    _since: float = -math.inf
    _last: int = 0

    @property
    def about(self) -> str:
        """Three numbers for each message, see :func:`encode_numbers`: its sender (index into
        `names`), its time, and its kind (index).

        The time is 0 if it is unknown. Otherwise it is one more than the seconds of local time
        since the message before it in this list, encoded with :func:`unsigned`.
        """
        return "".join(self._about)

    def around(self, note: VoiceNote) -> str | list[object] | None:
        """The messages around `note`, the message that it answers, and reactions; None without any.

        The result is the text of :func:`_encode_places`. If the note answers a message or has
        reactions, it is a list: that text, the sender and text of the answered message (or None),
        and the sender and emoji of each reaction.
        """
        self._forget_before(note)
        before = self._indices(note, getattr(note, "before", ()))
        after = self._indices(note, getattr(note, "after", ()))
        answered = getattr(note, "reply_to", None)
        reply = None
        if answered:
            reply = [self._name(value_of(answered, "sender")), _text(value_of(answered, "text"))]
        reactions = [
            [self._name(value_of(reaction, "sender")), _text(value_of(reaction, "emoji"))]
            for reaction in getattr(note, "reactions", ()) or ()
        ]
        if not (before or after or reply or reactions):
            return None
        places = _encode_places(before, after)
        return [places, reply, reactions] if reply or reactions else places

    def _indices(self, note: VoiceNote, messages: Iterable[object] | None) -> list[int]:
        if not messages:
            return []
        if not isinstance(messages, PooledMessages):
            return [self._index(note, message) for message in messages]
        if messages.pool is not self._pool:
            self._pool, self._person_at = messages.pool, {}
            self._seen, self._seen_before = {}, {}
        pool = messages.pool
        return [self._pooled(note, pool, number) for number in messages.numbers()]

    def _pooled(self, note: VoiceNote, pool: MessagePool, number: int) -> int:
        key = (note.chat_jid, number)
        known = self._seen.get(key, self._seen_before.get(key))
        if known is None:
            person, sent_at, text, kind, file = pool.parts(number)
            name = self._person_at.get(person)
            if name is None:
                name = self._person_at[person] = self._name(pool.person(person)[0])
            seconds = self._seconds(sent_at)
            known = self._add(note, (name, seconds, _text(text), str(kind), _picture(file)))
            self._seen[key] = known
        return known

    def _index(self, note: VoiceNote, message: object) -> int:
        sent_at = value_of(message, "sent_at")
        seconds = self._seconds(sent_at if isinstance(sent_at, datetime) else None)
        kind = _text(value_of(message, "kind")) or "text"
        name = self._name(value_of(message, "sender"))
        text, file = _text(value_of(message, "text")), _picture(value_of(message, "file"))
        return self._add(note, (name, seconds, text, kind, file))

    def _add(self, note: VoiceNote, message: tuple[int, int | None, str, str, str]) -> int:
        """The row number of a message, given as sender, time, text, kind and file."""
        name, seconds, text, kind, file = message
        kind_at = self._kind_at.setdefault(kind, len(self._kind_at))
        if len(self._kind_at) > len(self.kinds):
            self.kinds.append(kind)
        key = (note.chat_jid, name, seconds, text, kind_at, file)
        known = self._row_at.get(key, self._older.get(key))
        if known is None:
            known = self._row_at[key] = self.rows.count
            self._about.append(encode_numbers((name, self._time(seconds), kind_at)))
            self.rows.add(text)
            if file:
                self.files[known] = file
        return known

    def _forget_before(self, note: VoiceNote) -> None:
        """Forget the messages of earlier days.

        Notes are given in order of time, and a message is of the same day as its notes.
        """
        now = self._since if note.sent_at is None else note.sent_at.timestamp()
        if now - self._since > _DAYS:
            self._older, self._row_at, self._since = self._row_at, {}, now
            self._seen_before, self._seen = self._seen, {}

    def _seconds(self, sent_at: datetime | None) -> int | None:
        """Seconds of local time since 1970; None if the time is unknown."""
        return None if sent_at is None else self.clock.seconds(sent_at)[0]

    def _time(self, seconds: int | None) -> int:
        if seconds is None:
            return 0
        since, self._last = seconds - self._last, seconds
        return unsigned(since) + 1

    def _name(self, name: object) -> int:
        text = _text(name)
        index = self._name_at.setdefault(text, len(self._name_at))
        if index == len(self.names):
            self.names.append(text)
        return index


def _encode_places(before: Sequence[int], after: Sequence[int]) -> str:
    """The numbers of the messages before and after a note, as one text of :func:`encode_numbers`:
    how many there are before and after, the number of the first message, and for each other one the
    difference from the message before, minus one, encoded with :func:`unsigned`."""
    places = [*before, *after]
    steps = [unsigned(place - last - 1) for last, place in pairwise(places)]
    return encode_numbers([len(before), len(after), *places[:1], *steps])


def _picture(file: str | None) -> str:
    """The path of a file that a browser shows without running scripts; empty for other files."""
    if file is None:
        return ""
    path = without_surrogates(safe_path(file) or "")
    return path if path.lower().endswith(_HARMLESS) else ""


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text if text.isascii() else without_surrogates(text)
