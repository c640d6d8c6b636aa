"""What every place a backup can lie in looks like to the rest of the program."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from gdrive_wa.core.model import Backup, Entry

WHEN_EMPTY = {
    "backup": (
        "check with gdrive-wa whoami that this is the Google account of the phone",
        "on the phone: WhatsApp, Settings, Chats, Chat backup tells where it lies",
    ),
    "appdata": (
        "an app is shown only what it stored itself; WhatsApp's own entries need a login for it",
        "log in for it with: gdrive-wa login --provider android",
        "or look where today's backups lie: --source backup",
    ),
    "drive": (
        "name the folder that holds the backup: --folder Backups/WhatsApp",
        "the login must be allowed to read your Drive: gdrive-wa login --drive",
    ),
    "folder": ("name the folder that holds Databases and Media: --folder PATH",),
    "whatsapp": ("the backup's databases hold no link to WhatsApp's servers",),
}
"""What to tell somebody who finds no backup in a source of that name."""


class BlobStream(Protocol):
    """The stored bytes of one entry, as they come. A context manager; read once, in order.

    Attributes:
        offset: the byte at which the stream really starts. A source that cannot start where it
            was asked to answers 0, and the reader begins again.
        total: bytes of the whole entry where the source tells, else None.
        revision: a mark of the stored bytes' version where the source tells, else None.
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
            NetworkError: the stream broke; what was read so far is good.
        """
        ...


class BackupSource(Protocol):
    """A place that holds WhatsApp backups. Safe to use from several threads.

    What one place knows another may not. A reader must be ready for None where this says so, and
    the contract suite holds each source to what it does tell:

    - ``backup``, ``appdata`` and ``drive`` tell all but the hash where Google leaves it out;
    - ``folder`` knows a hash only where a download of ours wrote it down;
    - an iPhone's backup (``folder`` too) knows no hash, and no size of what is not handed out as
      it lies there: databases, and everything in a locked backup;
    - ``whatsapp`` knows neither hash nor time; the size only where the database has that of the
      content, and a revision where it has the copy's SHA-256.

    Attributes:
        name: ``backup``, ``appdata``, ``drive``, ``folder`` or ``whatsapp``.
    """

    name: str

    def backups(self) -> list[Backup]:
        """The backups that are there, newest first; empty when there are none.

        `updated`, `size` and `encrypted` are None where the place does not tell.

        Raises:
            CredentialsError: not logged in, or refused.
            NetworkError: it cannot be reached.
        """
        ...

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """Everything stored in `backup`, each `stored_as` once: of twins the newer one.

        `size`, `md5`, `modified`, `revision` and `envelope` are None where the place does not
        tell; what is told is of the bytes that :meth:`open` gives. A revision stays while those
        bytes do.

        Raises:
            CredentialsError: not logged in, or refused.
            NetworkError: it cannot be listed.
        """
        ...

    def open(self, entry: Entry, *, offset: int = 0) -> BlobStream:
        """The stored bytes of `entry` from `offset` on.

        Raises:
            GoneError: listed, but no longer there.
            RefusedError: it is not handed out.
            NetworkError: it cannot be had now.
        """
        ...

    def path_of(self, entry: Entry) -> str | None:
        """Where the stored bytes of `entry` lie on this machine, as a file of their own that can
        be read in place; None where they have to be fetched with :meth:`open`."""
        ...

    def state(self, backup: Backup) -> str | None:
        """A digest that changes whenever anything stored in `backup` does; None where only
        listing it tells."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...
