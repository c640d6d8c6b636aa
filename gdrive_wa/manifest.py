"""What a folder of ours holds, file by file: written line by line, readable for ever.

``.gdrive-wa/manifest.jsonl`` is one JSON object a line. The first line names the format and its
version; each other line is a file that was verified and committed, or a path that was dropped;
the last line about a path is what holds. A line that a killed run left half-written is the last
one and is ignored. Whoever finishes a run compacts the file: one line a path, in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import NoneType, TracebackType
from typing import IO, Any, Self

from gdrive_wa.commit import explain, hold_folder, make_folder, storage_errors, sweep, write_file
from gdrive_wa.errors import FormatError, StorageError, UnsafeNameError
from gdrive_wa.names import parts_of

STATE_FOLDER = ".gdrive-wa"
MANIFEST_NAME = "manifest.jsonl"
LOCK_NAME = "lock"
VERSION = 1
_HEADER = {"format": "gdrive-wa manifest", "version": VERSION}

_Source = tuple[str, str | None, str | None]
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
    also: tuple[_Source, ...] = ()

    @property
    def sources(self) -> tuple[_Source, ...]:
        """All stored bytes that hold this content, each ``(stored_as, md5, revision)``."""
        if self.stored_as is None:
            return self.also
        return ((self.stored_as, self.source_md5, self.source_revision), *self.also)


_FIELDS = tuple(Record.__dataclass_fields__)
_KINDS = {"path": (str,), "sha256": (str,), "size": (int,), "mtime_ns": (int,), "also": (tuple,)}
"""Of the fields that are no text or None."""

_NONSENSE = (ValueError, TypeError, KeyError, AttributeError, RecursionError, UnsafeNameError)
"""What a line raises that nobody of ours wrote."""


class Manifest:
    """The record of one folder, held by one process at a time.

    Use as a context manager; while it is open, another run into the same folder is refused and
    told who holds it. :meth:`add` is safe from any thread and is on disk (flushed to the
    operating system) when it returns.

    Raises:
        StorageError: another run holds the folder, or it cannot be written.
        FormatError: the manifest is of a newer version than this program knows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / STATE_FOLDER / MANIFEST_NAME
        self._records: dict[str, Record] = {}
        self._by_source: dict[str, dict[str, Record]] = {}
        self._lock = Lock()
        self._file: IO[bytes] | None = None
        self._holder: IO[str] | None = None

    @classmethod
    def glance(cls, folder: Path) -> Self:
        """What the manifest of `folder` says now, to be asked and not changed; takes no lock."""
        manifest = cls(folder)
        for record in read_manifest(folder):
            manifest._remember(record)
        return manifest

    def __enter__(self) -> Self:
        make_folder(self.folder / STATE_FOLDER, mode=0o700)
        self._holder = hold_folder(self.folder / STATE_FOLDER / LOCK_NAME)
        try:
            sweep(self.folder / STATE_FOLDER)
            for record in read_manifest(self.folder):
                self._remember(record)
            with storage_errors(self.path):
                self._compact()
                self._file = self.path.open("ab", buffering=0)
        except BaseException:
            self._holder.close()
            self._holder = None
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            with storage_errors(self.path):
                self._compact()
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records.values()))

    def get(self, path: str) -> Record | None:
        """The record of `path`, if it is known."""
        return self._records.get(path)

    def from_source(
        self, stored_as: str, *, md5: str | None = None, revision: str | None = None
    ) -> Record | None:
        """The record of what entry `stored_as` became, if it is known.

        With `md5` or `revision`, only if it came from those stored bytes: two phones store
        different bytes under the same name.
        """
        found = self._by_source.get(stored_as)
        if not found:
            return None
        records = list(found.values())
        if md5 is None and revision is None:
            return records[-1]
        for record in reversed(records):
            if any(_same(source, (stored_as, md5, revision)) for source in record.sources):
                return record
        return None

    def intact(self, record: Record) -> bool:
        """True while the file is there with the size and time it was recorded with."""
        try:
            found = (self.folder / record.path).lstat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (record.size, record.mtime_ns)

    def add(self, record: Record) -> None:
        """`record` holds from now on."""
        with self._lock:
            self._remember(record)
            self._write(_known(record))

    def drop(self, path: str) -> None:
        """Nothing is known of `path` any more."""
        with self._lock:
            self._forget(path)
            self._write({"path": path, "dropped": True})

    def _remember(self, record: Record) -> None:
        self._forget(record.path)
        self._records[record.path] = record
        for stored_as, _, _ in record.sources:
            self._by_source.setdefault(stored_as, {})[record.path] = record

    def _forget(self, path: str) -> None:
        old = self._records.pop(path, None)
        for stored_as, _, _ in old.sources if old is not None else ():
            self._by_source.get(stored_as, {}).pop(path, None)

    def _write(self, line: dict[str, object]) -> None:
        if self._file is None:
            raise StorageError("the manifest is not open")
        with storage_errors(self.path):
            self._file.write(_line(line))

    def _compact(self) -> None:
        write_file(self.path, serialise(self._records.values()))


def serialise(records: Iterable[Record]) -> bytes:
    """A whole manifest: the header line, then one line a record, ordered by path."""
    ordered = sorted(records, key=lambda record: record.path)
    return b"".join([_line(dict(_HEADER)), *(_line(_known(record)) for record in ordered)])


def read_manifest(folder: Path) -> list[Record]:
    """The records of a folder of ours; empty when it has none. Takes no lock.

    Raises:
        FormatError: not a manifest, or one of a newer version.
    """
    path = folder / STATE_FOLDER / MANIFEST_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise explain(error, path) from error
    return list(_parse(raw, path).values())


def _parse(raw: bytes, path: Path) -> dict[str, Record]:
    lines = raw.split(b"\n")
    complete = lines[:-1]  # what follows the last newline is a line nobody finished
    records: dict[str, Record] = {}
    fields = set(Record.__dataclass_fields__)
    for number, line in enumerate(complete):
        try:
            item = json.loads(line)
            if number == 0:
                _check_version(item, path)
            elif item.get("dropped"):
                records.pop(item["path"], None)
            else:
                record = _record({k: v for k, v in item.items() if k in fields})
                records[record.path] = record
        except _NONSENSE as error:
            raise FormatError(
                f"line {number + 1} of the manifest makes no sense: {path}",
                hint="move the .gdrive-wa folder away; the next run builds a new one",
            ) from error
    return records


def _check_version(header: dict[str, object], path: Path) -> None:
    if header.get("format") != _HEADER["format"]:
        raise FormatError(f"not a manifest of gdrive-wa: {path}")
    version = header.get("version")
    if version != VERSION or isinstance(version, bool):
        raise FormatError(
            f"the manifest is of version {version}, this program knows {VERSION}: {path}",
            hint="use a newer gdrive-wa",
        )


def _record(values: dict[str, Any]) -> Record:
    """One record, or ``ValueError``, ``TypeError``: what is stored here was written by us, but
    may have rotted, and its paths are joined to the folder.
    """
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


def _same(known: _Source, asked: _Source) -> bool:
    if known[0] != asked[0]:
        return False
    if known[1] is not None and asked[1] is not None:
        return known[1] == asked[1]
    return known[2] is not None and known[2] == asked[2]


def _known(record: Record) -> dict[str, object]:
    values = ((name, getattr(record, name)) for name in _FIELDS)
    return {name: value for name, value in values if value is not None and value != ()}


def _line(item: dict[str, object]) -> bytes:
    text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # half a character in a stored name: JSON can spell it, UTF-8 not
        return json.dumps(item, separators=(",", ":")).encode() + b"\n"
