"""Read the messages around a phone's notes while its files are being opened.

The names and tags of the files depend on the notes. Only the page and the lists need the messages
around the notes, which take longer to read.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from gdrive_wa.chats.phone import PhoneDatabases
from gdrive_wa.chats.read import Chats, PhoneReader, read_phone
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import Report, VoiceNote
from gdrive_wa.jobs.database_groups import CHATS

MOST = 10_000
"""Number of notes up to which the messages are read later. For more notes, that would need too much
memory, on top of the memory for names and for files that are being opened."""


class MessagesAround:
    """Reads a phone's notes now, and the messages around them later. A context manager, which
    closes the databases.

    Args:
        context: how many messages around each note are read; None for none.
        report: receives the failure if a database cannot be read.
    """

    def __init__(self, context: ContextWindow | None, report: Report) -> None:
        self._context = context
        self._report = report
        self._open = ExitStack()
        self._reader: PhoneReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def read(self, databases: PhoneDatabases, *, now: bool) -> Chats:
        """The notes of one phone, without the messages around them unless they are wanted `now`, or
        there are more notes than :data:`MOST`.

        Raises:
            DatabaseError: no database can be read, or none has messages.
            UsageError: the address book of `databases` cannot be read.
        """
        if now:
            return read_phone(databases, self._context)
        reader = self._open.enter_context(PhoneReader(databases))
        chats = reader.chats()
        if self._context is not None and len(chats) > MOST:
            chats = replace(chats, notes=())  # the reader has them, and replaces each by a new one
            with self._open:
                return replace(chats, notes=tuple(reader.around(self._context)))
        self._reader = reader
        return chats

    def notes(self) -> list[VoiceNote]:
        """The notes of :meth:`read` with the messages around them; empty if there are none."""
        reader, self._reader = self._reader, None
        if reader is None or self._context is None:
            return []
        try:
            return reader.around(self._context)
        except DatabaseError as error:
            self._report.fail(f"Databases/{CHATS}", error)
            return []
        finally:
            self._open.close()
