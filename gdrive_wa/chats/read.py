"""Read the voice notes in a phone's databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gdrive_wa.chats.nameless import nameless_chats
from gdrive_wa.chats.phone import NAMELESS_OWNER, NamedFile, Phone, PhoneDatabases
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.model import MediaLink, VoiceNote

if TYPE_CHECKING:
    from gdrive_wa.chats.increments import Increment

__all__ = [
    "NAMELESS_OWNER",
    "Chats",
    "NamedFile",
    "PhoneDatabases",
    "PhoneReader",
    "read_files",
    "read_increment_links",
    "read_phone",
    "read_voice_notes",
]


@dataclass(frozen=True, slots=True)
class Chats:
    """The content of the databases; iterating gives the notes.

    Attributes:
        owner: the name of the backup's owner; ``Me`` if the database does not contain it.
        notes: by the time they were sent; it is not known yet which files they have.
        warnings: for the user, about the databases, a line each.
        attached: audio messages that are not voice notes, and therefore not among `notes`.
        nameless: jids of the chats without a name in any source, among those with notes.
    """

    owner: str
    notes: tuple[VoiceNote, ...] = field(repr=False)
    warnings: tuple[str, ...] = ()
    attached: int = 0
    nameless: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[VoiceNote]:
        return iter(self.notes)

    def __len__(self) -> int:
        return len(self.notes)


def joined(one: Chats, other: Chats) -> Chats:
    """The chats of two phones of one owner."""
    return replace(
        one,
        notes=(*one.notes, *other.notes),
        warnings=(*one.warnings, *other.warnings),
        attached=one.attached + other.attached,
        nameless=tuple(dict.fromkeys((*one.nameless, *other.nameless))),
    )


def read_voice_notes(
    msgstore: Path,
    *,
    older: Sequence[Path] = (),
    wa: Path | None = None,
    contacts: Path | None = None,
    owner_number: str | None = None,
    increments: Iterable[Increment] = (),
) -> Chats:
    """Read every voice note of a decrypted ``msgstore.db``, in the current schema and the old one.

    The files are opened read-only and never changed.

    Args:
        msgstore: the newest database.
        older: other databases of the same phone, the newest first; they fill in lost values.
        wa: ``wa.db``, with the names of contacts; it may be damaged or empty.
        contacts: the address book that the user gave.
        owner_number: the owner's own number, if it is known.
        increments: in the order in which the phone wrote them.

    Raises:
        DatabaseError: no database can be read, or none has messages.
        UsageError: `contacts` is not an address book.
    """
    return read_phone(
        PhoneDatabases(
            msgstores=(msgstore, *older),
            wa=() if wa is None else (wa,),
            contacts=contacts,
            owner_number=owner_number,
            increments=tuple(increments),
        )
    )


def read_phone(databases: PhoneDatabases, context: ContextWindow | None = None) -> Chats:
    """Like :func:`read_voice_notes`, for any number of databases.

    Args:
        databases: the databases of one phone.
        context: how many messages around each note are read; None for none.

    Raises:
        DatabaseError: no database can be read, or none has messages.
        UsageError: the address book cannot be read.
    """
    with PhoneReader(databases) as reader:
        chats = reader.chats()
        return chats if context is None else replace(chats, notes=tuple(reader.around(context)))


class PhoneReader:
    """Reads one phone in two steps: its notes, and later the messages around them. A context
    manager.

    Args:
        databases: the databases of the phone.

    Raises:
        DatabaseError: no database can be read, or none has messages.
        UsageError: the address book cannot be read.
    """

    def __init__(self, databases: PhoneDatabases) -> None:
        self._phone = Phone(databases)
        self._notes: list[VoiceNote] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._phone.__exit__()

    def chats(self) -> Chats:
        """The notes, without the messages around them.

        Raises:
            DatabaseError: the database cannot be read.
        """
        phone = self._phone
        self._notes = phone.notes()
        return Chats(
            phone.people.owner,
            tuple(self._notes),
            tuple(phone.warnings),
            phone.attached,
            nameless_chats(self._notes, phone.people),
        )

    def around(self, context: ContextWindow) -> list[VoiceNote]:
        """The notes of :meth:`chats` with the messages around them. Call it once.

        Raises:
            DatabaseError: the database cannot be read.
        """
        notes, self._notes = self._notes, []
        return self._phone.with_context(notes, context)


def read_files(
    databases: PhoneDatabases, wanted: Callable[[str | None, str | None], bool]
) -> Iterator[NamedFile]:
    """The files of messages of every type, so that any file can get its chat, sender and time.

    Args:
        databases: as for :func:`read_phone`.
        wanted: called for each with its path or name and its SHA-256 in hex, either of which
            may be None. The same file may come several times, from the newest database first.

    Raises:
        DatabaseError: no database can be read, or none has messages.
        UsageError: the address book cannot be read.
    """
    with Phone(databases) as phone:
        yield from phone.files(wanted)


def read_increment_links(databases: PhoneDatabases) -> list[MediaLink]:
    """The links to notes of the increments on WhatsApp's servers, the newest first.

    Their chats are named as :func:`read_phone` names them.

    Raises:
        DatabaseError: no database can be read, or none has messages.
    """
    with Phone(databases) as phone:
        return list(phone.links())
