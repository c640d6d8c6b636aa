"""The combined content of one phone's databases and increments.

The newest database has priority. Increments and older databases fill in what it has lost, because
a message was deleted or a page is damaged. They never override a newer source.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gdrive_wa.chats.chat_tables import describe_loss, require_android_chats, unreadable_tables
from gdrive_wa.chats.legacy import LegacyMessages
from gdrive_wa.chats.links import MEDIA_KEY_SIZE
from gdrive_wa.chats.merged import Key, MergedNotes, key_of
from gdrive_wa.chats.modern import ATTACHED, NO_ROW, ModernMessages, lost_media
from gdrive_wa.chats.newest import newest_in
from gdrive_wa.chats.people import (
    Jids,
    People,
    WaNames,
    chat_subjects,
    contact_names,
    lid_names,
    sender_in,
)
from gdrive_wa.chats.person import Person
from gdrive_wa.chats.phone_context import with_context
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.chats.values import name_text, text
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import MediaLink, VoiceNote

if TYPE_CHECKING:
    from gdrive_wa.chats.increments import Increment

NAMELESS_OWNER = "Me"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneDatabases:
    """The files with one phone's chats and names.

    Attributes:
        msgstores: decrypted ``msgstore.db`` files, the newest by content first.
        wa: ``wa.db`` files, the newest first; they may be damaged or empty.
        increments: in the order in which the phone wrote them.
        contacts: the address book that the user gave.
        owner_number: the owner's own number, if it is known; national numbers in `contacts`
            are read as numbers of its country.
    """

    msgstores: tuple[Path, ...]
    wa: tuple[Path, ...] = ()
    increments: tuple[Increment, ...] = ()
    contacts: Path | None = None
    owner_number: str | None = None


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a row of a database names.

    Attributes:
        row: its sender, time and chat; `whatsapp_path` and `sha256` identify the file.
        message_type: WhatsApp's number for the kind of message, of its schema; None if the
            message is gone and only its file's row is left.
    """

    row: VoiceNote
    message_type: int | None


