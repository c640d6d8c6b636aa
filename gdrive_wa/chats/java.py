"""The path in a ``thumb_image``: one class of Java's serialisation, read within bounds.

Databases from before 2018 keep a file's path in a serialised ``com.whatsapp.MediaData``: its field
``file`` is a ``java.io.File`` with a text field ``path``. Format facts: proto/README.md,
"Java's MediaData". Every value takes at least one byte of the input and a reference is never
followed while reading, so the work grows with the bytes alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gdrive_wa.core.errors import FormatError

LARGEST = 1 << 20
"""Maximum bytes of a ``thumb_image``; real ones have a few hundred, or the size of a picture."""

_MAGIC: Final = b"\xac\xed\x00\x05"
_DEEPEST = 40
_MOST_STEPS = 50_000
_MOST_PARENTS = 16
_SIZES: Final = {"B": 1, "Z": 1, "C": 2, "S": 2, "I": 4, "F": 4, "J": 8, "D": 8}
"""Bytes of Java's primitive types, by their letter."""
_HAS_ANNOTATION, _EXTERNAL_BLOCKS, _SERIALISABLE, _EXTERNAL = 1, 8, 2, 4
_FIRST_HANDLE = 0x7E0000
_LONGEST_PATH = 4096
_FOLDER = re.compile(rb"Media/")


def media_path(thumb: bytes) -> str | None:
    """The file's path in a ``thumb_image``; None without one. Accepts any input; linear time.

    Args:
        thumb: the column as it is: an object, a picture, or anything else.
    """
    at = thumb[:LARGEST].find(_MAGIC)
    if at < 0:
        return None
    serialised = thumb[at:LARGEST]
    try:
        media = _Stream(serialised).value()
    except FormatError:
        return _path_in(serialised)
    file = media.fields.get("file") if isinstance(media, _Object) else None
    path = file.fields.get("path") if isinstance(file, _Object) else None
    return path.replace("\x00", "") or None if isinstance(path, str) else None


def _path_in(damaged: bytes) -> str | None:
    """The first intact text of a damaged object that is the path of a media file."""
    for tried, found in enumerate(_FOLDER.finditer(damaged)):
        if tried == 8:
            break
        for start in range(max(found.start() - 512, 3), found.start() + 1):
            size = int.from_bytes(damaged[start - 2 : start], "big")
            if damaged[start - 3] == 0x74 and found.end() - start <= size <= _LONGEST_PATH:
                text = damaged[start : start + size]
                if len(text) == size:
                    return text.decode("utf-8", "replace").replace("\x00", "") or None
    return None


@dataclass(slots=True, eq=False)
class _Class:
    name: str
    flags: int
    fields: list[tuple[str, str]]
    parent: _Class | None = None


@dataclass(slots=True, eq=False)
class _Object:
    fields: dict[str, Any] = field(default_factory=dict)


