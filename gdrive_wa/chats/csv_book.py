"""Address books as CSV: Google's current and old formats, and Outlook's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from gdrive_wa.chats.person import Person
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.interruption import watched

_PHONE = re.compile(
    r"\b(phone|telephone|mobile|car phone|pager|telefon\w*|mobiltelefon|handy|tel[ée]fono|"
    r"t[ée]l[ée]phone|telefone|celular|cellulare|m[óo]vil|portable|телефон\w*|мобильный)\b",
    re.IGNORECASE,
)
"""Parts of Outlook's column names, which are in the language of the program."""
_NOT_A_NUMBER = re.compile(r"\b(type|label|phonetic|ttytdd|fax)\b", re.IGNORECASE)
_MOST_COLUMNS = 2000
_MOST_LINES = 2000
"""Maximum lines of one row; notes can be texts of several lines."""
_NAMES = (
    ("Name",),
    ("First Name", "Middle Name", "Last Name"),
    ("Given Name", "Additional Name", "Family Name"),
    ("Vorname", "Weitere Vornamen", "Nachname"),
    ("Nombre", "Segundo nombre", "Apellidos"),
    ("Prénom", "Deuxième prénom", "Nom"),
    ("Nome", "Secondo nome", "Cognome"),
    ("Nome", "Segundo Nome", "Sobrenome"),
    ("Имя", "Отчество", "Фамилия"),
    ("Nickname",),
    ("File As",),
    ("Organization Name",),
    ("Organization 1 - Name",),
    ("Company",),
    ("E-mail 1 - Value",),
    ("E-mail Address",),
)
"""Columns that form a name together, the best first."""


def read_csv_book(content: str, path: Path) -> Iterator[Person]:
    """Read the people with a number and a name from a CSV file.

    Args:
        content: the file as text.
        path: its name, for errors.

    Raises:
        UsageError: it has no column of telephone numbers, or is not CSV.
    """
    try:
        yield from _people(content)
    except (csv.Error, ValueError) as error:
        raise UsageError(
            f"'{path}' is neither a vCard file nor a CSV of Google's or Outlook's contacts",
            hint="export your contacts at contacts.google.com, or as .vcf from the phone",
        ) from error


def _people(content: str) -> Iterator[Person]:
    first = content[:10_000].split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    table = _rows(content, separator)
    fields = next(table, [])
    phones = [field for field in fields if _PHONE.search(field) and not _NOT_A_NUMBER.search(field)]
    if not phones:
        raise ValueError("no column of telephone numbers")
    for values in watched(table):
        row = dict(zip(fields, values, strict=False))
        name = _name(row)
        numbers = [
            number.strip()
            for field in phones
            for number in (row.get(field) or "").split(":::")
            if number.strip()
        ]
        if name and numbers:
            yield Person(name=name, numbers=tuple(dict.fromkeys(numbers)))


def _rows(content: str, separator: str) -> Iterator[list[str]]:
    """The rows that are not empty.

    Raises:
        ValueError: a row has more columns or lines than any real one.
    """
    lines = 0

    def bounded() -> Iterator[str]:
        nonlocal lines
        for line in io.StringIO(content, newline=""):
            lines += 1
            if lines > _MOST_LINES or line.count(separator) > _MOST_COLUMNS:
                raise ValueError("a row is larger than any real one")
            yield line

    for row in csv.reader(bounded(), delimiter=separator):
        lines = 0
        if row:
            yield row


def _name(row: Mapping[str, str]) -> str:
    for columns in _NAMES:
        parts = [(row.get(column) or "").strip() for column in columns]
        if any(parts):
            return " ".join(part for part in parts if part)
    return ""
