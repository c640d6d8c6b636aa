"""vCard files of the versions 2.1, 3.0 and 4.0, as phones and programs write them."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterator

from gdrive_wa.chats.person import Person, Photo
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.interruption import watched

LARGEST_PHOTO = 1 << 20
"""Maximum bytes of a picture; larger pictures, and files that are not pictures, are left out."""

_LONGEST_NAME = 1000
_LONGEST_PROPERTY = 2 * LARGEST_PHOTO
_MOST_NUMBERS = 200
_MOST_PROPERTIES = 20_000
_PROPERTY = re.compile(r'([^;:]*+)((?:"[^"]*"|[^":])*+):(.*)', re.DOTALL)
"""Name, parameters, value; a parameter in quotes may hold the colon that begins the value."""

_CHARSET = re.compile(r'CHARSET="?([\w.:-]+)')
_CHARSETS = (
    *("utf-8", "utf-16", "ascii", "iso8859", "cp", "mac", "koi8"),
    *("gb", "big5", "shift_jis", "euc", "iso2022"),
)
"""Beginnings of the names of character sets on phones. Some of Python's codecs are not character
sets: some take quadratic time, some unpack their input."""

_WHATSAPP_ID = re.compile(r"WAID=(\d{5,15})")
"""Parameter with the number of a WhatsApp id, in WhatsApp's own cards."""
_IMAGES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
_NAMES = ("FN", "N", "NICKNAME", "X-PHONETIC-FIRST-NAME", "ORG", "EMAIL")
"""Properties with a name, the best first."""


def read_vcards(content: str) -> Iterator[Person]:
    """Read the people with a number and a name from a vCard file. Linear time.

    Args:
        content: the file as text.

    Raises:
        UsageError: a card is absurdly large.
    """
    card = _Card()
    for name, parameters, value in _properties(content):
        if name == "BEGIN":
            card = _Card()
        elif name == "END":
            if (person := card.person()) is not None:
                yield person
            card = _Card()
        else:
            card.add(name, parameters, value)


class _Card:
    """One person's card while it is read."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._numbers: dict[str, None] = {}
        self._photo: Photo | None = None
        self._properties = 0

    def add(self, name: str, parameters: str, value: str) -> None:
        self._properties += 1
        if self._properties > _MOST_PROPERTIES:
            raise UsageError(
                "a card of this address book has more lines than any person's",
                hint="export your contacts again, and give that file",
            )
        if name == "TEL" and len(self._numbers) < _MOST_NUMBERS:
            number = _decoded(value[:_LONGEST_NAME], parameters)
            self._numbers[number.removeprefix("tel:").partition(";")[0].strip()] = None
            if number_id := _WHATSAPP_ID.search(parameters):
                self._numbers[f"+{number_id[1]}"] = None
        elif name in _NAMES and name not in self._names:
            shown = _shown(name, _decoded(value[:_LONGEST_NAME], parameters))
            if shown:
                self._names[name] = shown
        elif name == "PHOTO" and self._photo is None:
            self._photo = _photo(value, parameters)

    def person(self) -> Person | None:
        best = next((self._names[kind] for kind in _NAMES if kind in self._names), None)
        if best is None or not self._numbers:
            return None
        return Person(name=best, numbers=tuple(self._numbers), photo=self._photo)


def _properties(content: str) -> Iterator[tuple[str, str, str]]:
    for parts in _folded(content):
        found = _PROPERTY.match("".join(parts))
        if found:
            name, parameters, value = found.groups()
            yield name.rpartition(".")[2].strip().upper(), parameters.upper(), value.strip()


def _folded(content: str) -> Iterator[list[str]]:
    """The lines of each property; of an absurdly long property, only the first ones."""
    parts: list[str] = []
    size, soft = 0, False
    for line in watched(_lines(content)):
        quoted = soft and parts and parts[-1].endswith("=")
        if parts and (quoted or line[:1] in (" ", "\t")):
            if quoted:
                parts[-1] = parts[-1][:-1]
            more = line if quoted else line[1:]
            size += len(more)
            if size <= _LONGEST_PROPERTY:
                parts.append(more)
            elif quoted:
                parts.append("=" if line.endswith("=") else "")
            continue
        if parts:
            yield parts
        parts, size = [line[:_LONGEST_PROPERTY]], len(line)
        soft = "QUOTED-PRINTABLE" in line[:200].partition(":")[0].upper()
    if parts:
        yield parts


def _lines(content: str) -> Iterator[str]:
    for found in re.finditer(r"([^\r\n]*)(?:\r\n|\r|\n|$)", content):
        yield found[1]


def _decoded(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    raw = quopri.decodestring(value.encode("utf-8", "replace"))
    declared = _CHARSET.search(parameters)
    for charset in (declared[1] if declared else "utf-8", "utf-8", "cp1252"):
        try:
            found = codecs.lookup(charset).name
            if found.startswith(_CHARSETS):
                return raw.decode(found)
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", "replace")


def _shown(kind: str, value: str) -> str:
    parts = [
        re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], part).strip()
        for part in re.split(r"(?<!\\);", value)
    ]
    if kind == "N" and len(parts) >= 2:
        parts = [parts[1], *parts[2:3], parts[0]]
    return " ".join(part for part in parts if part)


def _photo(value: str, parameters: str) -> Photo | None:
    """A picture inside the file, in base64 (2.1 and 3.0) or as a ``data:`` URL (4.0)."""
    if value[:5].lower() == "data:":
        _, comma, value = value.partition(",")
        if not comma:
            return None
    elif not any(word in parameters for word in ("BASE64", "ENCODING=B")):
        return None
    try:
        raw = base64.b64decode(re.sub(r"\s", "", value), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = next((kind for magic, kind in _IMAGES.items() if raw.startswith(magic)), None)
    return None if kind is None or len(raw) > LARGEST_PHOTO else Photo(content=raw, mime_type=kind)
