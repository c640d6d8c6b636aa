"""The manifest of a folder: one record per file, appended line by line.

``.gdrive-wa/manifest.jsonl`` has one JSON object per line, as documented in
:mod:`gdrive_wa.storage.record`. A killed run may leave an incomplete last line, which is ignored.
Opening and closing a manifest compacts it to one line per path, sorted. A manifest of an older
version is converted, and a copy of the old one is kept.
"""

from __future__ import annotations

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
from gdrive_wa.storage.draft import Draft, sweep, write_file
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
from gdrive_wa.storage.tree import Tree, as_tree

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
"""Subfolder of the state folder for partly downloaded files."""
MANIFEST_NAME = "manifest.jsonl"
LOCK_NAME = "lock"
_PATH = f"{STATE_FOLDER}/{MANIFEST_NAME}"


class Manifest:
    """The manifest of one folder, opened by one process at a time.

    Use it as a context manager. While it is open, another run into the same folder fails with an
    error that names this process. :meth:`add` is thread-safe and returns after the record was
    written to the operating system.

    Attributes:
        folder: the folder.
        tree: the folder, for opening, writing and deleting files below it.
        path: path of the manifest.

    Raises:
        StorageError: another run uses the folder, or it cannot be written.
        FormatError: a newer gdrive-wa wrote the manifest.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = Tree(folder)
        self.path = folder / STATE_FOLDER / MANIFEST_NAME
        self._records: dict[str, Record] = {}
        self._corrupt = corrupt_paths(self.tree)
        self._announced: set[str] = set()
        self._by_source: dict[str, Record | dict[str, Record]] = {}
        self._lock = Lock()
        self._file: IO[bytes] | None = None
        self._holder: FolderLock | None = None

    @classmethod
    def glance(cls, folder: Path) -> Self:
        """Read the manifest of `folder` without locking it; it must not be changed."""
        manifest = cls(folder)
        for record in read_manifest(manifest.tree):
            manifest._remember(record)
        return manifest

    def __enter__(self) -> Self:
        with storage_errors(self.folder / STATE_FOLDER):
            self.tree.make_folder(STATE_FOLDER)
            self.tree.check_inside(STATE_FOLDER)
        self._holder = hold_folder(f"{STATE_FOLDER}/{LOCK_NAME}", self.tree)
        try:
            raw = read_lines(self.tree)
            for record in parse(raw, self.path).values():
                self._remember(record)
            self._sweep()
            self._keep_older(raw)
            with storage_errors(self.path):
                self._compact()
                self._file = self.tree.open(_PATH, os.O_WRONLY | os.O_APPEND, "ab")
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
        sweep(self.tree, STATE_FOLDER)  # drafts of a run that was stopped
        if self._file is not None:
            self._file.close()
            self._file = None
            with storage_errors(self.path):
                self._compact()
            mark_corrupt(self.tree, self._corrupt)
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records.values()))

    def get(self, path: str) -> Record | None:
        """The record of `path`, if any."""
        return self._records.get(path)

    def from_source(
        self, stored_as: str, *, md5: str | None = None, revision: str | None = None
    ) -> Record | None:
        """The record of the file that was made from entry `stored_as`, if any.

        With `md5` or `revision`, the stored bytes must match as well, because two phones may
        store different bytes under the same name.
        """
        found = self._by_source.get(stored_as)
        if not found:
            return None
        records = [found] if isinstance(found, Record) else list(found.values())
        if md5 is None and revision is None:
            return records[-1]
        for record in reversed(records):
            if any(_same(source, (stored_as, md5, revision)) for source in record.sources):
                return record
        return None

    def intact(self, record: Record) -> bool:
        """True if the file has its recorded size and time and was not found damaged.

        If only the time differs, as in a copy of the folder, the content is compared.
        """
        if record.path in self._announced:
            return True
        if record.path in self._corrupt:
            return False
        try:
            found = self.tree.lstat(record.path)
            if not stat.S_ISREG(found.st_mode) or found.st_size != record.size:
                return False
            return found.st_mtime_ns == record.mtime_ns or self._has_same_content(record, found)
        except OSError:
            return False

    def _has_same_content(self, record: Record, found: os.stat_result) -> bool:
        """True if the content is unchanged. If so, the recorded time is restored."""
        if self.tree.sha256(record.path) != record.sha256:
            return False
        if self._file is not None and found.st_nlink == 1:  # this run has locked the folder
            with suppress(OSError):
                self.tree.set_time_ns(record.path, record.mtime_ns)
        return True

    def file_of(self, record: Record) -> str:
        """The absolute path of the file of `record`, which may not exist yet."""
        return self.tree.path(record.path)

    def announce(self, record: Record) -> None:
        """Register `record` before its file exists; :meth:`write` and :meth:`placed` follow."""
        with self._lock:
            self._announced.add(record.path)
            self._corrupt.discard(record.path)
            self._remember(record)

    def write(self, records: Iterable[Record]) -> None:
        """Write announced records; their files are on the disk under temporary names."""
        with self._lock:
            self._write(b"".join(map(line_of, records)))

    def placed(self, record: Record) -> None:
        """Note that the file of an announced record has its final name."""
        self._announced.discard(record.path)

    def add(self, *records: Record) -> None:
        """Add or replace `records`."""
        with self._lock:
            for record in records:
                self._corrupt.discard(record.path)
                self._remember(record)
            self._write(b"".join(map(line_of, records)))

    def drop(self, path: str) -> None:
        """Remove the record of `path`."""
        with self._lock:
            self._announced.discard(path)
            self._forget(path)
            self._write(dropped(path))

    def _remember(self, record: Record) -> None:
        self._forget(record.path)
        self._records[record.path] = record
        for stored_as, _, _ in record.sources:
            found = self._by_source.setdefault(stored_as, record)
            if isinstance(found, Record) and found.path != record.path:
                found = self._by_source[stored_as] = {found.path: found}
            if isinstance(found, dict):  # most stored bytes have one file, and need no table
                found[record.path] = record

    def _forget(self, path: str) -> None:
        old = self._records.pop(path, None)
        for stored_as, _, _ in old.sources if old is not None else ():
            found = self._by_source.get(stored_as)
            if isinstance(found, dict):
                found.pop(path, None)
            elif found is old:
                del self._by_source[stored_as]

    def _write(self, lines: bytes) -> None:
        if self._file is None:
            raise StorageError("the manifest is not open")
        with storage_errors(self.path):
            left = memoryview(lines)
            while left:
                left = left[self._file.write(left) or 0 :]

    def _sweep(self) -> None:
        """Remove temporary files of killed runs. Old versions put them next to the final files."""
        folders = {path.rpartition("/")[0] for path in self._records}
        for folder in sorted({"", STATE_FOLDER, f"{STATE_FOLDER}/reports", *folders}):
            sweep(self.tree, folder)

    def _keep_older(self, raw: bytes) -> None:
        """Keep a copy of a manifest of an older version."""
        version = version_of(raw, self.path)
        if version is not None and version < VERSION:
            write_file(f"{STATE_FOLDER}/manifest.version-{version}.jsonl", raw, tree=self.tree)

    def _compact(self) -> None:
        held = (record for path, record in self._records.items() if path not in self._announced)
        with Draft(self.tree, STATE_FOLDER) as draft:
            draft.file.writelines(serialise(held))
            draft.commit(_PATH)


def read_manifest(folder: Tree | Path) -> list[Record]:
    """Read the records of `folder` without a lock; empty if it has no manifest.

    Raises:
        StorageError: the manifest cannot be read, or is a link, a pipe or a device.
        FormatError: the file is not a manifest, is damaged, or was written by a newer gdrive-wa.
    """
    tree = as_tree(folder)
    return list(parse(read_lines(tree), Path(tree.shown(_PATH))).values())


def read_lines(tree: Tree) -> bytes:
    """The content of the manifest of `tree`; empty if there is none.

    Raises:
        StorageError: it cannot be read, or is a link, a pipe or a device.
    """
    try:
        return tree.read(_PATH)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise explain(error, tree.shown(_PATH)) from error


def _same(known: Source, asked: Source) -> bool:
    if known[0] != asked[0]:
        return False
    if known[1] is not None and asked[1] is not None:
        return known[1] == asked[1]
    return known[2] is not None and known[2] == asked[2]
