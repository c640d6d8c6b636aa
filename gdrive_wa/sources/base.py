"""The interface of all sources of backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from gdrive_wa.core.model import Backup, Entry, Outcome

WHEN_EMPTY = {
    "backup": (
        "check with gdrive-wa whoami that this is the phone's Google account",
        "on the phone, see WhatsApp > Settings > Chats > Chat backup for the account of the backup",
    ),
    "appdata": (
        "an app sees only its own files; WhatsApp's files need a login of the provider android",
        "log in with: gdrive-wa login --provider android",
        "or look where WhatsApp stores backups today: --source backup",
    ),
    "drive": (
        "give the folder that contains the backup: --folder Backups/WhatsApp",
        "the login needs access to your Drive: gdrive-wa login --drive",
    ),
    "folder": ("give the folder that contains Databases and Media: --folder PATH",),
    "whatsapp": ("the backup's databases contain no links to WhatsApp's servers",),
}
"""Hints for a source without backups, by the name of the source."""

WITHOUT_CHATS = {
    "appdata": (
        "in WhatsApp, back up again and wait until it is done",
        "or look where WhatsApp stores backups today: --source backup",
    ),
    "drive": (
        "copy msgstore.db.crypt15 from the phone's Databases folder into that folder of your Drive",
        "then run this again",
    ),
    "folder": (
        "give the whole WhatsApp folder, with Databases and Media in it",
        "or put msgstore.db.crypt15 from its Databases folder next to Media, and run this again",
    ),
}
"""Hints for a backup without a database of chats, by the name of the source."""


class BlobStream(Protocol):
    """The stored bytes of one entry as a stream. A context manager; read once, in order.

    Attributes:
        offset: the byte at which the stream really starts. A source that cannot start at the
            requested byte sets 0, and the reader begins again.
        total: bytes of the whole entry; None if unknown.
        revision: a mark of the version of the stored bytes; None if unknown.
    """

    offset: int
    total: int | None
    revision: str | None

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def read(self, size: int) -> bytes:
        """At most `size` more bytes; empty only at the end.

        Raises:
            NetworkError: the stream broke; what was read so far is valid.
        """
        ...


@runtime_checkable
class TalkingSource(Protocol):
    """A source with messages for the user, such as that it waits or leaves something out."""

    def listen(self, say: Callable[[str], None]) -> None:
        """Show lines with `say` from now on. It may be called from any thread."""
        ...


def listen(source: object, say: Callable[[str], None]) -> None:
    """Show the warnings of `source` with `say`, if it has any."""
    if isinstance(source, TalkingSource):
        source.listen(say)


@runtime_checkable
class IncompleteSource(Protocol):
    """A source that may have parts that cannot be listed."""

    @property
    def unreadable(self) -> tuple[Outcome, ...]:
        """The parts that the last listing could not read, as failed outcomes."""
        ...


def unreadable_parts(source: object) -> tuple[Outcome, ...]:
    """What the last listing of `source` could not read; a run counts it as failed."""
    return source.unreadable if isinstance(source, IncompleteSource) else ()


@runtime_checkable
class ProbedSource(Protocol):
    """A source that finds out with one request whether a backup lists anything."""

    def holds_any(self, backup: Backup) -> bool:
        """True if `backup` lists at least one entry. Raises what `entries` raises."""
        ...


@runtime_checkable
class LocalSource(Protocol):
    """A source on this machine that can estimate its size without a listing."""

    def has_names(self, count: int) -> bool:
        """True if it has at least `count` files and folders. It reads at most `count` names."""
        ...


class BackupSource(Protocol):
    """A source of WhatsApp backups. Safe to use from several threads.

    Sources differ in what they know. Callers must handle None where it is mentioned below; the
    contract tests check that each source provides these values:

    - ``backup``, ``appdata`` and ``drive``: all values, but the hash only if Google sends it;
    - ``folder``: all values, but a hash only if gdrive-wa downloaded the file;
    - exported chats (also ``folder``): all values but the hash;
    - an iPhone backup (also ``folder``): no hash, and no size for files that are not stored as
      they are read: databases, and everything in a locked backup;
    - ``whatsapp``: neither hash nor time; a size only if the database has the size of the
      content, and a revision only if it has the SHA-256 of the encrypted copy.

    Attributes:
        name: ``backup``, ``appdata``, ``drive``, ``folder`` or ``whatsapp``.
    """

    name: str

    def backups(self) -> list[Backup]:
        """The backups of this source, newest first; empty if there are none.

        `updated`, `size` and `encrypted` are None if unknown.

        Raises:
            CredentialsError: no login is stored, or it was refused.
            NetworkError: the source cannot be reached.
        """
        ...

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """Everything stored in `backup`, each `stored_as` once; of duplicates, the newest.

        `size`, `md5`, `modified`, `revision` and `envelope` are None if unknown. They describe the
        bytes that :meth:`open` returns. The revision changes whenever those bytes change.

        Raises:
            CredentialsError: no login is stored, or it was refused.
            NetworkError: the backup cannot be listed.
        """
        ...

    def open(self, entry: Entry, *, offset: int = 0) -> BlobStream:
        """The stored bytes of `entry` from `offset` on.

        Raises:
            GoneError: it was listed, but is no longer stored.
            RefusedError: the source refuses to send it.
            NetworkError: it cannot be read now.
        """
        ...

    def path_of(self, entry: Entry) -> str | None:
        """The path of a local file with the stored bytes of `entry`, which can be read in place;
        None if they have to be fetched with :meth:`open`."""
        ...

    def state(self, backup: Backup) -> str | None:
        """A digest that changes whenever anything in `backup` changes; None if it is not known
        without a listing."""
        ...

    def close(self) -> None:
        """Close connections and files."""
        ...
