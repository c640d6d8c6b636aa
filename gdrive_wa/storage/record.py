"""The file format of a manifest: one JSON object per line, and migrations of older versions.

The first line states the format and its version. Each other line records a verified file or drops
a path; the last line about a path is the valid one. A line without a newline is incomplete and
ignored. Unknown fields are ignored too. Lines of an older version are converted by `MIGRATIONS`,
one step per version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import NoneType
from typing import Any

from gdrive_wa.core.errors import FormatError, UnsafeNameError
from gdrive_wa.core.names import parts_of, whole_text
from gdrive_wa.core.numbers import whole_number

FORMAT = "gdrive-wa manifest"
VERSION = 1

Line = dict[str, Any]
Source = tuple[str, str | None, str | None]
"""Stored bytes: their name in the backup, their MD5, and their revision as the source reports
it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One verified file of the folder.

    Attributes:
        path: relative to the folder, ``/`` between parts.
        size: bytes on disk.
        sha256: of the bytes on disk, hex.
        mtime_ns: modification time when it was written; with the size, a quick check for
            changes.
        stored_as: stored name of its entry in the backup; None for files made here.
        source_md5: MD5 of the stored bytes, hex.
        source_revision: revision of the stored bytes, as reported by the source.
        content_sha256: of the content before tags were added; equals `sha256` without tags.
        whatsapp_path: WhatsApp's own path of the file.
        message: ``<chat jid>/<message id>`` of the voice note in this file.
        account: account of the backup, for downloaded blobs and for databases of an archive,
            which may hold several accounts.
        also: other stored bytes with the same content, each ``(stored_as, md5, revision)``.
    """

    path: str
    size: int
    sha256: str
    mtime_ns: int
    stored_as: str | None = None
    source_md5: str | None = None
    source_revision: str | None = None
    content_sha256: str | None = None
    whatsapp_path: str | None = None
    message: str | None = None
    account: str | None = None
    also: tuple[Source, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """All stored bytes with this content, each ``(stored_as, md5, revision)``."""
        if self.stored_as is None:
            return self.also
        return ((self.stored_as, self.source_md5, self.source_revision), *self.also)


def _unversioned(line: Line) -> Line:
    """Version 0 had no header line; its other lines are the same as in version 1."""
    return line


MIGRATIONS: tuple[Callable[[Line], Line], ...] = (_unversioned,)
"""Functions that convert a line to the next version, oldest first."""

_FIELDS = tuple(Record.__dataclass_fields__)
_values_of = attrgetter(*_FIELDS)
_NAMES = tuple(f'"{name}":' for name in _FIELDS)
_text = json.encoder.encode_basestring
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_KINDS = {"path": (str,), "sha256": (str,), "size": (int,), "mtime_ns": (int,), "also": (tuple,)}
"""Types of the fields that are neither text nor None."""

_LATEST = (1 << 63) - 1
"""The latest possible modification time, in nanoseconds since 1970: in the year 2262."""

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, UnsafeNameError)
"""Exceptions from parsing a damaged or foreign line."""

_START_ANEW = "move the .gdrive-wa folder elsewhere; the next run creates a new one"


def serialise(records: Iterable[Record]) -> Iterator[bytes]:
    """The lines of a complete manifest: the header, then one for each record, sorted by path."""
    yield _header()
    yield from map(line_of, sorted(records, key=lambda record: record.path))


def line_of(record: Record) -> bytes:
    """The line that adds `record`."""
    held = [
        f"{name}{_text(value) if isinstance(value, str) else _to_json(value)}"
        for name, value in zip(_NAMES, _values_of(record), strict=True)
        if value is not None and value != ()
    ]
    line = f"{{{','.join(held)}}}\n"
    try:
        return line.encode()
    except UnicodeEncodeError:  # a lone surrogate in a stored name, which only ASCII can represent
        return _ascii(json.loads(line))


def dropped(path: str) -> bytes:
    """The line that drops `path`."""
    return _line({"path": path, "dropped": True})


def version_of(raw: bytes, path: Path) -> int | None:
    """The version of the manifest `raw`, read from `path`; None if its first line is incomplete.

    Raises:
        FormatError: not a manifest, or a newer gdrive-wa wrote it.
    """
    first, newline, _ = raw.partition(b"\n")
    if not newline:
        return None
    try:
        header = json.loads(first)
        if header.get("format") != FORMAT:
            _record(header)  # version 0 had no header; anything else is not a manifest
            return 0
        version = header["version"]
    except _MALFORMED as error:
        raise FormatError(f"'{path}' is not a gdrive-wa manifest", hint=_START_ANEW) from error
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        shown = ascii(version)[:40]
        raise FormatError(f"'{path}' has an invalid manifest version: {shown}", hint=_START_ANEW)
    if version > VERSION:
        raise FormatError(
            f"'{path}' has manifest version {version}; this gdrive-wa supports up to {VERSION}",
            hint="update gdrive-wa",
        )
    return version


def parse(raw: bytes, path: Path) -> dict[str, Record]:
    """Parse the manifest `raw`, read from `path`, into records by file path.

    Raises:
        FormatError: not a manifest, damaged, or a newer gdrive-wa wrote it.
    """
    version = version_of(raw, path)
    records: dict[str, Record] = {}
    if version is None:
        return records
    lines = raw.split(b"\n")[:-1]  # the text after the last newline is incomplete
    for number, line in enumerate(lines):
        if number == 0 and version > 0:
            continue
        try:
            item = json.loads(line)
            for step in MIGRATIONS[version:]:
                item = step(item)
            if item.get("dropped"):
                records.pop(item["path"], None)
            else:
                record = _record(item)
                records[record.path] = record
        except _MALFORMED as error:
            raise FormatError(
                f"line {number + 1} of the manifest '{path}' is invalid", hint=_START_ANEW
            ) from error
    return records


def _record(item: Line) -> Record:
    """Build and validate one record; raises one of `_MALFORMED` if it is invalid.

    The manifest may be damaged, and its paths are joined to the folder.
    """
    values = {name: item[name] for name in _FIELDS if name in item}
    values["size"] = whole_number(item["size"]) or 0
    values["mtime_ns"] = whole_number(item["mtime_ns"], least=-_LATEST, most=_LATEST) or 0
    values["path"] = whole_text(item["path"])
    values["also"] = tuple((a, b, c) for a, b, c in values.get("also", ()))
    if not all(isinstance(text, str | None) for source in values["also"] for text in source):
        raise TypeError("also")
    record = Record(**values)
    if "/".join(parts_of(record.path)) != record.path:
        raise ValueError(record.path)
    for name in _FIELDS:
        value, kinds = getattr(record, name), _KINDS.get(name, (str, NoneType))
        if not isinstance(value, kinds):
            raise TypeError(name)
    return record


def _header() -> bytes:
    return _line({"format": FORMAT, "version": VERSION})


def _line(item: dict[str, object]) -> bytes:
    try:
        return _to_json(item).encode() + b"\n"
    except UnicodeEncodeError:
        return _ascii(item)


def _ascii(item: object) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode() + b"\n"
