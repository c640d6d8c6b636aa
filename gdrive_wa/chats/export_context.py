"""The messages around the voice notes of an exported chat, collected as its text is read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from gdrive_wa.chats.export_text import ExportedMessage, MessageKind
from gdrive_wa.core.context import SHOWN_KINDS, ContextKind, bounded

_KINDS = {
    MessageKind.TEXT: ContextKind.TEXT,
    MessageKind.VOICE: ContextKind.VOICE,
    MessageKind.AUDIO: ContextKind.AUDIO,
    MessageKind.IMAGE: ContextKind.IMAGE,
    MessageKind.VIDEO: ContextKind.VIDEO,
    MessageKind.STICKER: ContextKind.STICKER,
    MessageKind.DOCUMENT: ContextKind.DOCUMENT,
}


@dataclass(frozen=True, slots=True)
class ExportedWords:
    """The kept fields of a message near a note.

    Attributes:
        at: local time, as in the text.
        sent_at: the same in UTC.
        sender: as the text names them; None for system messages.
        text: what was written.
        kind: its kind.
        file: name of its picture or video.
    """

    at: datetime
    sent_at: datetime
    sender: str | None
    text: str
    kind: ContextKind
    file: str | None = None


@dataclass(slots=True)
class Nearby:
    """The messages around one note.

    Attributes:
        at: when the note was sent, local time.
        before: the messages before it.
        after: the messages after it.
    """

    at: datetime
    before: tuple[ExportedWords, ...]
    after: list[ExportedWords] = field(default_factory=list)


class NearbyMessages:
    """A sliding window over the messages of a chat.

    Args:
        count: how many messages before and after each note are kept.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._last: deque[ExportedWords] = deque(maxlen=count)
        self._open: deque[Nearby] = deque(maxlen=count)

    def add(self, message: ExportedMessage, sent_at: datetime) -> Nearby:
        """Take the next message.

        Returns:
            The messages around it; later ones are added as they come.
        """
        day = message.at.date()
        nearby = Nearby(message.at, tuple(each for each in self._last if each.at.date() == day))
        if not self._count or message.kind is MessageKind.SYSTEM:
            return nearby
        words = _words(message, sent_at)
        while self._open and self._is_complete(self._open[0]):
            self._open.popleft()
        for other in self._open:
            if other.at.date() == day and len(other.after) < self._count:
                other.after.append(words)
        self._last.append(words)
        return nearby

    def follow(self, nearby: Nearby) -> None:
        """Add the messages that follow to `nearby`, as they come."""
        if self._count:
            self._open.append(nearby)

    def _is_complete(self, nearby: Nearby) -> bool:
        return len(nearby.after) >= self._count or bool(
            self._last and self._last[-1].at.date() > nearby.at.date()
        )


def _words(message: ExportedMessage, sent_at: datetime) -> ExportedWords:
    kind = ContextKind.DELETED if message.by_owner else _KINDS.get(message.kind, ContextKind.OTHER)
    has_text = message.kind is not MessageKind.LEFT_OUT and kind is not ContextKind.DELETED
    left_out = message.kind is MessageKind.VOICE and message.file is None
    text = bounded(message.text) if has_text and not left_out else ""
    file = message.file if kind in SHOWN_KINDS else None
    return ExportedWords(message.at, sent_at, message.sender, text, kind, file)
