"""Encode notes as lines of ``voice-notes.json``, like :meth:`VoiceNote.to_json`, but faster.

Most of a note's JSON is its waveform and the messages around it. The messages are encoded from
their pool without creating objects, and a message near several notes is encoded once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from gdrive_wa.core.context import ContextMessage
from gdrive_wa.core.message_pool import MessagePool, PooledMessages
from gdrive_wa.core.model import VoiceNote, iso
from gdrive_wa.core.waveform import Waveform

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_NUMBERS = [str(number) for number in range(256)]
_NO_WAVEFORM = ', "waveform": []'
"""Occurs only once in the JSON of a note, because quotes inside a text are escaped."""
_MOST_TEXTS = 500
"""Maximum number of encoded messages that are remembered. Notes of a chat and day come together."""


class Lines:
    """Encodes notes, one after the other."""

    def __init__(self) -> None:
        self._pool: MessagePool | None = None
        self._texts: dict[int, str] = {}
        self._people: dict[int, tuple[str, str]] = {}

    def of(self, note: VoiceNote) -> str:
        """The JSON object of `note`."""
        fields = note.to_json(around=False)
        waveform = note.waveform if isinstance(note.waveform, Waveform) else None
        if waveform is not None:
            fields["waveform"] = []
        line = _ENCODER.encode(fields)[:-1]  # "before" and "after" come last
        if waveform is not None:
            values = ", ".join(map(_NUMBERS.__getitem__, bytes(waveform)))
            line = line.replace(_NO_WAVEFORM, f', "waveform": [{values}]', 1)
        before, after = self._array(note.before), self._array(note.after)
        return f'{line}, "before": [{before}], "after": [{after}]}}'

    def _array(self, messages: Sequence[ContextMessage]) -> str:
        if not isinstance(messages, PooledMessages):
            return ", ".join(_ENCODER.encode(each.to_json()) for each in messages)
        if messages.pool is not self._pool:
            self._pool, self._texts, self._people = messages.pool, {}, {}
        if len(self._texts) > _MOST_TEXTS:
            self._texts.clear()
        return ", ".join([self._text(messages.pool, number) for number in messages.numbers()])

    def _text(self, pool: MessagePool, number: int) -> str:
        known = self._texts.get(number)
        if known is None:
            known = self._texts[number] = self._encoded(pool, number)
        return known

    def _encoded(self, pool: MessagePool, number: int) -> str:
        """The JSON of :meth:`ContextMessage.to_json`, without creating the message."""
        person, sent_at, text, kind, file = pool.parts(number)
        if person not in self._people:
            sender, jid, mine = map(_ENCODER.encode, pool.person(person))
            who = f'"sender_jid": {jid}, "from_me": {mine}, "file": '
            self._people[person] = f'"sender": {sender}, "sent_at": ', who
        start, end = self._people[person]
        moment = "null" if sent_at is None else f'"{iso(sent_at)}"'
        path = "null" if file is None else _ENCODER.encode(file)
        return (
            f'{{{start}{moment}, "text": {_ENCODER.encode(text)}, "kind": "{kind}", {end}{path}}}'
        )
