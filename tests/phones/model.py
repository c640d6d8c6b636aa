"""A phone before it is written: who there is, what was said, which database and file holds it.

Traits change these objects. The folder and the truth about it are both made from them, so that
neither can be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath

import phonenumbers

from gdrive_wa.crypt.keys import Key

SOURCES = ("wa", "book", "saved", "lid", "verified", "push")
"""Where a name can stand, the best first; `saved` is an increment's."""


@dataclass(eq=False, kw_only=True)
class Person:
    """Somebody, or the owner.

    Attributes:
        number: international, digits only.
        hidden: the hidden id by which the databases know them, digits only.
        hosted: another company keeps their chats.
        mapped: the databases say which number the hidden id hides.
        names: by where they stand.
    """

    number: str
    hidden: str | None = None
    mapped: bool = True
    hosted: bool = False
    names: dict[str, str] = field(default_factory=dict)

    @property
    def phone_jid(self) -> str:
        return f"{self.number}@s.whatsapp.net"

    @property
    def stored_jid(self) -> str:
        """As the newest database has it."""
        if self.hidden is not None:
            return f"{self.hidden}@lid"
        return f"{self.number}:99@hosted" if self.hosted else self.phone_jid

    @property
    def jid(self) -> str:
        """As it has to be shown."""
        return self.phone_jid if self.mapped else self.stored_jid

    @property
    def shown(self) -> str:
        """What they have to be called."""
        for source in SOURCES:
            if source in self.names:
                return self.names[source]
        if not self.mapped and self.hidden is not None:
            return f"Unknown ({self.hidden[-4:]})"
        number = phonenumbers.parse(f"+{self.number}")
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


@dataclass(eq=False, kw_only=True)
class Chat:
    """A chat.

    Attributes:
        person: the other one of a chat of two.
        room: the jid of a group, a list, a channel.
        subject: its name; None where no database has it.
        shown_without: what it has to be called without one.
    """

    person: Person | None = None
    room: str = ""
    subject: str | None = None
    shown_without: str = ""

    @property
    def stored_jid(self) -> str:
        return self.room if self.person is None else self.person.stored_jid

    @property
    def jid(self) -> str:
        return self.room if self.person is None else self.person.jid

    @property
    def shown(self) -> str:
        if self.person is not None:
            return self.person.shown
        return self.subject or self.shown_without

    @property
    def is_channel(self) -> bool:
        """Or anything else that is its own sender."""
        return self.room.endswith(("@newsletter", "@bot"))


@dataclass(eq=False, kw_only=True)
class Note:
    """A voice note: what the databases say of it, and its file.

    Attributes:
        chat: in which it was said.
        sender: None for the owner, and in a channel.
        message_id: WhatsApp's.
        sent_at: UTC.
        audio: what was said.
        path: of its file in the backup, below WhatsApp's folder; None when it has no file of
            its own there.
        stored: what the file holds; None when the backup has lost it.
        row_path: where the row says that it is; None when the row does not say.
        hashed: the row has the hash of `audio`.
        changes: columns of its row of ``message``, by their names of today.
        media_changes: columns of its row of ``message_media``.
        dated: its row has a time that can be one.
        rowless: its message has no row of ``message_media``.
        messageless: the row of its file is all that is left of it.
        chatless: the row of its chat is gone.
        once, document, forwarded, starred: what the row says.
        status: what has to become of it.
        odd: a trait has changed it already.
    """

    chat: Chat
    sender: Person | None
    message_id: str
    sent_at: datetime
    audio: bytes
    path: str | None
    stored: bytes | None
    row_path: str | None
    hashed: bool = True
    changes: dict[str, object] = field(default_factory=dict)
    media_changes: dict[str, object] = field(default_factory=dict)
    dated: bool = True
    rowless: bool = False
    messageless: bool = False
    chatless: bool = False
    once: bool = False
    document: bool = False
    forwarded: bool = False
    starred: bool = False
    status: str = "restored"
    odd: bool = False

    @property
    def from_me(self) -> bool:
        return self.sender is None and not self.chat.is_channel


@dataclass(eq=False, kw_only=True)
class Seal:
    """How a file is encrypted.

    Attributes:
        format: ``crypt12``, ``crypt14`` or ``crypt15``.
        key: with which key.
    """

    format: str
    key: Key


@dataclass(eq=False, kw_only=True)
class Schema:
    """Which tables and columns an app version has.

    Attributes:
        year: of the app.
        legacy: of its notes, those that are in ``messages``: ``none``, ``all``, ``some``: the
            older half, or ``copied``: the older half, which is in ``message`` as well.
        sentinel: ``message`` begins with a row that is no message.
        lacks: columns that it does not have, and tables, by name.
        paths: where an old row has its file's path: ``message_media`` or ``thumb_image``.
        pairs: where a hidden id stands beside its number: ``jid_map`` or ``chat``.
    """

    year: int = 2025
    legacy: str = "none"
    sentinel: bool = True
    lacks: frozenset[str] = frozenset()
    paths: str = "message_media"
    pairs: str = "jid_map"


