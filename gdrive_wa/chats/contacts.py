"""The user's own address book: a vCard file, or what Google contacts exports as CSV."""

from __future__ import annotations

import csv
import io
import quopri
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gdrive_wa.core.errors import UsageError

_LARGEST = 64 * 1024 * 1024
_ONLY_NATIONAL = 7
"""Digits that a number without its country's code must have, to say who somebody is."""

_PROPERTY = re.compile(r'([^;:]*+)((?:"[^"]*"|[^":])*+):(.*)', re.DOTALL)
"""Name, parameters, value; a parameter in quotes may hold the colon that begins the value."""

_NOT_DIGITS = re.compile(r"[^\d+]")


class Contacts:
    """Names by telephone number, as far as an address book tells.

    Args:
        entries: pairs of a name and a number, in any spelling.
    """

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._whole: dict[str, str] = {}
        self._national: dict[str, set[str]] = {}
        for name, number in entries:
            digits = _NOT_DIGITS.sub("", number)
            if digits.startswith(("+", "00")):
                self._whole.setdefault(digits.lstrip("+0"), name)
                continue
            self._whole.setdefault(digits, name)
            if len(digits.lstrip("0")) >= _ONLY_NATIONAL:
                self._national.setdefault(digits.lstrip("0"), set()).add(name)

    def __len__(self) -> int:
        return len(self._whole)

    def name(self, jid: str) -> str | None:
        """Who has the number of `jid`; None when nobody, or several people may be meant."""
        user, _, server = jid.partition("@")
        if server not in ("s.whatsapp.net", "c.us"):
            return None
        if user in self._whole:
            return self._whole[user]
        for code in (1, 2, 3):  # the length of a country's code
            names = self._national.get(user[code:], set())
            if len(names) == 1:
                return next(iter(names))
        return None


def read_contacts(path: Path) -> Contacts:
    """Read an address book.

    Raises:
        UsageError: the file cannot be read, or is neither a vCard file nor a Google CSV.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"too large for an address book: {path}")
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read the contacts file {path}", hint="name a vCard or CSV file that is there"
        ) from error
    utf_16 = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    content = raw.decode("utf-16", "replace") if utf_16 else _text(raw)
    if "BEGIN:VCARD" in content.upper():
        return Contacts(_vcards(content))
    try:
        return Contacts(_google(content))
    except (csv.Error, ValueError) as error:
        raise UsageError(
            f"this is neither a vCard file nor a Google contacts CSV: {path}",
            hint="export them at contacts.google.com, or as .vcf from the phone",
        ) from error


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:  # old phones and Outlook write what Windows and Latin-1 share
        return raw.decode("cp1252", "replace")


def _vcards(content: str) -> Iterator[tuple[str, str]]:
    names: dict[str, str] = {}
    numbers: list[str] = []
    for name, parameters, value in _properties(content):
        if name == "BEGIN":
            names, numbers = {}, []
        elif name in ("FN", "N", "NICKNAME", "ORG"):
            shown = _vcard_text(name, _decoded(value, parameters))
            if shown:
                names.setdefault(name, shown)
        elif name == "TEL":
            numbers.append(value.removeprefix("tel:").partition(";")[0])
        elif name == "END" and names:
            best = next(names[kind] for kind in ("FN", "N", "NICKNAME", "ORG") if kind in names)
            yield from ((best, number) for number in numbers)


def _properties(content: str) -> Iterator[tuple[str, str, str]]:
    folded: list[list[str]] = []
    for line in content.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        last = folded[-1] if folded else [""]
        if line[:1] in (" ", "\t") and folded:
            last.append(line[1:])
        elif last[-1].endswith("=") and "QUOTED-PRINTABLE" in last[0].upper():
            last[-1] = last[-1][:-1]
            last.append(line)
        else:
            folded.append([line])
    for parts in folded:
        found = _PROPERTY.match("".join(parts))
        if found:
            name, parameters, value = found.groups()
            yield name.rpartition(".")[2].strip().upper(), parameters.upper(), value.strip()


def _decoded(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" in parameters:
        return _text(quopri.decodestring(value.encode()))
    return value


def _vcard_text(kind: str, value: str) -> str:
    parts = [
        re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], part).strip()
        for part in re.split(r"(?<!\\);", value)
    ]
    if kind == "N" and len(parts) >= 2:
        parts = [parts[1], *parts[2:3], parts[0]]
    return " ".join(part for part in parts if part)


def _google(content: str) -> Iterator[tuple[str, str]]:
    table = csv.DictReader(io.StringIO(content))
    fields = [field for field in table.fieldnames or () if field is not None]
    phones = [field for field in fields if field.startswith("Phone") and field.endswith("Value")]
    if not phones:
        raise ValueError("no column of telephone numbers")
    for row in table:
        name = _google_name(row)
        for field in phones if name else ():
            for number in (row.get(field) or "").split(":::"):
                if number.strip():
                    yield name, number


def _google_name(row: dict[str, str]) -> str:
    def said(*fields: str) -> str:
        return " ".join(text for name in fields if (text := (row.get(name) or "").strip()))

    return (
        said("Name")
        or said("First Name", "Middle Name", "Last Name")
        or said("Given Name", "Family Name")
        or said("Nickname")
        or said("Organization Name")
    )
