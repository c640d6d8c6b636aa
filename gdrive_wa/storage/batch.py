"""Give finished temporary files their final names, in batches.

The order is always the same: flush the temporary files to the disk, record them in the manifest,
rename them. So every file with a final name is in the manifest. A run that is killed in between
leaves at worst a record without a file, which the next run treats as missing. A separate thread
writes each batch while the caller prepares the next one.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import NamedTuple, Self

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.model import Outcome, Report
from gdrive_wa.core.threads import ThreadExecutor
from gdrive_wa.storage.draft import flush_folders, move_into_place
from gdrive_wa.storage.draft_file import DraftFile
from gdrive_wa.storage.manifest import Manifest
from gdrive_wa.storage.record import Record

FILES = 1024
"""Maximum files in a batch. After a kill, a batch is repeated; smaller ones need more flushes."""
BYTES = 256 << 20
"""Maximum bytes in a batch."""
SECONDS = 2.0
"""Age of the first waiting file at which its batch is written."""
_THIS_NAME_ONLY = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


class _Item(NamedTuple):
    draft: str
    record: Record


class Batch:
    """The only writer of a folder. A context manager; on exit it writes all waiting files.

    Args:
        manifest: the open manifest of the folder.

    Attributes:
        refused: records of files whose names the disk refused, each with its error. They are no
            longer in the manifest.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.refused: list[tuple[Record, StorageError]] = []
        self._manifest = manifest
        self._waiting: dict[str, _Item] = {}
        self._after: list[Callable[[], None]] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._writer: ThreadExecutor | None = None
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def add(self, draft: DraftFile, record: Record) -> None:
        """Add `draft` as the file of `record`, which is announced to the manifest.

        Args:
            draft: a finished, closed file.
            record: path and content of the file.

        Raises:
            StorageError: an earlier batch could not be written.
        """
        if record.path in self._waiting:
            self.flush()
        if not self._waiting:
            self._since = time.monotonic()
        self._manifest.announce(record)
        self._waiting[record.path] = _Item(draft.path, record)
        self._bytes += draft.size
        if len(self._waiting) >= FILES or self._bytes >= BYTES:
            self._begin()

    def when_flushed(self, call: Callable[[], None]) -> None:
        """Run `call` on the writer's thread once all files so far have their final names."""
        self._after.append(call)

    def amend(self, record: Record) -> None:
        """Replace the record of a file that was added or is already in the manifest."""
        item = self._waiting.get(record.path)
        if item is not None:
            self._manifest.announce(record)
            self._waiting[record.path] = item._replace(record=record)
        else:
            self._wait()
            self._manifest.add(record)

    def tick(self) -> None:
        """Start writing if the first file has waited long enough."""
        if self._waiting and time.monotonic() - self._since >= SECONDS:
            self._begin()

    def flush(self) -> None:
        """Write all waiting files, and wait until they have their final names. Then this process
        has no thread of this batch, so that it may be forked.

        Raises:
            StorageError: the disk is full or read-only.
        """
        try:
            self._begin()
            self._wait()
        finally:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.shutdown()

    def _begin(self) -> None:
        self._wait()
        items, self._waiting, self._bytes = [*self._waiting.values()], {}, 0
        after, self._after = self._after, []
        if items or after:
            self._writer = self._writer or ThreadExecutor(1, "gdrive-wa writer")
            self._writing = self._writer.submit(self._write, items, after)

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, items: Sequence[_Item], after: Sequence[Callable[[], None]]) -> None:
        tree = self._manifest.tree
        flush_folders(tree)
        self._manifest.write(item.record for item in items)
        for item in items:
            try:
                move_into_place(item.draft, item.record.path, tree)
            except StorageError as error:
                if not _only_this_name(error):
                    raise
                tree.unlink(item.draft)
                self._manifest.drop(item.record.path)
                self.refused.append((item.record, error))
            else:
                self._manifest.placed(item.record)
        for call in after:
            call()


def withdraw_refused(batch: Batch, report: Report) -> None:
    """Count files that could not get their names as failed in `report`."""
    for record, error in batch.refused:
        for done in [each for each in report.done if each.file == record.path]:
            report.done.remove(done)
            report.bytes -= done.bytes
            report.failed.append(Outcome.failed(done.path, error))
    batch.refused = []


def _only_this_name(error: StorageError) -> bool:
    """True if the error concerns one name only: its path is too long, or a file has the name of
    one of its folders."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _THIS_NAME_ONLY
