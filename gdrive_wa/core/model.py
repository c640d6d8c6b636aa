"""The data types of the package: typed, and most of them frozen.

All subpackages import them from here. They do not depend on Google, keys, threads or the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.kinds import Kind, kind_of, longest
from gdrive_wa.core.moments import iso
from gdrive_wa.core.report import NoteCounts, Outcome, Report
from gdrive_wa.core.voice_note import WHATSAPP, MediaLink, NoteStatus, VoiceNote, Words

__all__ = [
    "WHATSAPP",
    "Backup",
    "Entry",
    "MediaLink",
    "NoteCounts",
    "NoteStatus",
    "Outcome",
    "Report",
    "Secret",
    "VoiceNote",
    "Words",
    "iso",
    "not_a_target",
    "relative_to",
    "within",
]


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
        locks: everything that opens it, the most useful first: ``key`` (64 digits),
            ``password_or_key`` (either; the backup does not say which), ``password``,
            ``passkey``, ``unknown`` (a lock that is newer than this version); empty if unknown.
        app_version: version of WhatsApp that wrote it.
        uploading: an upload may be running, or was interrupted. Finished backups sometimes keep
            this mark.
        unfinished: nothing shows that the backup is complete: it has neither its size nor its
            encryption, or is marked as uploading and lacks one of them.
        expires: the date from which Google may delete it, unless it is renewed; None if unknown,
            or if the source does not delete backups.
        deactivates: the date from which WhatsApp may deactivate the account of a phone that was
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

    @property
    def number(self) -> str | None:
        """The owner's phone number without ``+``; None if the source does not report it."""
        return self.account if self.account.isdigit() else None

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
