"""Encode notes as lines of ``voice-notes.json``, like :meth:`VoiceNote.to_json`, but faster.

Most of a note's JSON is its waveform and the messages around it. The messages are encoded from
their pool without creating objects, and a message near several notes is encoded once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.encoder import encode_basestring as _quoted

from gdrive_wa.core.context import ContextMessage
from gdrive_wa.core.message_pool import MessagePool, PooledMessages
from gdrive_wa.core.model import VoiceNote, iso
from gdrive_wa.core.waveform import Waveform

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_NUMBERS = [str(number) for number in range(256)]
_TRUTH = ("false", "true")
_MOST_TEXTS = 500
"""Maximum number of encoded messages that are remembered. Notes of a chat and day come together."""
_MOST_PEOPLE = 5000
"""Maximum number of encoded chats with a sender that are remembered."""


class Lines:
    """Encodes notes, one after the other."""

    def __init__(self) -> None:
        self._pool: MessagePool | None = None
        self._texts: dict[int, str] = {}
        self._people: dict[int, tuple[str, str]] = {}
        self._chats: dict[tuple[str, str, str, str | None, bool], str] = {}

    def of(self, note: VoiceNote) -> str:
        """The JSON object of `note`."""
        sent_at = "null" if note.sent_at is None else f'"{iso(note.sent_at)}"'
        return (
            f'{{"file": {_text(note.file)}, {self._chat(note)}, "sent_at": {sent_at}, '
            f'"duration": {_number(note.duration)}, "size": {_number(note.size)}, '
            f'"mime_type": {_text(note.mime_type)}, "status": "{note.status}", '
            f'"transcript": {_text(note.transcript)}, '
            f'"transcript_source": {_text(note.transcript_source)}, '
            f'"words": {_array(note.words)}, "starred": {_TRUTH[note.starred]}, '
            f'"forwarded": {_TRUTH[note.forwarded]}, "view_once": {_TRUTH[note.view_once]}, '
            f'"message_id": {_quoted(note.message_id)}, '
            f'"whatsapp_path": {_text(note.whatsapp_path)}, "sha256": {_text(note.sha256)}, '
            f'"waveform": {_waveform(note.waveform)}, {_answers(note)}, '
            f'"before": {self._array(note.before)}, "after": {self._array(note.after)}}}'
        )

    def _chat(self, note: VoiceNote) -> str:
        """The chat and the sender, which many notes share."""
        who = (note.chat, note.chat_jid, note.sender, note.sender_jid, note.from_me)
        known = self._chats.get(who)
        if known is None:
            chat, chat_jid, sender, sender_jid, mine = map(_ENCODER.encode, who)
            if len(self._chats) > _MOST_PEOPLE:
                self._chats.clear()
            known = self._chats[who] = (
                f'"chat": {chat}, "chat_jid": {chat_jid}, "sender": {sender}, '
                f'"sender_jid": {sender_jid}, "from_me": {mine}'
            )
        return known

    def _array(self, messages: Sequence[ContextMessage]) -> str:
        if not messages:
            return "[]"
        if not isinstance(messages, PooledMessages):
            return _ENCODER.encode([each.to_json() for each in messages])
        if messages.pool is not self._pool:
            self._pool, self._texts, self._people = messages.pool, {}, {}
        if len(self._texts) > _MOST_TEXTS:
            self._texts.clear()
        texts = [self._message(messages.pool, number) for number in messages.numbers()]
        return f"[{', '.join(texts)}]"

    def _message(self, pool: MessagePool, number: int) -> str:
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
        return f'{{{start}{moment}, "text": {_quoted(text)}, "kind": "{kind}", {end}{path}}}'


def _text(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


def _number(value: float | None) -> str:
    return str(value) if type(value) is int else _ENCODER.encode(value)


def _array(values: Sequence[Sequence[object]]) -> str:
    return _ENCODER.encode(list(values)) if values else "[]"


def _waveform(values: Sequence[int]) -> str:
    if isinstance(values, Waveform):
        return f"[{', '.join([_NUMBERS[value] for value in bytes(values)])}]"
    return _ENCODER.encode(list(values))


def _answers(note: VoiceNote) -> str:
    if note.reply_to is None and not note.reactions:
        return '"reply_to": null, "reactions": []'
    reply = None if note.reply_to is None else note.reply_to.to_json()
    reactions = [each.to_json() for each in note.reactions]
    return f'"reply_to": {_ENCODER.encode(reply)}, "reactions": {_ENCODER.encode(reactions)}'
