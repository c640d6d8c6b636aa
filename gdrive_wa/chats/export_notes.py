"""The voice notes of an exported chat, as the same records as those of a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from gdrive_wa.chats.export_context import ExportedWords, Nearby, NearbyMessages
from gdrive_wa.chats.export_people import (
    ExportedPeople,
    NameOf,
    chat_title,
    exported_jid,
    same_name,
)
from gdrive_wa.chats.export_text import ExportedMessage, ExportText, MessageKind
from gdrive_wa.core.context import ContextMessage
from gdrive_wa.core.export_ids import exported_id
from gdrive_wa.core.message_pool import MessagePool
from gdrive_wa.core.model import VoiceNote

MOST_NOTES = 50_000
"""Maximum number of voice notes read from one chat."""
MOST_MENTIONS = 20
"""Maximum number of messages that may mention the same file. Each message gets a copy of it, so a
text of a few kilobytes could otherwise fill a disk."""
MOST_SENDERS = 20_000
_MIME_TYPES = {
    "opus": "audio/ogg; codecs=opus",
    "ogg": "audio/ogg; codecs=opus",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "mp3": "audio/mpeg",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedChat:
    """The content of an exported chat.

    Attributes:
        name: the name of the chat.
        owner: the name of the phone's owner; None if the text does not show it.
        notes: in their order, each with the name of its file; None if that was left out.
        messages: the number of messages.
        attached: audio files that are not voice notes.
        left_out: the number of media of unknown kind that the export does not contain.
        refused: voice notes beyond :data:`MOST_NOTES` and :data:`MOST_MENTIONS`.
        span: times of the first and the last message; None without any.
    """

    name: str
    owner: str | None
    notes: tuple[tuple[VoiceNote, str | None], ...] = field(repr=False)
    messages: int
    attached: int
    left_out: int
    refused: int = 0
    span: tuple[datetime, datetime] | None = None

    def repeats(self, other: ExportedChat) -> bool:
        """True if `other` is an export of the same chat and days and has all media."""
        if self.span is None or other.span is None or other.left_out or self.name != other.name:
            return False
        return other.span[0] <= self.span[0] and self.span[1] <= other.span[1]


def read_exported_chat(
    text: ExportText,
    *,
    names: Sequence[str],
    zone: tzinfo | None = None,
    name_of: NameOf = lambda _: None,
    context: int = 0,
) -> ExportedChat:
    """Read the voice notes of an exported chat.

    Args:
        text: the text of the chat.
        names: the names of the text file, its folder and its ZIP, without suffixes. The name of
            the chat is taken from them.
        zone: the time zone of the phone that made the export; None for this machine's.
        name_of: gives names for the jids of phone numbers.
        context: how many messages before and after each note are kept.
    """
    survey = _Survey(zone, context)
    for message in text.messages():
        survey.add(message)
    title = chat_title(names, host=survey.host, senders=survey.senders)
    jid = exported_jid(title)
    people = ExportedPeople(name_of(jid) or title, survey.owner(title), name_of)
    messages = _Messages(people)
    return ExportedChat(
        name=people.chat,
        owner=people.owner,
        notes=tuple(
            (_note(voice, jid, people, messages), voice.message.file) for voice in survey.voices
        ),
        messages=survey.count,
        attached=survey.kinds[MessageKind.AUDIO],
        left_out=survey.kinds[MessageKind.LEFT_OUT],
        refused=survey.refused,
        span=survey.span,
    )


def _note(voice: _Voice, chat_jid: str, people: ExportedPeople, messages: _Messages) -> VoiceNote:
    message = voice.message
    sender, sender_jid, from_me = people.sender(message.sender)
    suffix = (message.file or "").rpartition(".")[2].lower()
    return VoiceNote(
        chat=people.chat,
        chat_jid=chat_jid,
        sender=sender,
        sender_jid=sender_jid,
        from_me=from_me,
        sent_at=voice.sent_at,
        mime_type=_MIME_TYPES.get(suffix),
        view_once=message.view_once,
        message_id=exported_id(message.at, voice.number),
        before=messages.sequence(voice.nearby.before),
        after=messages.sequence(voice.nearby.after),
    )


class _Messages:
    """The messages around the notes of a chat, each stored once, however many notes it is near."""

    def __init__(self, people: ExportedPeople) -> None:
        self._people = people
        self._pool = MessagePool()
        self._stored: dict[int, int] = {}

    def sequence(self, words: Iterable[ExportedWords]) -> Sequence[ContextMessage]:
        return self._pool.sequence(map(self._place, words))

    def _place(self, words: ExportedWords) -> int:
        if id(words) not in self._stored:
            sender, sender_jid, from_me = self._people.sender(words.sender)
            self._stored[id(words)] = self._pool.add(
                ContextMessage(
                    sender=sender,
                    sent_at=words.sent_at,
                    text=words.text,
                    kind=words.kind,
                    sender_jid=sender_jid,
                    from_me=from_me,
                    whatsapp_path=words.file,
                )
            )
        return self._stored[id(words)]


def merge_notes(notes: Iterable[VoiceNote]) -> list[VoiceNote]:
    """The notes of several exports, each once.

    Two exports of one chat give the same note the same id. A note that is left out of one of them
    gets its file from the other. Different recordings with the same id stay two notes.
    """
    merged: dict[tuple[str, str], VoiceNote] = {}
    for note in notes:
        number, key = 1, (note.chat_jid, note.message_id)
        while (other := merged.get(key)) is not None and _differ(other, note):
            number += 1
            moment = datetime.strptime(note.message_id[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007
            key = (note.chat_jid, exported_id(moment, number))
        if other is None or other.sha256 is None:
            merged[key] = replace(note, message_id=key[1])
    return list(merged.values())


def _differ(one: VoiceNote, other: VoiceNote) -> bool:
    return None not in (one.sha256, other.sha256) and one.sha256 != other.sha256


@dataclass(frozen=True, slots=True)
class _Voice:
    """A voice note of the text.

    Attributes:
        message: its line.
        sent_at: in UTC.
        number: its position among those of the same time, from 1.
        nearby: the messages around it.
    """

    message: ExportedMessage
    sent_at: datetime
    number: int
    nearby: Nearby


class _Survey:
    """Facts collected from all messages of a chat.

    Attributes:
        voices: the voice notes in their order.
        kinds: the number of messages of each kind.
        senders: the number of messages of each sender.
        refused: voice notes beyond the limits.
        span: when the first and the last message were sent, in UTC.
        host: the sender of the system message in the first line: an iPhone writes the chat's name.
    """

    def __init__(self, zone: tzinfo | None, context: int) -> None:
        self.voices: list[_Voice] = []
        self._nearby = NearbyMessages(context)
        self.kinds: Counter[MessageKind] = Counter()
        self.senders: Counter[str] = Counter()
        self.host: str | None = None
        self.count = self.refused = 0
        self.span: tuple[datetime, datetime] | None = None
        self._mentions: Counter[str] = Counter()
        self._owners: Counter[str] = Counter()
        self._clock = _Clock(zone)
        self._at: datetime | None = None
        self._number = 0

    def add(self, message: ExportedMessage) -> None:
        if not self.count and message.kind is MessageKind.SYSTEM:
            self.host = message.sender
        self.count += 1
        self.kinds[message.kind] += 1
        sent_at = self._clock.utc(message.at)
        self.span = (self.span or (sent_at, sent_at))[0], sent_at
        if message.sender is not None and message.by_owner:
            self._owners[message.sender] += 1
        if message.sender is not None and message.kind is not MessageKind.SYSTEM:
            self._count_sender(message.sender)
        nearby = self._nearby.add(message, sent_at)
        if message.kind is MessageKind.VOICE:
            self._add_voice(message, sent_at, nearby)

    def _count_sender(self, sender: str) -> None:
        if sender in self.senders or len(self.senders) < MOST_SENDERS:
            self.senders[sender] += 1

    def _add_voice(self, message: ExportedMessage, sent_at: datetime, nearby: Nearby) -> None:
        if message.file is not None:
            self._mentions[message.file] += 1
        if len(self.voices) >= MOST_NOTES or self._mentions[message.file or ""] > MOST_MENTIONS:
            self.refused += 1
            return
        self._number = self._number + 1 if message.at == self._at else 1
        self._at = message.at
        self.voices.append(_Voice(message, sent_at, self._number, nearby))
        self._nearby.follow(nearby)

    def owner(self, title: str) -> str | None:
        """The name of the phone's owner: a sender who deleted a message of their own, or in a chat
        named after one of two senders, the other one."""
        if self._owners:
            return self._owners.most_common(1)[0][0]
        others = [sender for sender in self.senders if not same_name(sender, title)]
        return others[0] if len(self.senders) == 2 and len(others) == 1 else None


class _Clock:
    """Converts local times to UTC. When clocks are put back and an hour comes twice, a time is in
    the second of the two if the message before it shows that."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._last: datetime | None = None

    def utc(self, at: datetime) -> datetime:
        sent_at = self._in_zone(at)
        if self._last is not None and sent_at < self._last:
            sent_at = max(sent_at, self._in_zone(at.replace(fold=1)))
        self._last = sent_at
        return sent_at

    def _in_zone(self, at: datetime) -> datetime:
        local = at.astimezone() if self._zone is None else at.replace(tzinfo=self._zone)
        return local.astimezone(UTC)
