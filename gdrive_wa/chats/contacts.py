"""The user's own address book: the names for phone numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gdrive_wa.chats.people import phone_number
from gdrive_wa.chats.person import Person
from gdrive_wa.chats.phone_numbers import canonical, digits_of, possible_numbers, region_of
from gdrive_wa.core import interruption
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.plain_file import NotPlainError, read_plain

MAX_SIZE = 64 * 1024 * 1024
"""Bytes of the largest address book that is read."""

MAX_NUMBERS = 200_000
"""Maximum number of telephone numbers in an address book; one with more is refused."""

_TAIL = 6
"""Trailing digits for looking up candidates; each candidate is then parsed and compared."""

_SHORTEST = 5
_FULL = 7
_SEPARATORS = re.compile(r"\s/\s|[|;\n]|\s(?:or|oder|ou|o|и)\s")
MAX_FIELD_LENGTH = 1000
_MAX_PER_TAIL = 50


@dataclass(frozen=True, slots=True)
class _Entry:
    written: str
    person: Person


class Contacts:
    """People by telephone number.

    A full international number matches only itself. A national number is read in the owner's
    country. If that is not known, it is read in the country of the jid that it is compared with,
    unless it matches a person of another country too.

    Args:
        people: the people in the address book.
        owner: the owner's own number, international, with or without ``+``; None where unknown.
            Ignored if it is too short for a number.
        candidates: the jids of possible matches.
    """

    def __init__(
        self, people: Iterable[Person], *, owner: str | None = None, candidates: Iterable[str] = ()
    ) -> None:
        own = "" if owner is None else digits_of(owner).lstrip("+")
        self._home = region_of(own) if len(own) >= _FULL else None  # an account's name may be 1001
        self._exact: dict[str, list[_Entry]] = defaultdict(list)
        self._tails: dict[str, list[_Entry]] = defaultdict(list)
        self._count = 0
        for person in people:
            for number in person.numbers:
                for each in _split_numbers(number):
                    self._add(_Entry(digits_of(each), person))
        self._others: dict[str, set[str]] = defaultdict(set)
        for jid in candidates:
            if (digits := phone_number(jid)) is not None:
                self._others[digits[-_TAIL:]].add(digits)
        self._found = lru_cache(maxsize=None)(self._find)

    def _add(self, entry: _Entry) -> None:
        digits = entry.written.lstrip("+")
        if len(digits) < _SHORTEST:
            return
        self._count += 1
        self._exact[digits.removeprefix("00")].append(entry)
        tail = self._tails[digits[-_TAIL:]]
        if len(tail) < _MAX_PER_TAIL:
            tail.append(entry)

    def __len__(self) -> int:
        return self._count

    def name(self, jid: str) -> str | None:
        """The name of the person with the number of `jid`; None if there is none, or several."""
        person = self.person(jid)
        return None if person is None else person.name

    def person(self, jid: str) -> Person | None:
        """Like :meth:`name`, but return the complete entry."""
        digits = phone_number(jid)
        return None if digits is None else self._found(digits)

    def _find(self, digits: str) -> Person | None:
        interruption.check()
        near = self._tails.get(digits[-_TAIL:], [])
        full = [each for each in self._exact.get(digits, []) if self._is_full(each)]
        for fitting in (
            full,
            [each for each in near if self._is_full(each) and self._matches(each, digits, None)],
            self._exact.get(digits, []),
            [
                each
                for each in near
                if not self._is_full(each) and self._matches_nationally(each, digits)
            ],
        ):
            if fitting:
                return _single_person(each.person for each in fitting)
        return None

    def _is_full(self, entry: _Entry) -> bool:
        return entry.written.startswith(("+", "00"))

    def _matches(self, entry: _Entry, digits: str, region: str | None) -> bool:
        wanted = canonical(digits)
        return any(canonical(each) == wanted for each in possible_numbers(entry.written, region))

    def _matches_nationally(self, entry: _Entry, digits: str) -> bool:
        if self._home is not None:
            return self._matches(entry, digits, self._home)
        if not self._matches(entry, digits, region_of(digits)):
            return False
        return not any(
            canonical(other) != canonical(digits) and self._matches(entry, other, region_of(other))
            for other in self._others.get(digits[-_TAIL:], ())
        )


def _split_numbers(number: str) -> list[str]:
    """The numbers in a field with several; a slash without spaces is part of a number."""
    parts = [part for part in _SEPARATORS.split(number[:MAX_FIELD_LENGTH]) if part.strip()]
    full = all(sum(map(str.isdecimal, part)) >= _FULL for part in parts)
    return parts if len(parts) > 1 and full else [number]


def _single_person(people: Iterable[Person]) -> Person | None:
    """The one person in `people`, if all are the same; None otherwise.

    Address books list people twice, once with a shorter name: the fuller name is used.
    """
    best: Person | None = None
    for person in people:
        if best is None or _words(best) <= _words(person):
            best = person if best is None or _is_fuller(person, best) else best
        elif not _words(person) <= _words(best):
            return None
    return best


def _words(person: Person) -> frozenset[str]:
    return frozenset(person.name.casefold().split())


def _is_fuller(one: Person, other: Person) -> bool:
    return len(_words(one)) > len(_words(other)) or (other.photo is None and one.photo is not None)


def read_contacts(
    path: Path, *, owner: str | None = None, candidates: Iterable[str] = ()
) -> Contacts:
    """Read an address book: a vCard file, a CSV of Google or Outlook, or an iPhone's database.

    Args:
        path: the file.
        owner: the owner's own number; others are read in its country's format.
        candidates: the jids of possible matches.

    Raises:
        UsageError: the file cannot be read, is not one of these, or is absurdly large.
    """
    return Contacts(read_people(path), owner=owner, candidates=candidates)


def read_people(path: Path) -> list[Person]:
    """Read the people of an address book, as :func:`read_contacts` does."""
    from gdrive_wa.chats.apple_book import is_apple_book, read_apple_book  # noqa: PLC0415
    from gdrive_wa.chats.csv_book import read_csv_book  # noqa: PLC0415
    from gdrive_wa.chats.vcard import read_vcards  # noqa: PLC0415

    raw = _content(path)
    if is_apple_book(raw):
        return read_apple_book(path)
    content = decode_text(raw)
    people, numbers = [], 0
    cards = "BEGIN:VCARD" in content[:1_000_000].upper()
    for person in read_vcards(content) if cards else read_csv_book(content, path):
        people.append(person)
        numbers += len(person.numbers)
        if numbers > MAX_NUMBERS:
            raise UsageError(
                f"'{path}' holds more numbers than any person's address book",
                hint="export your contacts again, and give that file",
            )
    return people


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_SIZE:
            raise UsageError(
                f"'{path}' is too large for an address book",
                hint="give a vCard or CSV file of your contacts",
            )
        return read_plain(path)
    except NotPlainError as error:
        raise UsageError(
            f"cannot read the contacts file '{path}': {error.strerror}",
            hint="give a vCard or CSV file of your contacts",
        ) from error
    except OSError as error:
        raise UsageError(
            f"cannot read the contacts file '{path}'",
            hint="check the name; it must be a vCard or CSV file",
        ) from error


def decode_text(raw: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16, otherwise the encoding of Windows and old phones."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
