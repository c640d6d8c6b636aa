"""Partial files: an incomplete download that a later run can verify and resume.

``<stem>.part`` holds the bytes. Its checkpoint, ``<stem>.json``, identifies the stored bytes (by
MD5, or else by revision) and contains a length and the MD5 of that many bytes. A later run resumes
a partial file only if the entry is unchanged and those bytes have that MD5. Bytes after them are
discarded, because they cannot be verified.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import PurePosixPath
from types import TracebackType
from typing import IO, Self

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.model import Entry
from gdrive_wa.core.numbers import whole_number
from gdrive_wa.core.threads import SerialWorker
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import in_strides
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.digest import Digests
from gdrive_wa.transfer.run_control import RunControl

FD_TIMES = os.utime in os.supports_fd
PIECE = 1 << 20
"""Block size of reads, in bytes."""
CHECKPOINT_EVERY_BYTES = 1 << 20
CHECKPOINT_EVERY_SECONDS = 0.5
"""A checkpoint is written once both limits are reached; a killed run loses what came after."""
FLUSH_EVERY = 64 << 20
"""Bytes after which a flush to the disk starts, which shortens the wait at the end."""
STALE_SECONDS = 30 * 24 * 3600.0
"""Age after which a partial file is deleted."""


class Partial:
    """The open partial file of one entry. Not thread-safe.

    On exit, the bytes are kept for the next run, unless the file was finished or is empty. With
    `permanent`, the SHA-256 is computed too, and the file is flushed during the download.

    Attributes:
        path: absolute path of the partial file.
        length: number of bytes in it, all of them hashed.
    """

    def __init__(
        self,
        partials: Tree,
        target: PurePosixPath,
        entry: Entry,
        *,
        permanent: bool,
        control: RunControl,
    ) -> None:
        self._tree = partials
        self._stem = partial_stem(target)
        self.path = partials.path(f"{self._stem}.part")
        self._entry = entry
        self._permanent = permanent
        self._flusher: SerialWorker[int] | None = None
        self._flushed = 0
        self._control = control
        self._checkpointed = 0
        self._checkpointed_at = time.monotonic()
        self._finished = self._has_checkpoint = False
        self.length = 0
        with storage_errors(self.path):
            self._digests = Digests(sha256=permanent)
            new = _create(partials, self.path)
            self._file = new or _open_alone(partials, self.path)
            if new is None:
                self._resume()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            leave = self._finished or self._control.abandoned or isinstance(error, StorageError)
            if not leave:
                self._keep()
        finally:
            self._digests.close()
            if self._flusher is not None:
                self._flusher.finish()
            self._file.close()

    def write(self, piece: bytes) -> None:
        """Append `piece`.

        Raises:
            StorageError: the disk is full or fails.
        """
        with storage_errors(self.path):
            for stride in in_strides(piece):
                left = stride
                while left:
                    left = left[self._file.write(left) or 0 :]
        self._digests.feed(piece)
        self.length += len(piece)
        if self._permanent and self.length - self._flushed >= FLUSH_EVERY:
            self._flush()
        now = time.monotonic()
        if (
            self.length - self._checkpointed >= CHECKPOINT_EVERY_BYTES
            and now - self._checkpointed_at >= CHECKPOINT_EVERY_SECONDS
        ):
            self._checkpoint(now)

    def restart(self) -> None:
        """Discard all bytes."""
        self._digests.close()
        self._digests = Digests(sha256=self._permanent)
        self.length = self._checkpointed = 0
        with storage_errors(self.path):
            self._tree.unlink(checkpoint_path(self.path))
            self._file.seek(0)
            self._file.truncate()

    def md5(self) -> str:
        """MD5 of the bytes so far, hex."""
        return self._digests.md5()

    def sha256(self) -> str | None:
        """SHA-256 of the bytes so far, hex; None if it was not requested."""
        return self._digests.sha256()

    def finish(self, *, mtime: float | None) -> os.stat_result:
        """Finish a complete, verified file; the caller then renames `path`.

        Args:
            mtime: modification time to set, in seconds since 1970 UTC; None leaves it as it is.
        """
        self._finished = True
        with storage_errors(self.path):
            if mtime is not None and FD_TIMES:
                os.utime(self._file.fileno(), (mtime, mtime))
            elif mtime is not None:
                self._tree.set_time(self.path, mtime)
            if self._entry.md5 is None and self.length:
                self._keep()  # if it is not renamed in time, only the checkpoint can verify it
            elif self._has_checkpoint:
                self._tree.unlink(checkpoint_path(self.path))
            return os.fstat(self._file.fileno())

    def _resume(self) -> None:
        """Hash the bytes of an earlier run, and seek to the end of the verified ones."""
        there = os.fstat(self._file.fileno()).st_size
        if there == 0:
            return
        self._has_checkpoint = True
        promised, md5 = self._read_checkpoint(there)
        while self.length < promised:
            piece = self._file.read(min(PIECE, promised - self.length))
            self._control.check()
            if not piece:
                break
            self._digests.feed(piece)
            self.length += len(piece)
        if md5 is not None and self.md5() != md5:
            self.restart()
            return
        self._checkpointed = self.length if md5 is not None else 0
        self._file.truncate(self.length)

    def _read_checkpoint(self, there: int) -> tuple[int, str | None]:
        """The number of bytes to resume, and their MD5. A file of full size is accepted without a
        checkpoint, with None as its MD5, because the listed MD5 verifies it later."""
        if self._entry.md5 is not None and there == self._entry.size:
            return there, None
        try:
            checkpoint = json.loads(self._tree.read(checkpoint_path(self.path)))
            length, md5 = whole_number(checkpoint["length"]) or 0, str(checkpoint["length_md5"])
            same = same_bytes(self._entry, checkpoint.get("md5"), checkpoint.get("revision"))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return 0, None
        if not same or not 0 < length <= there:
            return 0, None
        return length, md5

    def _flush(self) -> None:
        """Start a flush in the background, unless one is running."""
        if self._flusher is None:
            self._flusher = SerialWorker(os.fsync)
        if self._flusher.idle:
            self._flushed = self.length
            self._flusher.put(self._file.fileno())

    def _keep(self) -> None:
        if self.length == 0:
            self._tree.unlink(self.path)
            self._tree.unlink(checkpoint_path(self.path))
        elif self.length != self._checkpointed:
            self._checkpoint(time.monotonic())
            self._digests.md5()

    def _checkpoint(self, now: float) -> None:
        self._checkpointed, self._checkpointed_at, self._has_checkpoint = self.length, now, True
        checkpoint: dict[str, object] = {
            "stored_as": self._entry.stored_as,
            "md5": self._entry.md5,
            "revision": revision_of(self._entry),
            "length": self.length,
        }
        self._digests.report_md5(
            lambda md5: self._write_checkpoint({**checkpoint, "length_md5": md5})
        )

    def _write_checkpoint(self, checkpoint: dict[str, object]) -> None:
        # Renamed but not flushed: a checkpoint damaged by a power cut is detected and ignored.
        temporary = f"{self._stem}.new"
        with storage_errors(self._tree.shown(temporary)):
            self._tree.unlink(temporary)
            with os.fdopen(self._tree.create(temporary), "wb") as file:
                file.write(json.dumps(checkpoint).encode())
            self._tree.replace(temporary, checkpoint_path(self.path))


def partial_stem(target: PurePosixPath) -> str:
    """The name of the partial file for `target`, without its suffix."""
    return hashlib.sha256(str(target).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def checkpoint_path(part: str) -> str:
    """The path of the checkpoint of a partial file."""
    return part.removesuffix(".part") + ".json"


def revision_of(entry: Entry) -> str | None:
    """A value that identifies the stored bytes of `entry` without an MD5; None if nothing does."""
    if entry.revision is not None:
        return entry.revision
    if entry.size is None or entry.modified is None:
        return None
    return f"{entry.size}-{entry.modified.isoformat()}"


def same_bytes(entry: Entry, md5: object, revision: object) -> bool:
    """True if bytes recorded with `md5` and `revision` are those that `entry` lists now.

    Compares the MD5 if both sides have one, else the revision; without either, the result is
    False.
    """
    if entry.md5 is not None and md5 is not None:
        return bool(entry.md5 == md5)
    own = revision_of(entry)
    return own is not None and own == revision


def open_partials(partials: Tree) -> None:
    """Create the folder of partial files, and delete orphaned and old files in it.

    Raises:
        StorageError: it cannot be created; or it, or something in it, is a link or a device.
    """
    with storage_errors(partials.root):
        partials.make_folder()
        names = set(partials.names())
        for name in names:
            partials.check(name)
    oldest = time.time() - STALE_SECONDS  # by ctime: a verified blob has the mtime of its entry
    for name in names:
        stem, _, suffix = name.rpartition(".")
        orphan = suffix == "json" and f"{stem}.part" not in names
        with suppress(OSError):  # already removed, or no permission
            if orphan or suffix == "new" or partials.lstat(name).st_ctime < oldest:
                partials.unlink(name)


def _create(partials: Tree, path: str) -> IO[bytes] | None:
    """Create the partial file `path`; None if it exists already."""
    try:
        return os.fdopen(partials.create(path), "r+b", buffering=0)
    except OSError:
        return None  # any other error is reported when the file is opened


def _open_alone(partials: Tree, path: str) -> IO[bytes]:
    """Open or create the partial file `path`, but never a hard link to another file."""
    with suppress(FileNotFoundError):
        if partials.lstat(path).st_nlink > 1:
            partials.unlink(path)
    try:
        return partials.open(path, os.O_RDWR | os.O_CREAT, "r+b")
    except FileNotFoundError:
        partials.make_folder()
        return partials.open(path, os.O_RDWR | os.O_CREAT, "r+b")
