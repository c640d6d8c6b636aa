"""Read the top level of a property list within bounds.

Only the texts, whole numbers and booleans at the top level of an iPhone's property lists are
needed. Python's own reader builds all objects. In a binary list they can be shared, so that a few
KB expand to gigabytes, and 14 MB of XML need half a gigabyte. Nested values are left out here.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

from gdrive_wa.core.plain_file import open_plain

LARGEST_PLIST = 16 << 20
"""Maximum bytes of a property list that are read."""

_MOST_ENTRIES = 10_000
_LONGEST_TEXT = 4096
_DEEPEST = 100
_LARGEST_XML = 4 << 20
_MOST_PARTS = 1_000_000
_TRAILER = struct.Struct(">6xBBQQQ")
_TRUTHS = {8: False, 9: True}
_CONTAINERS = (0xA, 0xB, 0xC, 0xD)
_DICT, _INT, _ASCII, _UTF16 = 0xD, 1, 5, 6


def read_plist(path: Path) -> dict[str, Any]:
    """The texts, whole numbers and booleans at the top level; empty if the file is not a property
    list, or is a link or a pipe."""
    try:
        with open_plain(path, follow=False) as file:
            raw = file.read(LARGEST_PLIST)
        return _Binary(raw).root() if raw.startswith(b"bplist00") else _Xml().root(raw)
    except (OSError, ValueError, ExpatError, LookupError, struct.error):
        return {}


def is_bounded(raw: bytes) -> bool:
    """True if a whole property list may be given to a library that builds everything in it."""
    if not raw.startswith(b"bplist00"):
        return len(raw) <= _LARGEST_XML
    try:
        return _Binary(raw).parts() <= _MOST_PARTS
    except (ValueError, struct.error):
        return True  # the library refuses it as well


def text_in(plist: dict[str, Any], name: str) -> str:
    """The text of that name; empty if it is something else."""
    found = plist.get(name)
    return found if isinstance(found, str) else ""


class _Binary:
    """A binary property list: objects, a table of where they are, and a trailer."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._offset_size, self._ref_size, self._count, self._top, self._table = _TRAILER.unpack(
            raw[-_TRAILER.size :]
        )

    def root(self) -> dict[str, Any]:
        kind, count, at = self._object(self._top)
        if kind != _DICT or count > _MOST_ENTRIES:
            raise ValueError("the root is not a dictionary of a real size")
        names = [self._scalar(self._ref(at, number)) for number in range(count)]
        values = [self._scalar(self._ref(at, count + number)) for number in range(count)]
        return {
            name: value
            for name, value in zip(names, values, strict=True)
            if isinstance(name, str) and value is not None
        }

    def parts(self) -> int:
        """The number of objects in all containers together; a shared object counts each time."""
        if self._count > len(self._raw):
            raise ValueError("more objects than bytes")
        total = 0
        for number in range(self._count):
            kind, count, _ = self._object(number)
            total += count if kind in _CONTAINERS else 0
        return total

    def _int(self, at: int, size: int) -> int:
        found = self._raw[at : at + size]
        if not 0 < size <= 16 or len(found) < size:
            raise ValueError("cut short")
        return int.from_bytes(found, "big")

    def _ref(self, at: int, number: int) -> int:
        return self._int(at + number * self._ref_size, self._ref_size)

    def _object(self, number: int) -> tuple[int, int, int]:
        """The type of an object, its size or count, and where its content begins."""
        if number >= self._count:
            raise ValueError("no such object")
        at = self._int(self._table + number * self._offset_size, self._offset_size)
        marker = self._int(at, 1)
        kind, count, at = marker >> 4, marker & 15, at + 1
        if count == 15 and kind not in (0, _INT):
            size = 1 << (self._int(at, 1) & 15)
            count, at = self._int(at + 1, size), at + 1 + size
        return kind, count, at

    def _scalar(self, number: int) -> str | int | bool | None:
        kind, count, at = self._object(number)
        if kind == 0:
            return _TRUTHS.get(count)
        if kind == _INT and count <= 3:
            return self._int(at, 1 << count)
        if kind in (_ASCII, _UTF16) and count <= _LONGEST_TEXT:
            size = count if kind == _ASCII else 2 * count
            found = self._raw[at : at + size]
            return found.decode("ascii" if kind == _ASCII else "utf-16-be", "replace")
        return None


class _Xml:
    """A property list in XML, read as a stream."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._depth = 0
        self._name: str | None = None
        self._text: list[str] | None = None
        self._size = 0

    def root(self, raw: bytes) -> dict[str, Any]:
        parser = ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.EntityDeclHandler = self._entity
        parser.Parse(raw, True)
        return self._found

    def _entity(self, *_: object) -> None:
        raise ValueError("a property list declares no entities")

    def _start(self, element: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("deeper than any real list")
        if self._depth == 2 and element != "dict":
            raise ValueError("the root is not a dictionary")
        self._text, self._size = ([], 0) if self._depth == 3 else (None, 0)

    def _data(self, data: str) -> None:
        if self._text is not None:
            self._size += len(data)
            if self._size <= _LONGEST_TEXT:
                self._text.append(data)

    def _end(self, element: str) -> None:
        self._depth -= 1
        if self._depth != 2:
            return
        text = None if self._text is None or self._size > _LONGEST_TEXT else "".join(self._text)
        if element == "key":
            self._name = text
        elif self._name is not None and len(self._found) < _MOST_ENTRIES:
            value = _xml_value(element, text)
            if value is not None:
                self._found[self._name] = value
        self._text = None


def _xml_value(element: str, text: str | None) -> str | int | bool | None:
    if element in ("true", "false"):
        return element == "true"
    if element == "string":
        return text
    if element == "integer" and text is not None and len(text) <= 20:
        return int(text)
    return None