class Phone:
    """The databases of one phone, opened. A context manager.

    Attributes:
        people: gives names to jids, from all sources.
        warnings: for the user, about the databases, a line each.
        attached: audio messages of the newest database, and of increments after it, that are not
            voice notes.

    Raises:
        DatabaseError: none of the databases can be read, or none has messages.
        UsageError: the address book cannot be read.
    """

    def __init__(self, databases: PhoneDatabases) -> None:
        self.warnings: list[str] = []
        self.attached = 0
        self._owner_number = databases.owner_number
        self._increments = databases.increments
        self._rows = array("q")
        self._lid_numbers: dict[str, str] = {}
        self._opened = ExitStack()
        try:
            self._tables = self._open_all(databases.msgstores)
            self.warnings += unreadable_tables(self._tables[0])
            self._jids = [Jids(tables, self._lid_numbers) for tables in self._tables]
            for increment in reversed(self._increments):
                increment.add_lids_to(self._jids[0])
                self.warnings += [f"{increment.name}: {warning}" for warning in increment.warnings]
            self.people = self._people(databases)
        except BaseException:
            self._opened.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def notes(self) -> list[VoiceNote]:
        """The voice notes by time, each once: from the newest source that has it, with missing
        values from older ones."""
        merged, numbers = MergedNotes(), dict[Key, int]()
        for place, (tables, jids) in enumerate(zip(self._tables, self._jids, strict=True)):
            left_out: Counter[str] = Counter()
            modern = ModernMessages(tables, jids, self.people)
            for messages in (modern, LegacyMessages(tables, jids, self.people)):
                merged.add(messages.voice_notes(left_out))
            if place == 0:
                numbers = modern.numbers
                self.attached = left_out[ATTACHED] + self._attached_later(tables)
                for increment in reversed(self._increments):
                    merged.add(self._with_names(each.note) for each in increment)
                self._warn_of_loss(tables, merged)
            elif merged.added:
                notes = f"{merged.added} voice note{'' if merged.added == 1 else 's'}"
                self.warnings.append(
                    f"{notes} that {self._tables[0].path.name} no longer has: "
                    f"found in {tables.path.name}"
                )
            merged.added = 0
            tables.release()
        found = merged.by_time()
        self._rows = array("q", (numbers.get(key_of(note), NO_ROW) for note in found))
        return found

    def with_context(self, notes: list[VoiceNote], window: ContextWindow) -> list[VoiceNote]:
        """The notes with the messages around them in the newest database and later increments."""
        database = (self._tables[0], self._jids[0], self.people)
        increments, owner = self._increments, self._owner_number
        return with_context(
            notes, *database, window, rows=self._rows, increments=increments, owner_number=owner
        )

    def files(self, wanted: Callable[[str | None, str | None], bool]) -> Iterator[NamedFile]:
        """The files of messages of every type, the newest database's first, then the increments'.

        Args:
            wanted: called for each with its path or name and its SHA-256 in hex, either of
                which may be None.
        """
        for tables, jids in zip(self._tables, self._jids, strict=True):
            modern = ModernMessages(tables, jids, self.people)
            for kind, row in modern.with_files(modern.numbers_of_files(wanted)):
                yield NamedFile(row, kind)
            for kind, row in LegacyMessages(tables, jids, self.people).with_files():
                if wanted(row.whatsapp_path, row.sha256):
                    yield NamedFile(row, kind)
            tables.release()
            if tables is self._tables[0]:
                yield from self._later_files(wanted)

    def _later_files(self, wanted: Callable[[str | None, str | None], bool]) -> Iterator[NamedFile]:
        for increment in reversed(self._increments):
            for row in (*increment.files, *(each.note for each in increment)):
                if wanted(row.whatsapp_path, row.sha256):
                    yield NamedFile(self._with_names(row), None)

    def links(self) -> Iterator[MediaLink]:
        """The links to notes of the increments on WhatsApp's servers, the newest first."""
        for increment in reversed(self._increments):
            for each in increment:
                link, note = each.link, each.note
                if len(link.media_key) == MEDIA_KEY_SIZE and (link.url or link.direct_path):
                    yield replace(link, chat_jid=self._jids[0].resolve(note.chat_jid))

    def _open_all(self, paths: Sequence[Path]) -> list[Tables]:
        found: list[Tables] = []
        first: DatabaseError | None = None
        for path in paths:
            try:
                tables = Tables(path)
                self._opened.enter_context(tables)
                require_android_chats(tables)
            except DatabaseError as error:
                first = first or error
                self.warnings.append(f"{error.message}; it is left out")
            else:
                found.append(tables)
        if not found:
            raise first or DatabaseError("no database of chats was given")
        return found

    def _attached_later(self, tables: Tables) -> int:
        newest = newest_in(tables) if self._increments else None
        return sum(each.attached for each in self._increments if _is_later(each.newest, newest))

    def _warn_of_loss(self, tables: Tables, merged: MergedNotes) -> None:
        merged.added = 0
        lost = lost_media(tables)
        if tables.damaged:
            self.warnings.append(f"{tables.path.name} is damaged: {describe_loss(tables)}")
        if lost:
            self.warnings.append(
                f"{tables.path.name}: {lost} voice notes belong to messages that are gone"
            )

    def _people(self, databases: PhoneDatabases) -> People:
        subjects = [chat_subjects(*each) for each in zip(self._tables, self._jids, strict=True)]
        lids = [lid_names(*each) for each in zip(self._tables, self._jids, strict=True)]
        for tables in self._tables:  # eight of them would keep 64 MB in memory
            tables.release()
        wa = self._wa_names(databases.wa)
        newest = newest_in(self._tables[0]) if self._increments else None
        names_by_increment = [
            (each, each.names(self._jids[0])) for each in reversed(self._increments)
        ]
        sources: list[Mapping[str, str]] = [
            *(names[2] for each, names in names_by_increment if _is_later(each.newest, newest)),
            *subjects,
            *(each.saved_names for each in wa),
        ]
        by_name: list[Callable[[str], str | None]] = [each.get for each in sources]
        by_name += self._address_books(databases, [each for names in wa for each in names.dialled])
        rest = [
            *(names[0] for _, names in names_by_increment),
            *lids,
            *(each.push_names for each in wa),
        ]
        rest += [names[1] for _, names in names_by_increment] + [
            names[2] for _, names in names_by_increment
        ]
        return People(self._owner(), *by_name, *(each.get for each in rest))

    def _address_books(
        self, databases: PhoneDatabases, dialled: list[tuple[str, str]]
    ) -> Iterator[Callable[[str], str | None]]:
        """The address books: the entries of wa.db without jids, and the user's."""
        if not dialled and databases.contacts is None:
            return
        from gdrive_wa.chats.contacts import Contacts, read_people  # noqa: PLC0415

        candidates = {jid for jids in self._jids for jid in jids.all_jids()}
        books = [[Person(name=name, numbers=(number,)) for name, number in dialled]]
        if databases.contacts is not None:
            books.append(read_people(databases.contacts))
        for book in books:
            yield Contacts(book, owner=databases.owner_number, candidates=candidates).name

    def _owner(self) -> str:
        for tables in self._tables:
            for key, value in tables.rows("props", ("key", "value")):
                if text(key) == "user_push_name" and (name := name_text(value)) is not None:
                    return name
        return NAMELESS_OWNER

    def _wa_names(self, paths: Sequence[Path]) -> list[WaNames]:
        found = []
        for path in paths:
            try:
                with Tables(path) as tables:
                    found.append(contact_names(tables, self._jids[0]))
                    if tables.damaged:
                        self.warnings.append(f"{path.name} is damaged: {describe_loss(tables)}")
            except DatabaseError as error:
                self.warnings.append(f"{error.message}; names come from elsewhere")
        return found

    def _with_names(self, note: VoiceNote) -> VoiceNote:
        """A note of an increment, with the names that the databases have for its jids."""
        jids = self._jids[0]
        chat_jid = jids.resolve(note.chat_jid)
        participant = None if note.sender_jid is None else jids.resolve(note.sender_jid)
        sender_jid = sender_in(chat_jid, participant, mine=note.from_me)
        own = None if note.sender == note.sender_jid else note.sender
        return replace(
            note,
            chat=self.people.chat(chat_jid),
            chat_jid=chat_jid,
            sender=self.people.sender(sender_jid, from_me=note.from_me, own=own),
            sender_jid=sender_jid,
        )


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)
