"""The ZIP that an increment decrypts to, read as untrusted input.

Nothing is unpacked to the disk. Both the number of items and their bytes are limited, because
30 million empty messages fit in 61 KB.
"""

from __future__ import annotations

import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from google.protobuf.message import DecodeError

from gdrive_wa.core import interruption
from gdrive_wa.core.errors import FormatError, PayloadError, TruncatedError
from gdrive_wa.core.names import folded_name, safe_path
from gdrive_wa.crypt.header import read_varint
from gdrive_wa.pb.history_sync_pb2 import HistorySync
from gdrive_wa.storage.reading import open_source

MESSAGES = "messages.bin"
LONGEST_MESSAGE = 32 << 20
"""Maximum bytes of one HistorySync message."""
LIMIT = 256 << 20
"""Maximum bytes of an increment's messages: real ones have a few MB."""
MOST_MESSAGES = 100_000
"""Maximum number of HistorySync messages: real ones have a few dozen."""
MOST_PARTS = 200_000
"""Maximum number of conversations, their messages, names and so on, all together."""

_LARGEST_TABLE = 4 << 20
_MOST_OF_TABLES = 16 << 20
"""Maximum bytes of the changed rows of other tables, all together."""
_MOST_VALUES = 400_000
"""Maximum number of values in one of their files: compressed JSON of 4 KB can have a million."""
_MOST_TABLES = 200
_MOST_MEMBERS = 10_000
_TABLE = re.compile(r"^(jid|jid_map|chat|lid_display_name)_modified(?:_(\d{1,6}))?\.json$")
_WRAPPED = ("values", "row", "new", "data", "after")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNPACKING = (
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OverflowError,
    MemoryError,
    struct.error,
)
"""Errors of zipfile for members that it cannot unpack."""
_CONVERSATION = 2


@contextmanager
def open_increment(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the ZIP at `path` after checking the names and types of its members.

    Raises:
        UsageError: the file cannot be read.
        FormatError: the file is not a ZIP, or has no messages.
        UnsafeNameError: the name of a member leads out of its folder.
        PayloadError: a member is a link, occurs twice, or has an unexpected compression.
    """
    try:
        with open_source(path) as stored, zipfile.ZipFile(stored) as archive:
            _check(archive)
            yield archive
    except KeyError as error:
        raise FormatError(f"the increment '{path.name}' does not contain {MESSAGES}") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise FormatError(f"'{path.name}' is not a ZIP, or a damaged one") from error
    except _UNPACKING as error:
        raise PayloadError(f"{MESSAGES} cannot be unpacked: {path.name}") from error


def _check(archive: zipfile.ZipFile) -> None:
    """Refuse a ZIP with members that lead out of its folder, or that unpack to too much."""
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise PayloadError("an increment holds more files than any real one does")
    names = {folded_name(safe_path(member.orig_filename)) for member in members}
    if len(names) < len(members):
        raise PayloadError("an increment holds two members of the same name")
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            raise PayloadError("an increment holds a symbolic link")
        if member.compress_type not in _PACKINGS:
            raise PayloadError("an increment is packed in a way that WhatsApp does not use")


def read_tables(
    archive: zipfile.ZipFile, warnings: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The changed rows of other tables, each with its table's name, in the order of the files.

    Args:
        archive: an increment.
        warnings: a list to which files with an unknown layout are added; only names are lost then.
    """
    found = sorted(
        (match[1], int(match[2] or 0), name)
        for name in archive.namelist()
        if (match := _TABLE.match(name.rpartition("/")[2]))
    )
    left = _MOST_OF_TABLES
    for table, _, name in found[:_MOST_TABLES]:
        interruption.check()
        most = min(_LARGEST_TABLE, left)
        try:
            with archive.open(name) as file:
                raw = file.read(most + 1)
            left -= len(raw)
            rows = _rows(raw, table) if len(raw) <= most and _is_small(raw) else None
        except (zipfile.BadZipFile, OSError, RecursionError, *_UNPACKING):
            rows = None
        if rows is None:
            warnings.append(f"{name} has an unknown layout, so the names in it are not used")
            continue
        yield from ((table, row) for row in rows)


def _is_small(raw: bytes) -> bool:
    return sum(map(raw.count, (b",", b"[", b"{", b"\n"))) <= _MOST_VALUES


def _rows(raw: bytes, table: str) -> list[dict[str, Any]] | None:
    """The rows of a table in JSON: a list of objects, one object per line, a list in an object, or
    lists with the names of their columns; None for any other layout."""
    try:
        parsed = json.loads(raw)
    except ValueError:
        lines = raw.splitlines()
        parsed = [json.loads(line) for line in lines if line.strip()] if len(lines) > 1 else None
    if isinstance(parsed, dict):
        columns = parsed.get("columns")
        found = parsed.get(table, parsed.get("rows"))
        if isinstance(columns, list) and isinstance(found, list):
            found = [
                dict(zip(map(str, columns), row, strict=False)) if isinstance(row, list) else row
                for row in found
            ]
        parsed = found
    if not isinstance(parsed, list):
        return None
    return [_unwrap(row) for row in parsed if isinstance(row, dict)]


def _unwrap(row: dict[str, Any]) -> dict[str, Any]:
    """A row inside another object, which also has the operation."""
    return next((row[name] for name in _WRAPPED if isinstance(row.get(name), dict)), row)


def read_messages(file: IO[bytes]) -> Iterator[HistorySync]:
    """The HistorySync messages in ``messages.bin``.

    Raises:
        PayloadError: a message is damaged, or there are more than any real increment has.
    """
    total = count = parts = 0
    while (length := _length(file)) is not None:
        interruption.check()
        total += length
        count += 1
        if length > LONGEST_MESSAGE or total > LIMIT or count > MOST_MESSAGES:
            raise PayloadError("an increment holds more than any real one does")
        raw = file.read(length)
        if len(raw) < length:
            raise PayloadError("an increment ends inside a message")
        parts += _parts(raw, MOST_PARTS - parts)
        try:
            yield HistorySync.FromString(raw)
        except DecodeError as error:
            raise PayloadError("a message of an increment is damaged") from error


def _length(file: IO[bytes]) -> int | None:
    """Read the next varint; None at the end."""
    raw = b""
    while byte := file.read(1):
        raw += byte
        if byte[0] < 0x80 or len(raw) == 10:
            break
    if not raw:
        return None
    try:
        return read_varint(raw)[0]
    except (FormatError, TruncatedError) as error:
        raise PayloadError("the length of a message in an increment is damaged") from error


def _parts(raw: bytes, most: int) -> int:
    """The number of items in a message and in its conversations, counted before parsing.

    Raises:
        PayloadError: more than `most`.
    """
    count, places = 0, [(0, len(raw), True)]
    while places:
        at, end, outer = places.pop()
        while at < end:
            count += 1
            if count > most:
                raise PayloadError("an increment holds more than any real one does")
            tag, at = _varint(raw, at)
            kind = tag & 7
            if kind == 2:
                size, at = _varint(raw, at)
                if outer and tag >> 3 == _CONVERSATION:
                    places.append((at, min(at + size, end), False))
                at += size
            elif kind == 0:
                at = _varint(raw, at)[1]
            else:
                at += {1: 8, 5: 4}.get(kind, end)
    return count


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A varint and its end; a truncated or too long one ends the message."""
    value = shift = 0
    for place in range(at, min(at + 10, len(raw))):
        value |= (raw[place] & 0x7F) << shift
        if raw[place] < 0x80:
            return value, place + 1
        shift += 7
    return value, len(raw)
