"""The nouns of the product: frozen, typed, and without a way to be wrong.

Every room speaks in these; none of them knows Google, keys, threads or the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

from gdrive_wa.core.errors import GdriveWaError, UsageError
from gdrive_wa.core.kinds import Kind, kind_of

__all__ = [
    "Backup",
    "Entry",
    "MediaLink",
    "Outcome",
    "Report",
    "Secret",
    "VoiceNote",
]


class NoteStatus(StrEnum):
    """How a voice note ended; each is counted and reported."""

    RESTORED = "restored"
    """The file is in the archive and is the one that the database means."""
    MISSING = "missing"
    """The database knows it, the backup does not hold its file."""
    UNMATCHED = "unmatched"
    """The file is in the archive, but no database row knows it."""
    MISMATCH = "mismatch"
    """A file of that name is in the archive, but its hash is not the database's."""


class Secret:
    """A string that never shows itself: tokens, passphrases.

    ``repr``, ``str`` and formatting are masked; only :meth:`reveal` gives the text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it where it is used, and keep what it returns nowhere."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One account's set of backed-up files.

    Attributes:
        name: the source's own name, such as ``clients/wa/backups/15550100``.
        account: whose: the phone number without ``+`` where the source tells, else the name.
        updated: when it was last written, UTC.
        size: bytes as stored, where the source tells.
        encrypted: end-to-end encrypted or not; None where the source does not tell.
        key_type: ``server``, ``key`` (64 digits), ``password`` or ``passkey``; None if untold.
        app_version: WhatsApp's version that wrote it.
        uploading: an upload is or was under way; the backup may be incomplete.
        sealed: a metadata envelope of the backup itself, by which a key can be checked.
        owner: the name of whose it is, where the source tells; the databases of most do.
    """

    name: str
    account: str
    updated: datetime | None = None
    size: int | None = None
    encrypted: bool | None = None
    key_type: str | None = None
    app_version: str | None = None
    uploading: bool = False
    sealed: str | None = field(default=None, repr=False)
    owner: str | None = None

    def to_json(self) -> dict[str, object]:
        """The keys of ``backups --json``."""
        return {
            "name": self.name,
            "account": self.account,
            "updated": _iso(self.updated),
            "size": self.size,
            "encrypted": self.encrypted,
            "key_type": self.key_type,
            "app_version": self.app_version,
            "uploading": self.uploading,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored thing of a backup.

    Attributes:
        stored_as: its path within the backup as stored, such as ``Media/<64 hex>.mcrypt1``.
        path: WhatsApp's own path where it is known (plain backups; else after the envelope was
            opened with the key), else the same as `stored_as`.
        locator: what its source fetches it by; opaque to everybody else.
        size: bytes as stored; None where the listing does not say.
        md5: of the stored bytes, lower-case hex; None where the listing does not say.
        modified: when WhatsApp changed it, or else when it was stored; UTC.
        revision: something that changes whenever the stored bytes do; None where untold.
        envelope: its metadata envelope, still sealed.
        plain_md5: of the content after decryption, from the opened envelope.
        plain_size: bytes after decryption, from the opened envelope.
        kind: what it is, judged by its path.
        backup: whose it is, the same in every run: the phone number where the source tells, else
            what else tells two backups apart; None where nothing does.
    """

    stored_as: str
    path: str
    locator: str = field(default="", repr=False)
    size: int | None = None
    md5: str | None = None
    modified: datetime | None = None
    revision: str | None = None
    envelope: str | None = field(default=None, repr=False)
    plain_md5: str | None = None
    plain_size: int | None = None
    backup: str | None = None
    kind: Kind = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", kind_of(self.path))

    def to_json(self) -> dict[str, object]:
        """The keys of ``ls --json``."""
        return {
            "path": self.path,
            "stored_as": self.stored_as,
            "size": self.size,
            "md5": self.md5,
            "modified": _iso(self.modified),
            "kind": str(self.kind),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceNote:
    """One voice note: who said it, when, in which chat, and where its file is.

    Attributes:
        file: path in the archive, relative, ``/`` between parts; None when there is no file.
        chat: name of the chat as shown.
        chat_jid: WhatsApp's id of the chat: what identifies it.
        sender: name of who spoke, as shown; the owner's own name for their own.
        sender_jid: WhatsApp's id of who spoke; None where the database does not say.
        from_me: spoken by the owner of the backup.
        sent_at: when it was sent, UTC; None for a file that no row knows.
        duration: seconds; None where untold.
        size: bytes of the audio; None where untold.
        mime_type: such as ``audio/ogg; codecs=opus``.
        status: how it ended.
        transcript: WhatsApp's own, where the database holds one.
        starred: the owner starred the message.
        forwarded: the message was forwarded.
        view_once: it was sent to be heard once.
        message_id: WhatsApp's id of the message (``key_id``), unique within a chat.
        whatsapp_path: the path by which the database knows the file.
        sha256: of the audio as the database promises it, hex; None where untold.
        waveform: 64 loudness values 0..100 as the app drew them; empty where untold.
        folder: of the archive that the note was read from, absolute; None for a note that comes
            from elsewhere. It is not part of what makes two notes equal.
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
    starred: bool = False
    forwarded: bool = False
    view_once: bool = False
    message_id: str = ""
    whatsapp_path: str | None = None
    sha256: str | None = None
    waveform: tuple[int, ...] = ()
    folder: Path | None = field(default=None, repr=False, compare=False)

    @property
    def path(self) -> Path | None:
        """Where the file of a note is that an archive handed out, absolute; None without one."""
        if self.folder is None or self.file is None:
            return None
        return self.folder / self.file

    def to_json(self) -> dict[str, object]:
        """The keys of ``notes --json``; `sent_at` is ISO 8601 in UTC."""
        return {
            "file": self.file,
            "chat": self.chat,
            "chat_jid": self.chat_jid,
            "sender": self.sender,
            "sender_jid": self.sender_jid,
            "from_me": self.from_me,
            "sent_at": _iso(self.sent_at),
            "duration": self.duration,
            "size": self.size,
            "mime_type": self.mime_type,
            "status": str(self.status),
            "transcript": self.transcript,
            "starred": self.starred,
            "forwarded": self.forwarded,
            "view_once": self.view_once,
            "message_id": self.message_id,
            "whatsapp_path": self.whatsapp_path,
            "sha256": self.sha256,
            "waveform": list(self.waveform),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLink:
    """A copy of one message's file on WhatsApp's transient media servers.

    Who has the link and the key has the file: neither shows in ``repr``. Nothing in here is to
    be trusted before it is checked; it is what somebody's database says.

    Attributes:
        chat_jid: of the chat, as in :class:`VoiceNote`.
        message_id: WhatsApp's id of the message.
        url: the whole address; None where the database has none.
        direct_path: path and query of it on any of the media servers; None likewise.
        media_key: 32 bytes that open it.
        enc_sha256: of the copy as it is stored there, hex; None where untold.
        sha256: of the content, hex; None where untold.
        size: bytes of the content; None where untold.
        mime_type: of the content.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one entry ended.

    Attributes:
        path: the entry's path.
        file: where its content lies now, relative to the target; None when it lies nowhere.
        bytes: bytes moved or written for it.
        reason: why it was skipped or failed; None when it was done.
        hints: what to do about it.
        exit_code: what the error would have ended a command with, were it the only entry.
    """

    path: str
    file: str | None = None
    bytes: int = 0
    reason: str | None = None
    hints: tuple[str, ...] = ()
    exit_code: int = 0

    @classmethod
    def failed(cls, path: str, error: GdriveWaError) -> Self:
        """The entry at `path` ended with `error`."""
        return cls(path=path, reason=error.message, hints=error.hints, exit_code=error.exit_code)

    def to_json(self) -> dict[str, object]:
        """The keys of each entry in a report; all are always there."""
        return {
            "path": self.path,
            "file": self.file,
            "bytes": self.bytes,
            "reason": self.reason,
            "hints": list(self.hints),
        }


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """How the voice notes of an archive ended.

    Attributes:
        statuses: how many notes, by status.
        chats: how many chats they are from.
    """

    statuses: dict[str, int]
    chats: int


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did: every entry ends in exactly one of the three lists.

    Attributes:
        done: finished in this run.
        skipped: nothing to do: already there and verified, or not wanted.
        failed: not there; each with its reason.
        bytes: bytes moved or written.
        seconds: how long the run took.
        notes: how the archive's voice notes ended; only of a restore that came to its end.
    """

    done: list[Outcome] = field(default_factory=list)
    skipped: list[Outcome] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    notes: NoteCounts | None = None

    def to_json(self) -> dict[str, object]:
        """The keys of ``restore --json``, ``download --json`` and ``decrypt --json``."""
        return {
            "done": [outcome.to_json() for outcome in self.done],
            "skipped": [outcome.to_json() for outcome in self.skipped],
            "failed": [outcome.to_json() for outcome in self.failed],
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


def relative_to(folder: Path, path: Path) -> str:
    """`path` as it is named in reports and manifests: below `folder`, ``/`` between parts."""
    return path.relative_to(folder).as_posix()


def within(folder: Path, dest: Path) -> str | None:
    """How `dest`, where the content of `folder` will go, is named below `folder`; None when it
    lies elsewhere.

    Raises:
        UsageError: they are the same: the next run would take its own work for more of it.
    """
    try:
        below = relative_to(folder.resolve(), dest.resolve())
    except ValueError:
        return None
    if below == ".":
        raise UsageError(
            f"{dest} is the folder that the files come from", hint="name another folder to fill"
        )
    return below


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