@dataclass(eq=False, kw_only=True)
class Store:
    """A ``msgstore.db``.

    Attributes:
        name: below the folder of databases, without the suffix of its encryption.
        notes: which it has.
        late: which of them are only in its write-ahead log.
        schema: which tables.
        seal: how it is encrypted; None for not at all.
        subjects: names of rooms that differ from those of today.
        readable: it can be opened with the phone's key.
        beside: it lies in WhatsApp's folder, not in its folder of databases.
        damaged: the pages of messages that are overwritten with rubbish, by their place.
        cut: the file ends early.
        torn: its write-ahead log is rubbish.
    """

    name: str
    notes: list[Note]
    late: list[Note] = field(default_factory=list)
    schema: Schema = field(default_factory=Schema)
    seal: Seal | None = None
    subjects: dict[str, str] = field(default_factory=dict)
    readable: bool = True
    beside: bool = False
    damaged: tuple[int, ...] = ()
    cut: bool = False
    torn: bool = False

    def readable_notes(self) -> list[Note]:
        """Those that can be had from it; a damaged page may cost some of them."""
        if self.cut or not self.readable:
            return []
        return [note for note in self.notes if not (self.torn and note in self.late)]


@dataclass(eq=False, kw_only=True)
class Increment:
    """What came after the last full database.

    Attributes:
        name: of its file, without the suffix of its encryption.
        notes: which it has.
        seal: how it is encrypted.
        contacts: people whose names it brings, by where these count.
        subjects: names of rooms that it brings.
    """

    name: str
    notes: list[Note]
    seal: Seal
    contacts: dict[Person, str] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class Phone:
    """All of it.

    Attributes:
        seed, traits: what made it.
        owner: whose phone; `owner_name` is None when the database does not say.
        people, chats, notes: the cast.
        schema: of the newest database.
        seal: of its databases; with crypt15, its media are sealed as well.
        key: what the owner has; None when nothing is encrypted.
        stores: the newest first.
        increments: the oldest first.
        app: ``WhatsApp`` or ``WhatsApp Business``.
        prefix: WhatsApp's folder, below the one that is given to the program; ends with a ``/``.
        databases: the folder of databases, likewise.
        bare: what is given is the folder of media itself.
        inner: the only part of the folder of media that is given; empty for all of it.
        extra: other files, by their path below the given folder, that must come to nothing.
        strays: sound recordings that no row of any database names, by path.
        unnamed: sealed files that have lost their metadata.
        book_of_others: names in the address book that must not be used, by written number.
        groups_in_wa: rooms whose name is in wa.db.
        tags: the run writes tags.
        contacts: the folder of the list of contacts, where it is not with the other databases.
        timezone: of the run.
        account: the run names the backup, because the folder holds several.
        number_known: the backup says the owner's number.
        clear_media: its media are not encrypted though its databases are, as on the phone itself.
        both_forms: recordings that are there encrypted and in the clear.
        media_first: a run before had the media only.
        apple: it is an iPhone.
        marked: its list of contacts has marks of direction round names.
    """

    seed: int
    traits: tuple[str, ...]
    owner: Person
    owner_name: str | None = "Olga Owner"
    people: list[Person] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    schema: Schema = field(default_factory=Schema)
    seal: Seal | None = None
    key: Key | None = None
    stores: list[Store] = field(default_factory=list)
    increments: list[Increment] = field(default_factory=list)
    app: str = "WhatsApp"
    prefix: str = ""
    databases: str = "Databases/"
    bare: bool = False
    inner: str = ""
    extra: dict[str, bytes] = field(default_factory=dict)
    strays: dict[str, bytes] = field(default_factory=dict)
    unnamed: set[str] = field(default_factory=set)
    book_of_others: dict[str, str] = field(default_factory=dict)
    groups_in_wa: dict[str, str] = field(default_factory=dict)
    tags: bool = False
    account: bool = False
    contacts: str = ""
    timezone: str = "UTC"
    number_known: bool = False
    clear_media: bool = False
    both_forms: set[str] = field(default_factory=set)
    media_first: bool = False
    apple: bool = False
    marked: bool = False

    @cached_property
    def voice_folder(self) -> PurePosixPath:
        return PurePosixPath("Media", f"{self.app} Voice Notes")

    @property
    def newest(self) -> Store:
        return self.stores[0]

    @property
    def sealed_media(self) -> bool:
        return self.end_to_end and not self.clear_media

    @property
    def end_to_end(self) -> bool:
        return self.seal is not None and self.seal.format == "crypt15"

    def recordings(self) -> dict[str, bytes]:
        """The content of each recording in the backup, by its path below WhatsApp's folder."""
        found = dict(self.strays)
        for note in self.notes:
            if note.path is not None and note.stored is not None:
                found[note.path] = note.stored
        return found

    def plain_notes(self) -> list[Note]:
        """Those that no trait has changed yet."""
        return [note for note in self.notes if not note.odd]
