"""The written form of a manifest: one JSON object a line, and what older versions wrote.

The first line names the format and its version. A line about a path tells of a verified file, or
that nothing is known of that path any more; the last one about a path is what holds. A line that
has no newline yet was never finished and is ignored. Fields that this version does not know are
ignored too. Lines of an older version are read through `MIGRATIONS`, one step a version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import NoneType
from typing import Any

from gdrive_wa.core.errors import FormatError, UnsafeNameError
from gdrive_wa.core.names import parts_of

FORMAT = "gdrive-wa manifest"
VERSION = 1

Line = dict[str, Any]
Source = tuple[str, str | None, str | None]
"""The backup's name of stored bytes, their MD5, the source's mark of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One verified file of the folder.

    Attributes:
        path: relative to the folder, ``/`` between parts.
        size: bytes on disk.
        sha256: of the bytes on disk, hex.
        mtime_ns: modification time when it was committed: with the size, a quick sign that
            nobody touched it since.
        stored_as: the backup's name of the entry it came from; None for files made here.
        source_md5: MD5 of the stored bytes it came from, hex.
        source_revision: the source's mark of those stored bytes.
        content_sha256: of the content before tags were added; same as `sha256` when none were.
        whatsapp_path: WhatsApp's own path of it.
        message: ``<chat jid>/<message id>`` of the voice note it is.
        account: whose backup it came from: of every blob of a download, and of the databases
            of an archive, which two accounts may share.
        also: other stored bytes that turned out to hold the same content, each
            ``(stored_as, md5, revision)``.
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
        """All stored bytes that hold this content, each ``(stored_as, md5, revision)``."""
        if self.stored_as is None:
            return self.also
        return ((self.stored_as, self.source_md5, self.source_revision), *self.also)


def _unversioned(line: Line) -> Line:
    """Version 0 said no version; its other lines are those of version 1."""
    return line


MIGRATIONS: tuple[Callable[[Line], Line], ...] = (_unversioned,)
"""What makes a line of each version one of the next, the oldest first."""

_FIELDS = tuple(Record.__dataclass_fields__)
_values_of = attrgetter(*_FIELDS)
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_KINDS = {"path": (str,), "sha256": (str,), "size": (int,), "mtime_ns": (int,), "also": (tuple,)}
"""Of the fields that are no text or None."""

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, UnsafeNameError)
"""What a line raises that nobody of ours wrote."""

_START_ANEW = "move the .gdrive-wa folder away; the next run builds a new one"


def serialise(records: Iterable[Record]) -> bytes:
    """A whole manifest: the header line, then one line a record, ordered by path."""
    ordered = sorted(records, key=lambda record: record.path)
    return b"".join([_header(), *map(line_of, ordered)])


def line_of(record: Record) -> bytes:
    """What says that `record` holds."""
    values = zip(_FIELDS, _values_of(record), strict=True)
    return _line({name: value for name, value in values if value is not None and value != ()})


def dropped(path: str) -> bytes:
    """What says that nothing is known of `path`."""
    return _line({"path": path, "dropped": True})


def version_of(raw: bytes, path: Path) -> int | None:
    """The version that the manifest `raw`, from `path`, was written in; None when its first line
    is not finished.

    Raises:
        FormatError: it is no manifest, or one of a newer version.
    """
    first, newline, _ = raw.partition(b"\n")
    if not newline:
        return None
    try:
        header = json.loads(first)
        if header.get("format") != FORMAT:
            _record(header)  # a version that had no header yet, or else no manifest at all
            return 0
        version = header["version"]
    except _MALFORMED as error:
        raise FormatError(f"not a manifest of gdrive-wa: {path}", hint=_START_ANEW) from error
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        shown = ascii(version)[:40]
        raise FormatError(
            f"the manifest's version makes no sense, {shown}: {path}", hint=_START_ANEW
        )
    if version > VERSION:
        raise FormatError(
            f"the manifest is of version {version}, newer than this program's {VERSION}: {path}",
            hint="a newer gdrive-wa wrote it: use that one, or update this one",
        )
    return version


def parse(raw: bytes, path: Path) -> dict[str, Record]:
    """The records of the manifest `raw`, from `path`, each by the path of its file.

    Raises:
        FormatError: it is no manifest, is damaged, or of a newer version.
    """
    version = version_of(raw, path)
    records: dict[str, Record] = {}
    if version is None:
        return records
    lines = raw.split(b"\n")[:-1]  # what follows the last newline is a line nobody finished
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
                f"line {number + 1} of the manifest makes no sense: {path}", hint=_START_ANEW
            ) from error
    return records


def _record(item: Line) -> Record:
    """One record, or ``ValueError``, ``TypeError``: what is stored here was written by us, but
    may have rotted, and its paths are joined to the folder.
    """
    values = {name: item[name] for name in _FIELDS if name in item}
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
    except UnicodeEncodeError:  # half a character in a stored name: JSON can spell it, UTF-8 not
        return json.dumps(item, separators=(",", ":")).encode() + b"\n"
