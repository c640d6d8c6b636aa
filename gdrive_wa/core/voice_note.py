"""A voice note, and the copy of its file on WhatsApp's media servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from gdrive_wa.core.context import ContextMessage, Reaction, Reply
from gdrive_wa.core.frozen import quickly_made
from gdrive_wa.core.moments import iso


class NoteStatus(StrEnum):
    """The status of a voice note after a restore."""

    RESTORED = "restored"
    """The file is in the archive and matches the database."""
    MISSING = "missing"
    """The note is in the database, but its file is not in the backup."""
    FAILED = "failed"
    """The backup holds its file, which could not be fetched or opened."""
    UNMATCHED = "unmatched"
    """The file is in the archive, but not in any database."""
    MISMATCH = "mismatch"
    """A file of that name is in the archive, but its hash differs from the database."""


Words: TypeAlias = tuple[tuple[float, float, str], ...]
"""Words with their start and end in seconds."""
WHATSAPP = "whatsapp"
"""The source of WhatsApp's own transcripts."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceNote:
    """One voice note: its sender, date, chat and file.

    Attributes:
        file: path relative to the archive, with ``/`` as separator; None without a file.
        chat: displayed name of the chat.
        chat_jid: WhatsApp's id of the chat.
        sender: displayed name of the sender; the owner's name for notes sent by the owner.
        sender_jid: WhatsApp's id of the sender; None if the database has none.
        from_me: sent by the owner of the backup.
        sent_at: when it was sent, UTC; None for an unmatched file.
        duration: seconds; None if unknown.
        size: size of the audio in bytes; None if unknown.
        mime_type: such as ``audio/ogg; codecs=opus``.
        status: the status of its file.
        transcript: what is said: WhatsApp's own transcript, or else that of a model.
        transcript_source: ``whatsapp``, or the model's name; None without a transcript.
        words: start and end in seconds, and the word, if a model wrote the transcript.
        starred: the owner starred the message.
        forwarded: the message was forwarded.
        view_once: sent to be played only once.
        message_id: WhatsApp's id of the message (``key_id``), unique within a chat.
        whatsapp_path: path of the file in the database.
        sha256: hash of the audio in the database, hex; None if unknown.
        waveform: 64 loudness values 0..100, as the app draws them; empty if unknown.
        before: the messages before it in its chat, on the same day, the earliest first.
        after: the messages after it, likewise.
        reply_to: the message that it answers; None if it answers none.
        reactions: people's reactions to the message.
        folder: absolute path of the archive that the note was read from; None for other notes.
            It is ignored when notes are compared.
    """

    chat: str
    chat_jid: str
    sender: str
    from_me: bool
    sent_at: datetime | None
    file: str | None = None
    sender_jid: str | None = None
    duration: float | None = None
    size: int | None = None
    mime_type: str | None = None
    status: NoteStatus = NoteStatus.MISSING
    transcript: str | None = None
    transcript_source: str | None = None
    words: Words = ()
    starred: bool = False
    forwarded: bool = False
    view_once: bool = False
    message_id: str = ""
    whatsapp_path: str | None = None
    sha256: str | None = None
    waveform: Sequence[int] = ()
    before: Sequence[ContextMessage] = ()
    after: Sequence[ContextMessage] = ()
    reply_to: Reply | None = None
    reactions: tuple[Reaction, ...] = ()
    folder: Path | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.transcript is not None and self.transcript_source is None:
            object.__setattr__(self, "transcript_source", WHATSAPP)

    @property
    def path(self) -> Path | None:
        """Absolute path of the file of a note from an archive; None without a file."""
        if self.folder is None or self.file is None:
            return None
        return self.folder / self.file

    def to_json(self, *, around: bool = True) -> dict[str, object]:
        """The fields of ``notes --json``; `sent_at` is ISO 8601 in UTC.

        Args:
            around: include the messages before and after the note, as the last fields.
        """
        fields: dict[str, object] = {
            "file": self.file,
            "chat": self.chat,
            "chat_jid": self.chat_jid,
            "sender": self.sender,
            "sender_jid": self.sender_jid,
            "from_me": self.from_me,
            "sent_at": iso(self.sent_at),
            "duration": self.duration,
            "size": self.size,
            "mime_type": self.mime_type,
            "status": str(self.status),
            "transcript": self.transcript,
            "transcript_source": self.transcript_source,
            "words": [list(word) for word in self.words],
            "starred": self.starred,
            "forwarded": self.forwarded,
            "view_once": self.view_once,
            "message_id": self.message_id,
            "whatsapp_path": self.whatsapp_path,
            "sha256": self.sha256,
            "waveform": list(self.waveform),
            "reply_to": self.reply_to and self.reply_to.to_json(),
            "reactions": [each.to_json() for each in self.reactions],
        }
        if around:
            fields["before"] = [each.to_json() for each in self.before]
            fields["after"] = [each.to_json() for each in self.after]
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLink:
    """A copy of one message's file on WhatsApp's transient media servers.

    Anyone with the link and the key can read the file, so ``repr`` shows neither. The values come
    from a database and must be validated before use.

    Attributes:
        chat_jid: WhatsApp's id of the chat, as in :class:`VoiceNote`.
        message_id: WhatsApp's id of the message.
        url: the full URL; None if the database has none.
        direct_path: its path and query on any media server; None if the database has none.
        media_key: the 32-byte key that decrypts it.
        enc_sha256: hash of the encrypted copy, hex; None if unknown.
        sha256: hash of the content, hex; None if unknown.
        size: size of the content in bytes; None if unknown.
        mime_type: MIME type of the content.
    """

    chat_jid: str
    message_id: str
    url: str | None = field(repr=False)
    direct_path: str | None = field(repr=False)
    media_key: bytes = field(repr=False)
    enc_sha256: str | None = None
    sha256: str | None = None
    size: int | None = None
    mime_type: str | None = None
