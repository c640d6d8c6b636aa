"""The voice notes that a backup's databases know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gdrive_wa.chats.legacy import read_legacy
from gdrive_wa.chats.modern import lost_media, read_modern
from gdrive_wa.chats.people import Jids, People, contact_names, lid_names
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import text
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import VoiceNote

NAMELESS_OWNER = "Me"


@dataclass(frozen=True, slots=True)
class Chats:
    """What the databases say; iterating gives the notes.

    Attributes:
        owner: the name of whose backup it is, ``Me`` where the database does not say.
        notes: by time sent; each without a file, for this room knows of none.
        remarks: what a person should know about the databases, a line each.
    """

    owner: str
    notes: tuple[VoiceNote, ...] = field(repr=False)
    remarks: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[VoiceNote]:
        return iter(self.notes)

    def __len__(self) -> int:
        return len(self.notes)


def read_voice_notes(
    msgstore: Path,
    *,
    wa: Path | None = None,
    contacts: Path | None = None,
    newer: Iterable[VoiceNote] = (),
) -> Chats:
    """Read every voice note of a decrypted ``msgstore.db``, of the current schema and the old.

    The files are opened read-only and never changed. Rows that cannot be read, for their pages
    are damaged, are left out, and told.

    Args:
        msgstore: the database.
        wa: ``wa.db``, where the names of contacts stand; it may be damaged or empty.
        contacts: a vCard file or Google contacts export of the user's.
        newer: notes that increments tell of, by jids; they get names as the others do, and of
            one that the database knows too, the database's word holds.

    Raises:
        DatabaseError: `msgstore` is no database, holds no messages, or cannot be read.
        UsageError: `contacts` is neither.
    """
    remarks: list[str] = []
    with Tables(msgstore) as tables:
        if not (tables.has("message", "_id") or tables.has("messages", "key_remote_jid")):
            raise DatabaseError(
                f"this database holds no messages: {msgstore}",
                hint="the one that does is msgstore.db",
            )
        jids = Jids(tables)
        people = _people(tables, jids, wa, contacts, remarks)
        told = [*read_modern(tables, jids, people), *read_legacy(tables, jids, people)]
        names = {note.chat_jid: note.chat for note in told}
        notes = _each_once([*told, *(_named(note, jids, people, names) for note in newer)])
        lost = lost_media(tables)
        if tables.damaged:
            remarks.append(f"{msgstore.name} is damaged: some messages could not be read")
    if lost:
        remarks.append(f"{msgstore.name}: {lost} voice notes belong to messages that are gone")
    return Chats(people.owner, tuple(notes), tuple(remarks))


def _people(
    tables: Tables, jids: Jids, wa: Path | None, contacts: Path | None, remarks: list[str]
) -> People:
    given, pushed = _wa_names(wa, jids, remarks)
    sources: list[Callable[[str], str | None]] = [
        given.get,
        lid_names(tables, jids).get,
        pushed.get,
    ]
    if contacts is not None:
        from gdrive_wa.chats.contacts import read_contacts  # noqa: PLC0415 - only when given

        sources.insert(1, read_contacts(contacts).name)
    owner = NAMELESS_OWNER
    for key, value in tables.rows("props", ("key", "value")):
        if text(key) == "user_push_name":
            owner = (text(value) or "").strip() or owner
    return People(owner, *sources)


def _named(note: VoiceNote, jids: Jids, people: People, names: Mapping[str, str]) -> VoiceNote:
    """A note of an increment, with the names that the databases have for its jids."""
    chat_jid = jids.known(note.chat_jid)
    subject = None if note.chat == note.chat_jid else note.chat
    sender_jid = None if note.sender_jid is None else jids.known(note.sender_jid)
    sender = people.sender(sender_jid, from_me=note.from_me)
    if sender.startswith("+") and note.sender != note.sender_jid:
        sender = note.sender  # the name that they gave themselves says more than a number
    return replace(
        note,
        chat=names.get(chat_jid) or people.chat(chat_jid, subject),
        chat_jid=chat_jid,
        sender=sender,
        sender_jid=sender_jid,
    )


def _wa_names(
    wa: Path | None, jids: Jids, remarks: list[str]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    if wa is None:
        return {}, {}
    try:
        with Tables(wa) as tables:
            return contact_names(tables, jids)
    except DatabaseError as error:
        remarks.append(f"{error.message}; names come from elsewhere")
        return {}, {}


def _each_once(notes: Iterable[VoiceNote]) -> list[VoiceNote]:
    """The notes by time; a message that stands in both schemas once, as the current one has it."""
    once: dict[tuple[str, str, bool], VoiceNote] = {}
    for note in notes:
        once.setdefault((note.chat_jid, note.message_id, note.from_me), note)
    return sorted(
        once.values(), key=lambda note: 0.0 if note.sent_at is None else note.sent_at.timestamp()
    )
