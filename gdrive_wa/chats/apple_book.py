"""An iPhone's own address book: ``AddressBook.sqlitedb`` of a backup.

It is ``Library/AddressBook/AddressBook.sqlitedb`` of the domain ``HomeDomain``; its file id is
``31bb7ba8914766d4ba40d6dfb6113c8b614be442``. ``ABPerson`` has the names, ``ABMultiValue``
has the fields with several values: telephone numbers are property 3. Known from public readers
(such as MVT and iphone-backup tools), not from a file of our own.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from gdrive_wa.chats.person import Person
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, name_text, text
from gdrive_wa.core.errors import DatabaseError, UsageError

APPLE_BOOK = "Library/AddressBook/AddressBook.sqlitedb"
"""The path of the address book in the domain ``HomeDomain`` of a backup."""

_TELEPHONE = 3
_MOST = 200_000
_NAMES = ("First", "Middle", "Last", "Nickname", "Organization")


def is_apple_book(raw: bytes) -> bool:
    """True if a file is an SQLite database, unlike all other formats of address books."""
    return raw.startswith(b"SQLite format 3\x00")


def read_apple_book(path: Path) -> list[Person]:
    """Read the people with a number and a name from an iPhone's address book.

    Raises:
        UsageError: `path` is another database, or an unreadable one.
    """
    try:
        with Tables(path) as tables:
            people = people_in(tables)
    except DatabaseError:
        people = []
    if not people:
        raise UsageError(
            f"'{path}' is a database, but not an address book with names and numbers",
            hint="give AddressBook.sqlitedb, a vCard file or a CSV of your contacts",
        )
    return people


def people_in(tables: Tables) -> list[Person]:
    """The people of an open address book; none if `tables` is another database."""
    numbers: dict[int, list[str]] = defaultdict(list)
    columns = ("record_id", "property", "value")
    for count, (record, kind, value) in enumerate(tables.rows("ABMultiValue", columns)):
        number = text(value)
        if as_int(kind) in (_TELEPHONE, None) and number is not None and count < _MOST:
            numbers[as_int(record) or 0].append(number)
    people = []
    for row_id, *names in tables.rows("ABPerson", ("ROWID", *_NAMES)):
        first, middle, last, nick, company = map(name_text, names)
        name = " ".join(part for part in (first, middle, last) if part) or nick or company
        if name and numbers[as_int(row_id) or 0]:
            people.append(Person(name=name, numbers=tuple(numbers[as_int(row_id) or 0])))
    return people
