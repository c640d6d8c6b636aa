"""Hidden ids and names of people in an iPhone's databases.

``ChatStorage.sqlite`` has the chats; ``LID.sqlite`` the numbers of hidden ids (``…@lid``),
``ContactsV2.sqlite`` the phone's address book. Not every backup has the last two, and the database
of a table differs between versions of the app: each table is searched for in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gdrive_wa.chats.people import People, bare, is_person
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, name_text, person_name, text

_PERSON = "@s.whatsapp.net"
_HIDDEN = "@lid"
_STATUS = "@status"
_NO_DIGIT = re.compile(r"\D")
_NUMBER = re.compile(r"\d{5,15}")
_PAIRS = (
    ("ZWAPHONENUMBERLIDPAIR", "ZLID", "ZPHONENUMBER"),
    ("ZWAZACCOUNT", "ZIDENTIFIER", "ZPHONENUMBER"),
    ("ZWAADDRESSBOOKCONTACT", "ZLID", "ZWHATSAPPID"),
    ("ZWAADDRESSBOOKCONTACT", "ZLID", "ZPHONENUMBER"),
    ("ZWACHATSESSION", "ZCONTACTJID", "ZCONTACTIDENTIFIER"),
    ("ZWACHATSESSION", "ZCONTACTIDENTIFIER", "ZCONTACTJID"),
)
"""Columns with a hidden id and its number."""
_ALONE = ("ZLID", "ZIDENTIFIER")
"""Columns of hidden ids only, which some versions store without the server."""
_BOOK = (
    "ZWHATSAPPID",
    "ZPHONENUMBER",
    "ZLID",
    "ZFULLNAME",
    "ZGIVENNAME",
    "ZLASTNAME",
    "ZBUSINESSNAME",
    "ZUSERNAME",
)


class IphonePeople:
    """The ids and names of one backup.

    Args:
        storage: ``ChatStorage.sqlite``.
        sidecars: ``LID.sqlite`` and ``ContactsV2.sqlite``, if there are any.

    Attributes:
        chats: the jid and the name of each chat, by its row number.
        statuses: the row numbers of chats with status updates.
        members: the jid of each member of a group, by its row number.
    """

    def __init__(self, storage: Tables, *sidecars: Tables) -> None:
        self._all = (storage, *sidecars)
        self._phones: dict[str, str] = {}
        self._lids: set[str] = set()
        for table, hidden, number in _PAIRS:
            for raw_hidden, raw_number in self._rows(table, (hidden, number)):
                lid = _hidden(raw_hidden, alone=hidden in _ALONE)
                phone = _phone(raw_number)
                if lid is not None:
                    self._lids.add(lid)
                if lid is not None and phone is not None:
                    self._phones.setdefault(lid, phone)
        self.chats: dict[int, tuple[str, str | None]] = {}
        self.statuses: set[int] = set()
        for row_id, raw, subject in self._rows(
            "ZWACHATSESSION", ("Z_PK", "ZCONTACTJID", "ZPARTNERNAME")
        ):
            row, jid = as_int(row_id), text(raw)
            if row is not None and jid is not None:
                self.chats[row] = (self.resolve(jid), name_text(subject))
                if bare(jid).endswith(_STATUS):
                    self.statuses.add(row)
        self.members: dict[int, str] = {}
        for row_id, raw in self._rows("ZWAGROUPMEMBER", ("Z_PK", "ZMEMBERJID")):
            row, jid = as_int(row_id), text(raw)
            if row is not None and jid is not None:
                self.members[row] = self.resolve(jid)

    def resolve(self, jid: str) -> str:
        """`jid` by phone number, if it is a hidden id with a known number.

        The chat of status updates, ``<number>@status``, belongs to the person with that number.
        """
        jid = bare(jid)
        if jid.endswith(_STATUS):
            user = jid.removesuffix(_STATUS)
            hidden = f"{user}{_HIDDEN}"
            jid = hidden if hidden in self._lids else f"{user}{_PERSON}"
        return self._phones.get(jid, jid)

    def people(self, owner: str, contacts: Path | None, owner_number: str | None = None) -> People:
        """Names: from the user's address book first, then the phone's, then people's own profiles.

        Args:
            owner: the name of the phone's owner.
            contacts: the address book that the user gave.
            owner_number: the owner's own number, if it is known.

        Raises:
            UsageError: `contacts` is not an address book.
        """
        saved_names: dict[str, str] = {}
        push_names: dict[str, str] = {}
        for whatsapp, number, lid, full, first, last, business, user in self._rows(
            "ZWAADDRESSBOOKCONTACT", _BOOK
        ):
            ids = (_phone(whatsapp), _phone(number), _hidden(lid, alone=True))
            _set_name(
                saved_names,
                map(self._resolve_optional, ids),
                person_name(full) or _joined(first, last),
            )
            _set_name(
                push_names,
                map(self._resolve_optional, ids),
                person_name(business) or person_name(user),
            )
        partners = {
            jid: name
            for jid, shown in self.chats.values()
            if (name := person_name(shown) if is_person(jid) else shown)
        }
        members: dict[str, str] = {}
        columns = ("ZMEMBERJID", "ZCONTACTNAME", "ZFIRSTNAME")
        for raw, *names in self._rows("ZWAGROUPMEMBER", columns):
            _set_name(
                members,
                (self._resolve_optional(text(raw)),),
                next(filter(None, map(person_name, names)), None),
            )
        columns = ("ZIDENTIFIER", "ZPHONENUMBER", "ZDISPLAYNAME")
        for lid, number, shown in self._rows("ZWAZACCOUNT", columns):
            both = (_hidden(lid, alone=True), _phone(number))
            _set_name(push_names, map(self._resolve_optional, both), person_name(shown))
        for raw, shown in self._rows("ZWAPROFILEPUSHNAME", ("ZJID", "ZPUSHNAME")):
            _set_name(push_names, (self._resolve_optional(text(raw)),), person_name(shown))
        sources: list[Callable[[str], str | None]] = [
            saved_names.get,
            partners.get,
            members.get,
            push_names.get,
        ]
        return People(owner, *self._address_books(contacts, owner_number), *sources)

    def _address_books(
        self, contacts: Path | None, owner_number: str | None
    ) -> Iterator[Callable[[str], str | None]]:
        """The address books: the user's, and the phone's own if it is among the databases."""
        from gdrive_wa.chats.apple_book import people_in  # noqa: PLC0415 - for address books only
        from gdrive_wa.chats.contacts import Contacts, read_people  # noqa: PLC0415 - likewise

        candidates = [jid for jid, _ in self.chats.values()] + list(self.members.values())
        books = [] if contacts is None else [read_people(contacts)]
        books += [people for tables in self._all if (people := people_in(tables))]
        for book in books:
            yield Contacts(book, owner=owner_number, candidates=candidates).name

    def _resolve_optional(self, jid: str | None) -> str | None:
        return None if jid is None else self.resolve(jid)

    def _rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for tables in self._all:
            yield from tables.rows(table, columns)


def _set_name(names: dict[str, str], jids: Iterable[str | None], name: str | None) -> None:
    for jid in jids:
        if name is not None and jid is not None:
            names.setdefault(jid, name)


def _hidden(value: object, *, alone: bool) -> str | None:
    """A hidden id; in a column of hidden ids `alone`, the server may be missing."""
    shown = (text(value) or "").strip()
    if alone and shown.isascii() and shown.isdigit():
        return f"{shown}{_HIDDEN}"
    return bare(shown) if shown.endswith(_HIDDEN) else None


def _phone(value: object) -> str | None:
    """A person's jid; the database may have only the number, in any format."""
    shown = (text(value) or "").strip()
    if shown.endswith(_PERSON):
        return bare(shown)
    digits = _NO_DIGIT.sub("", shown)
    return f"{digits}{_PERSON}" if "@" not in shown and _NUMBER.fullmatch(digits) else None


def _joined(*parts: object) -> str | None:
    return " ".join(name for part in parts if (name := person_name(part))) or None
