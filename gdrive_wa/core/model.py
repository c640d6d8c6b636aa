"""The data types of the package: typed, and most of them frozen.

All subpackages use them. They do not depend on Google, keys, threads or the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeAlias

from gdrive_wa.core.context import ContextMessage, Reaction, Reply
from gdrive_wa.core.errors import GdriveWaError, UsageError
from gdrive_wa.core.kinds import Kind, kind_of, longest

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


class Secret:
    """A confidential string, such as a token or a passphrase.

    ``repr``, ``str`` and formatting are masked; only :meth:`reveal` returns the text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Call this only where the text is used, and do not store it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret cannot be pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One account's set of backed-up files.

    Attributes:
        name: the source's own name, such as ``clients/wa/backups/15550100``.
        account: the phone number without ``+`` if the source reports it, else the name.
        updated: when it was last written, UTC.
        size: stored size in bytes, if the source reports it.
        encrypted: whether it is end-to-end encrypted; None if unknown.
        key_type: ``server``, or the first of `locks`; None if unknown.
        locks: all that open it, the most useful one first: ``key`` (64 digits),
            ``password_or_key`` (either; the backup does not say which), ``password``,
            ``passkey``, ``unknown`` (a lock that is newer than this version); empty if unknown.
        app_version: version of WhatsApp that wrote it.
        uploading: an upload may be running, or was interrupted. Finished backups sometimes keep
            this mark.
        unfinished: nothing shows that the backup is complete: it has neither its size nor its
            encryption, or is marked as uploading and lacks one of them.
        expires: the date from which on Google may delete it, unless it is renewed; None if
            unknown, or if the source does not delete backups.
        deactivates: the date from which on WhatsApp may deactivate the account of a phone that was
            last used for this backup; None as for `expires`.
        sealed: an encrypted metadata envelope of the backup, which allows checking a key.
        owner: name of the owner, if the source reports it; most databases contain it as well.
    """

    name: str
    account: str
    updated: datetime | None = None
    size: int | None = None
    encrypted: bool | None = None
    key_type: str | None = None
    locks: tuple[str, ...] = ()
    app_version: str | None = None
    uploading: bool = False
    unfinished: bool = False
    expires: date | None = None
    deactivates: date | None = None
    sealed: str | None = field(default=None, repr=False)
    owner: str | None = None

    def to_json(self) -> dict[str, object]:
        """The fields of ``backups --json``."""
        return {
            "name": self.name,
            "account": self.account,
            "updated": iso(self.updated),
            "size": self.size,
            "encrypted": self.encrypted,
            "key_type": self.key_type,
            "locks": list(self.locks),
            "app_version": self.app_version,
            "uploading": self.uploading,
            "unfinished": self.unfinished,
            "expires": self.expires and self.expires.isoformat(),
            "deactivates": self.deactivates and self.deactivates.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored file of a backup.

    Attributes:
        stored_as: its path within the backup as stored, such as ``Media/<64 hex>.mcrypt1``.
        path: WhatsApp's own path if known (in plain backups, or from the decrypted envelope),
            else the same as `stored_as`.
        locator: used by its source to fetch it; opaque to other code.
        size: stored size in bytes; None if the listing has none.
        md5: of the stored bytes, lower-case hex; None if the listing has none.
        modified: when WhatsApp changed it, or else when it was stored; UTC.
        revision: a value that changes whenever the stored bytes change; None if unknown.
        envelope: its encrypted metadata envelope.
        plain_md5: MD5 of the decrypted content, from the decrypted envelope.
        plain_size: size of the decrypted content in bytes, from the decrypted envelope.
        kind: its kind, judged by its path.
        backup: identifies the backup in every run: the phone number, or another unique value;
            None if the source has none.
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

    @property
    def impossible(self) -> bool:
        """True if its listed size is more than such a file can have."""
        return self.size is not None and self.size > longest(self.kind)

    @property
    def counted_size(self) -> int:
        """The size to count in sums: 0 if it is unknown, or impossible."""
        return 0 if self.size is None or self.impossible else self.size

    def to_json(self) -> dict[str, object]:
        """The fields of ``ls --json``."""
        return {
            "path": self.path,
            "stored_as": self.stored_as,
            "size": self.size,
            "md5": self.md5,
            "modified": iso(self.modified),
            "kind": str(self.kind),
        }


Words: TypeAlias = tuple[tuple[float, float, str], ...]
"""Words with their start and end in seconds."""
WHATSAPP = "whatsapp"
"""The source of WhatsApp's own transcripts."""


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
        reactions: of people to the message.
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
            around: with the messages before and after it, which are the last fields.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one entry.

    Attributes:
        path: path of the entry.
        file: path of its content, relative to the target; None without a file.
        bytes: bytes transferred or written for it.
        reason: why it was skipped or failed; None if it is done.
        hints: what to do about a failure.
        exit_code: exit code of its error.
        detail: the server's own words about a failure, for ``--verbose``.
    """

    path: str
    file: str | None = None
    bytes: int = 0
    reason: str | None = None
    hints: tuple[str, ...] = ()
    exit_code: int = 0
    detail: str = ""

    @classmethod
    def failed(cls, path: str, error: GdriveWaError) -> Self:
        """The outcome of an entry that failed with `error`."""
        return cls(
            path=path,
            reason=error.message,
            hints=error.hints,
            exit_code=error.exit_code,
            detail=error.detail,
        )

    def to_json(self) -> dict[str, object]:
        """The fields of each entry in a report; all are always present."""
        return {
            "path": self.path,
            "file": self.file,
            "bytes": self.bytes,
            "reason": self.reason,
            "hints": list(self.hints),
        }


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """Counts of the voice notes in an archive.

    Attributes:
        statuses: number of notes by status.
        chats: number of chats.
        remarks: further messages about them for the user, a line each.
    """

    statuses: dict[str, int]
    chats: int
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Report:
    """The result of a run: every entry is in exactly one of the three lists.

    Attributes:
        done: finished in this run.
        skipped: not processed, because it exists and is verified, or is not selected.
        failed: failed, each with its reason.
        bytes: bytes transferred or written.
        seconds: duration of the run.
        notes: counts of the archive's voice notes; only after a complete restore.
    """

    done: list[Outcome] = field(default_factory=list)
    skipped: list[Outcome] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    notes: NoteCounts | None = None

    def fail(self, path: str, error: GdriveWaError) -> None:
        """Count the entry at `path` as failed, although it was done or skipped: it is there, but
        cannot be used."""
        self.done = [outcome for outcome in self.done if outcome.path != path]
        self.skipped = [outcome for outcome in self.skipped if outcome.path != path]
        self.failed.append(Outcome.failed(path, error))

    def to_json(self) -> dict[str, object]:
        """The fields of ``restore --json``, ``download --json`` and ``decrypt --json``."""
        return {
            "done": _in_order(self.done),
            "skipped": _in_order(self.skipped),
            "failed": _in_order(self.failed),
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


def _in_order(outcomes: list[Outcome]) -> list[dict[str, object]]:
    """In the same order after every run, independent of the order of completion."""
    ordered = sorted(outcomes, key=lambda each: (each.path, each.file or "", each.reason or ""))
    return [outcome.to_json() for outcome in ordered]


def relative_to(folder: Path, path: Path) -> str:
    """`path` relative to `folder`, with ``/`` as separator, as in reports and manifests."""
    return path.relative_to(folder).as_posix()


def within(folder: Path, dest: Path) -> str | None:
    """Path of the target folder `dest` relative to the source `folder`; None if it is elsewhere.

    Raises:
        UsageError: both are the same folder, so the next run would read its own output.
    """
    try:
        below = relative_to(folder.resolve(), dest.resolve())
    except ValueError:
        return None
    if below == ".":
        raise UsageError(
            f"'{dest}' is the folder that the files come from", hint="choose another target folder"
        )
    return below


def not_a_target(dest: Path) -> UsageError:
    """The error for a target folder that has files of the source: they would be taken for results
    of an earlier run, and never be read again."""
    return UsageError(
        f"'{dest}' has files of the backup itself", hint="choose a new folder as the target"
    )


def iso(moment: datetime | None) -> str | None:
    """A moment in UTC as ISO 8601, ending in ``Z``; None for None."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