class _Stream:
    """A cursor over a serialised object, with its handles."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = len(_MAGIC)
        self._steps = 0
        self._handles: list[Any] = []
        self._readers: dict[int, Callable[[int], Any]] = {
            0x70: lambda _: None,
            0x71: lambda _: self._reference(),
            0x72: self._class,
            0x73: self._object,
            0x74: lambda _: self._text(2),
            0x75: self._array,
            0x76: lambda depth: self._register(self._class_of(depth)),
            0x77: lambda _: self._skip(self._number(1)),
            0x7A: lambda _: self._skip(self._number(4)),
            0x7C: lambda _: self._text(8),
            0x7D: self._proxy,
            0x7E: self._enum,
        }

    def value(self, depth: int = 0) -> Any:
        """The next value: an object, a class, a text, or None.

        Raises:
            FormatError: it is cut short, nested too deep, too large, or of no known kind.
        """
        self._step(depth)
        read = self._readers.get(self._number(1))
        if read is None:
            raise FormatError("a Java object holds a value of an unknown kind")
        return read(depth + 1)

    def _step(self, depth: int) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS or depth > _DEEPEST:
            raise FormatError("a Java object is larger or deeper than any real one")

    def _read(self, size: int) -> bytes:
        taken = self._raw[self._at : self._at + size]
        if len(taken) < size:
            raise FormatError("a Java object is cut short")
        self._at += size
        return taken

    def _skip(self, size: int) -> None:
        if size > len(self._raw) - self._at:
            raise FormatError("a Java object is cut short")
        self._at += size

    def _number(self, size: int) -> int:
        return int.from_bytes(self._read(size), "big")

    def _register(self, value: Any) -> Any:
        self._handles.append(value)
        return value

    def _reference(self) -> Any:
        number = self._number(4) - _FIRST_HANDLE
        if not 0 <= number < len(self._handles):
            raise FormatError("a Java object refers to something that is not there")
        return self._handles[number]

    def _name(self) -> str:
        return self._read(self._number(2)).decode("utf-8", "replace")

    def _text(self, size: int) -> str:
        length = self._number(size)
        if length > len(self._raw):
            raise FormatError("a Java object is cut short")
        return str(self._register(self._read(length).decode("utf-8", "replace")))

    def _class_of(self, depth: int) -> _Class | None:
        """Read a class."""
        found = self.value(depth)
        if found is not None and not isinstance(found, _Class):
            raise FormatError("a Java object has a class that is not a class")
        return found

    def _class(self, depth: int) -> _Class:
        name = self._name()
        self._skip(8)
        result: _Class = self._register(_Class(name, 0, []))
        result.flags = self._number(1)
        for _ in range(self._number(2)):
            self._step(depth)
            letter = chr(self._number(1))
            result.fields.append((letter, self._name()))
            if letter in "[L":
                self.value(depth)
            elif letter not in _SIZES:
                raise FormatError("a Java class has a field of an unknown type")
        self._skip_annotations(depth)
        result.parent = self._class_of(depth)
        return result

    def _proxy(self, depth: int) -> _Class:
        result: _Class = self._register(_Class("", _SERIALISABLE, []))
        for _ in range(self._number(4)):
            self._step(depth)
            self._name()
        self._skip_annotations(depth)
        result.parent = self._class_of(depth)
        return result

    def _object(self, depth: int) -> _Object:
        kind = self._class_of(depth)
        result: _Object = self._register(_Object())
        for each in reversed(self._lineage(kind)):
            self._read_fields(each, result, depth)
        return result

    def _lineage(self, kind: _Class | None) -> list[_Class]:
        found: list[_Class] = []
        while kind is not None:
            found.append(kind)
            if len(found) > _MOST_PARENTS:
                raise FormatError("a Java class has more parents than any real one")
            kind = kind.parent
        return found

    def _read_fields(self, kind: _Class, result: _Object, depth: int) -> None:
        self._step(depth)
        if kind.flags & _EXTERNAL:
            if not kind.flags & _EXTERNAL_BLOCKS:
                raise FormatError("a Java object keeps its state in a way of its own")
            self._skip_annotations(depth)
            return
        for letter, name in kind.fields if kind.flags & _SERIALISABLE else ():
            if letter in _SIZES:
                self._skip(_SIZES[letter])
            else:
                result.fields[name] = self.value(depth)
        if kind.flags & _HAS_ANNOTATION:
            self._skip_annotations(depth)

    def _array(self, depth: int) -> None:
        kind = self._class_of(depth)
        self._register(None)
        count = self._number(4)
        letter = kind.name[1:2] if kind is not None else ""
        if letter in _SIZES:
            self._skip(count * _SIZES[letter])
            return
        for _ in range(count):
            self.value(depth)

    def _enum(self, depth: int) -> None:
        self._class_of(depth)
        self._register(None)
        self.value(depth)

    def _skip_annotations(self, depth: int) -> None:
        """Skip the extra data of a class or an object after its fields."""
        while self._raw[self._at : self._at + 1] != b"\x78":
            self.value(depth)
        self._at += 1
