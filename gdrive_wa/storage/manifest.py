"""What a folder of ours holds, file by file: written line by line, readable for ever.

``.gdrive-wa/manifest.jsonl`` is one JSON object a line; :mod:`gdrive_wa.storage.record` says what
each line is. A line that a killed run left half-written is the last one and is ignored. Whoever
a manifest or finishes a run compacts it: one line a path, in order. A manifest of an older version
becomes one of this version then, and the old one is kept beside it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Self

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.corrupt import STATE_FOLDER, corrupt_paths, mark_corrupt
from gdrive_wa.storage.disk import explain, storage_errors
from gdrive_wa.storage.draft import make_folder, sweep, write_file
from gdrive_wa.storage.lock import FolderLock, hold_folder
from gdrive_wa.storage.record import (
    VERSION,
    Record,
    Source,
    dropped,
    line_of,
    parse,
    serialise,
    version_of,
)

__all__ = [
    "LOCK_NAME",
    "MANIFEST_NAME",
    "PARTIAL_FOLDER",
    "STATE_FOLDER",
    "Manifest",
    "Record",
    "read_manifest",
    "serialise",
]

PARTIAL_FOLDER = "partial"
"""In the state folder of a download: what is half there."""
MANIFEST_NAME = "manifest.jsonl"
LOCK_NAME = "lock"


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
        self._root = str(folder)
        self._records: dict[str, Record] = {}
        self._corrupt = corrupt_paths(folder)
        self._announced: set[str] = set()
        self._by_source: dict[str, dict[str, Record]] = {}
        self._lock = Lock()
        self._file: IO[bytes] | None = None
        self._holder: FolderLock | None = None

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
            raw = read_lines(self.path)
            for record in parse(raw, self.path).values():
                self._remember(record)
            self._keep_older(raw)
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
        sweep(self.folder / STATE_FOLDER)  # what a run that was stopped had not placed
        if self._file is not None:
            self._file.close()
            self._file = None
            with storage_errors(self.path):
                self._compact()
            mark_corrupt(self.folder, self._corrupt)
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
        """True while the file is there with the size and time it was recorded with, and no check
        since found other content in it. One of another time, such as in a copy of the folder, is
        read: its content decides.
        """
        if record.path in self._announced:
            return True
        if record.path in self._corrupt:
            return False
        try:
            found = os.lstat(self.file_of(record))
            if not stat.S_ISREG(found.st_mode) or found.st_size != record.size:
                return False
            return found.st_mtime_ns == record.mtime_ns or self._reads_the_same(record)
        except OSError:
            return False

    def _reads_the_same(self, record: Record) -> bool:
        """True when the content is what was recorded; then the file gets its time back."""
        path = self.folder / record.path
        with open(path, "rb", opener=_without_links) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                return False
        if self._file is not None:  # this run holds the folder, and may write to it
            with suppress(OSError):
                os.utime(path, ns=(record.mtime_ns, record.mtime_ns))
        return True

    def file_of(self, record: Record) -> str:
        """Where the file of `record` lies, or will."""
        return f"{self._root}/{record.path}"

    def announce(self, record: Record) -> None:
        """`record` will hold once its file is in place: :meth:`write`, then :meth:`placed`."""
        with self._lock:
            self._announced.add(record.path)
            self._corrupt.discard(record.path)
            self._remember(record)

    def write(self, records: Iterable[Record]) -> None:
        """Write down announced records: their files are flushed to the disk, under other names."""
        with self._lock:
            self._write(b"".join(map(line_of, records)))

    def placed(self, record: Record) -> None:
        """The file of an announced record has its name."""
        self._announced.discard(record.path)

    def add(self, *records: Record) -> None:
        """`records` hold from now on."""
        with self._lock:
            for record in records:
                self._corrupt.discard(record.path)
                self._remember(record)
            self._write(b"".join(map(line_of, records)))

    def drop(self, path: str) -> None:
        """Nothing is known of `path` any more."""
        with self._lock:
            self._announced.discard(path)
            self._forget(path)
            self._write(dropped(path))

    def _remember(self, record: Record) -> None:
        self._forget(record.path)
        self._records[record.path] = record
        for stored_as, _, _ in record.sources:
            self._by_source.setdefault(stored_as, {})[record.path] = record

    def _forget(self, path: str) -> None:
        old = self._records.pop(path, None)
        for stored_as, _, _ in old.sources if old is not None else ():
            self._by_source.get(stored_as, {}).pop(path, None)

    def _write(self, lines: bytes) -> None:
        if self._file is None:
            raise StorageError("the manifest is not open")
        with storage_errors(self.path):
            left = memoryview(lines)
            while left:
                left = left[self._file.write(left) or 0 :]

    def _keep_older(self, raw: bytes) -> None:
        """Put a manifest of an older version beside the one that takes its place."""
        version = version_of(raw, self.path)
        if version is not None and version < VERSION:
            write_file(self.path.with_name(f"manifest.version-{version}.jsonl"), raw)

    def _compact(self) -> None:
        held = (record for path, record in self._records.items() if path not in self._announced)
        write_file(self.path, serialise(held))


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def read_manifest(folder: Path) -> list[Record]:
    """The records of a folder of ours; empty when it has none. Takes no lock.

    Raises:
        FormatError: not a manifest, or one of a newer version.
    """
    path = folder / STATE_FOLDER / MANIFEST_NAME
    return list(parse(read_lines(path), path).values())


def read_lines(path: Path) -> bytes:
    """What the manifest at `path` holds; nothing where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise explain(error, path) from error


def _same(known: Source, asked: Source) -> bool:
    if known[0] != asked[0]:
        return False
    if known[1] is not None and asked[1] is not None:
        return known[1] == asked[1]
    return known[2] is not None and known[2] == asked[2]
