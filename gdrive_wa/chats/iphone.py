"""The voice notes of an iPhone's ``ChatStorage.sqlite``, as the same records as an Android's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from gdrive_wa.chats.chat_tables import describe_loss, require_iphone_chats, unreadable_tables
from gdrive_wa.chats.iphone_context import IphoneContext
from gdrive_wa.chats.iphone_messages import EPOCH, MEDIA_FOLDER, IphoneMessages
from gdrive_wa.chats.iphone_people import IphonePeople
from gdrive_wa.chats.nameless import nameless_chats
from gdrive_wa.chats.phone import NamedFile
from gdrive_wa.chats.read import NAMELESS_OWNER, Chats
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import MediaLink

__all__ = [
    "EPOCH",
    "MEDIA_FOLDER",
    "read_iphone_files",
    "read_iphone_links",
    "read_iphone_notes",
]


def read_iphone_notes(
    chat_storage: Path,
    *,
    sidecars: Iterable[Path] = (),
    contacts: Path | None = None,
    owner: str | None = None,
    owner_number: str | None = None,
    context: ContextWindow | None = None,
) -> Chats:
    """Read every voice note of a ``ChatStorage.sqlite``. It is never changed.

    Audio is a voice note if the database marks it as one, if it is view-once, if its file is named
    like one, or if it is Opus, which is rarely attached: older databases have no mark.

    Args:
        chat_storage: the database, with its write-ahead log merged in.
        sidecars: ``LID.sqlite``, ``ContactsV2.sqlite`` and ``AddressBook.sqlitedb`` of the same
            backup, if there are any; if they are damaged, names come from other sources.
        contacts: the address book that the user gave.
        owner: the name of the phone's owner; the databases do not contain it.
        owner_number: the owner's own number, if it is known.
        context: how many messages around each note are read; None for none.

    Raises:
        DatabaseError: `chat_storage` is not a database, has no messages, or cannot be read.
        UsageError: `contacts` is not an address book.
    """
    warnings: list[str] = []
    owner = owner or NAMELESS_OWNER
    with ExitStack() as opened:
        tables = _open(chat_storage, opened)
        warnings += unreadable_tables(tables)
        people_ids = IphonePeople(tables, *_open_sidecars(sidecars, opened, warnings))
        people = people_ids.people(owner, contacts, owner_number)
        storage = IphoneMessages(tables, people_ids, people)
        notes = sorted(
            storage.notes(),
            key=lambda note: 0.0 if note.sent_at is None else note.sent_at.timestamp(),
        )
        if context is not None:
            notes = IphoneContext(tables, people_ids, people, context).added_to(notes)
        if tables.damaged:
            warnings.append(f"{chat_storage.name} is damaged: {describe_loss(tables)}")
    nameless = nameless_chats(notes, people)
    return Chats(owner, tuple(notes), tuple(warnings), storage.attached, nameless)


def read_iphone_files(
    chat_storage: Path,
    wanted: Callable[[str | None, str | None], bool],
    *,
    sidecars: Iterable[Path] = (),
    contacts: Path | None = None,
    owner: str | None = None,
) -> Iterator[NamedFile]:
    """The files of messages of every type.

    Args:
        chat_storage: the database.
        wanted: called for each with its path and its SHA-256 in hex, either of which may be
            None.
        sidecars: as for :func:`read_iphone_notes`.
        contacts: the address book that the user gave.
        owner: the name of the phone's owner.

    Raises:
        DatabaseError: `chat_storage` is not a database, has no messages, or cannot be read.
    """
    with ExitStack() as opened:
        tables = _open(chat_storage, opened)
        people_ids = IphonePeople(tables, *_open_sidecars(sidecars, opened, []))
        people = people_ids.people(owner or NAMELESS_OWNER, contacts)
        for kind, row in IphoneMessages(tables, people_ids, people).files():
            if wanted(row.whatsapp_path, row.sha256):
                yield NamedFile(row, kind)


def read_iphone_links(chat_storage: Path, *, sidecars: Iterable[Path] = ()) -> Iterator[MediaLink]:
    """The links of all audio messages that have a link and its media key, in no particular order.

    Args:
        chat_storage: the database.
        sidecars: as for :func:`read_iphone_notes`, so that a link has the same chat as its note.

    Raises:
        DatabaseError: `chat_storage` is not a database, has no messages, or cannot be read.
    """
    with ExitStack() as opened:
        tables = _open(chat_storage, opened)
        people_ids = IphonePeople(tables, *_open_sidecars(sidecars, opened, []))
        storage = IphoneMessages(tables, people_ids, people_ids.people(NAMELESS_OWNER, None))
        yield from storage.links()


def _open(chat_storage: Path, opened: ExitStack) -> Tables:
    tables = opened.enter_context(Tables(chat_storage))
    require_iphone_chats(tables)
    return tables


def _open_sidecars(paths: Iterable[Path], opened: ExitStack, warnings: list[str]) -> list[Tables]:
    found = []
    for path in paths:
        try:
            found.append(opened.enter_context(Tables(path)))
        except DatabaseError as error:
            warnings.append(f"{error.message}; names come from elsewhere")
    return found
