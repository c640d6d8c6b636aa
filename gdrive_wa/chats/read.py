"""The voice notes that a phone's databases know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gdrive_wa.chats.increments import Increment
from gdrive_wa.chats.people import STATUS, UNKNOWN_CHAT, People
from gdrive_wa.chats.phone import NAMELESS_OWNER, Phone, PhoneDatabases
from gdrive_wa.core.model import VoiceNote

__all__ = ["NAMELESS_OWNER", "Chats", "read_phone", "read_voice_notes"]


@dataclass(frozen=True, slots=True)
class Chats:
    """What the databases say; iterating gives the notes.

    Attributes:
        owner: the name of whose backup it is, ``Me`` where the database does not say.
        notes: by time sent; each without a file, for this room knows of none.
        remarks: what a person should know about the databases, a line each.
        attached: audio messages that are not voice notes, and therefore not among `notes`.
        nameless: jids of the chats with notes that no source has a name for.
    """

    owner: str
    notes: tuple[VoiceNote, ...] = field(repr=False)
    remarks: tuple[str, ...] = ()
    attached: int = 0
    nameless: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[VoiceNote]:
        return iter(self.notes)

    def __len__(self) -> int:
        return len(self.notes)


def read_voice_notes(
    msgstore: Path,
    *,
    older: Sequence[Path] = (),
    wa: Path | None = None,
    contacts: Path | None = None,
    owner_number: str | None = None,
    increments: Iterable[Increment] = (),
) -> Chats:
    """Read every voice note of a decrypted ``msgstore.db``, of the current schema and the old.

    The files are opened read-only and never changed.

    Args:
        msgstore: the newest database.
        older: others of the same phone, the newest first; they fill in what is lost.
        wa: ``wa.db``, where the names of contacts stand; it may be damaged or empty.
        contacts: an address book of the user's.
        owner_number: the owner's own number, where it is known.
        increments: in the order in which the phone wrote them.

    Raises:
        DatabaseError: no database can be read, or none holds messages.
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


def read_phone(databases: PhoneDatabases) -> Chats:
    """As :func:`read_voice_notes`, of any number of databases.

    Raises:
        DatabaseError: no database can be read, or none holds messages.
        UsageError: the address book is not one.
    """
    with Phone(databases) as phone:
        notes = phone.notes()
        return Chats(
            phone.people.owner,
            tuple(notes),
            tuple(phone.remarks),
            phone.attached,
            nameless_chats(notes, phone.people),
        )


def nameless_chats(notes: Iterable[VoiceNote], people: People) -> tuple[str, ...]:
    """The jids of the chats that nobody has a name for, in the order of `notes`."""
    jids = dict.fromkeys(note.chat_jid for note in notes)
    fixed = (STATUS, UNKNOWN_CHAT)
    return tuple(jid for jid in jids if jid not in fixed and people.known(jid) is None)
