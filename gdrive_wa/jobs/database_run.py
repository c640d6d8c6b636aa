"""Open the databases of a backup one by one, without placing them in the archive yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Self

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.write_ahead import merge_log
from gdrive_wa.core.errors import (
    DamagedError,
    GdriveWaError,
    GoneError,
    Interrupted,
    NetworkError,
    StorageError,
)
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.core.progress import Progress, Stage
from gdrive_wa.jobs.executors import Opener
from gdrive_wa.jobs.opening import OpenFailure, StoredFile
from gdrive_wa.jobs.placing import report_placed
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft_file import START, DraftFile
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.storage.tree import Tree
from gdrive_wa.storage.write_ahead import LogUse
from gdrive_wa.transfer.fetch import fetch

EXTRACTS = f"{STATE_FOLDER}/extracts"
"""The folder for small copies and merged logs, during a run."""
_COPY_AGAIN = "if the phone still has both files, close WhatsApp there and copy both again"


class DatabaseRun:
    """Opens the databases of one run. A context manager, which removes its temporary files.

    Args:
        source: where the entries are read from.
        archive: where they are restored to.
        opener: opens them.
        blobs: the folder for fetched bytes.
        report: receives the outcome of each entry.
        progress: receives progress, and may stop the run.

    Attributes:
        folder: the folder for further temporary files.
    """

    def __init__(
        self,
        source: BackupSource,
        archive: ArchiveWriter,
        opener: Opener,
        blobs: str,
        report: Report,
        progress: Progress,
    ) -> None:
        self._tree = archive.tree
        self.folder = Path(archive.tree.path(EXTRACTS))
        self._source = source
        self._archive = archive
        self._opener = opener
        self._blob_tree = archive.tree.below(blobs)
        self._report = report
        self._without_log: set[str] = set()
        self._progress = progress

    def __enter__(self) -> Self:
        self._tree.remove_folder(EXTRACTS)
        return self

    def __exit__(self, *_: object) -> None:
        self._tree.remove_folder(EXTRACTS)

    def open(self, entry: Entry, log: Entry | None = None) -> DraftFile:
        """Fetch a database and decrypt it, if its content shows that it is encrypted.

        Args:
            entry: the database.
            log: its write-ahead log, whose changes are merged into the result. A log that
                cannot be used is reported, and costs only its changes.

        Raises:
            GdriveWaError: it cannot be fetched or opened.
        """
        draft = self._opened(entry)
        if log is None:
            return draft
        try:
            changes = self._opened(log, plain=True)
            try:
                draft, use = self._merged(draft, changes)
            finally:
                self._archive.discard(changes)
            loss = use.loss(log.path)
        except (DamagedError, GoneError) as error:
            loss = f"'{log.path}' was not read: {error.message}"
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:  # such as a network failure: another run may succeed
            self._without_log.add(entry.stored_as)
            self._report.failed.append(Outcome.failed(log.path, error))
            return draft
        if loss is not None:
            self._progress.say(f"{loss}; {_COPY_AGAIN}")
            self.leave_out(log, loss)
        return draft

    def put(self, entry: Entry, draft: DraftFile, name: str) -> None:
        """Place the content of a database under `name`."""
        if entry.stored_as in self._without_log:  # the next run will try its log again
            entry = replace(entry, revision=f"{entry.revision} without its log", md5=None)
        file = self._archive.place(draft, replace(entry, path=f"Databases/{name}"))
        report_placed(self._report, entry, file)

    def new_folder(self, name: str) -> Path:
        """A folder below :attr:`folder`."""
        path = f"{EXTRACTS}/{name}"
        with storage_errors(self._tree.shown(path)):
            self._tree.make_folder(path)
        return Path(self._tree.path(path))

    def move(self, draft: DraftFile, path: Path) -> None:
        """Move the content of a database to `path` below :attr:`folder`."""
        with storage_errors(path):
            self._tree.replace(draft.path, str(path))

    def discard(self, draft: DraftFile) -> None:
        """Delete the content of a database."""
        self._archive.discard(draft)

    def leave_out(self, entry: Entry, reason: str) -> None:
        """Report that `entry` is not part of the archive."""
        path = entry.path
        if not self._archive.keep_databases:  # a folder's name may name another person
            path = f"Databases/{PurePosixPath(path).name}"
        self._report.skipped.append(Outcome(path=path, reason=reason))

    def is_there(self, entry: Entry) -> bool:
        """True if an earlier run placed this entry; it is then reported as skipped."""
        record = self._archive.existing_record(entry)
        if record is None:
            return False
        reason = "already there, verified"
        self._report.skipped.append(Outcome(path=entry.path, file=record.path, reason=reason))
        return True

    def _opened(self, entry: Entry, *, plain: bool = False) -> DraftFile:
        self._progress.begin(Stage.DOWNLOAD, items=1, total_bytes=entry.size)
        try:
            path = self._fetched(entry)
            file = StoredFile(
                path=path,
                stored_as=entry.stored_as,
                size=entry.size or 0,
                mtime=None if entry.modified is None else entry.modified.timestamp(),
                plain_by_name=plain,
            )
            results = [each for each in self._opener.each([file], count=1) if each is not None]
        finally:
            self._progress.end(Stage.DOWNLOAD)
        [(_, opened)] = results
        if isinstance(opened, OpenFailure):
            raise opened.error()
        return opened.draft

    def _fetched(self, entry: Entry) -> str:
        """The path of the stored bytes. They are kept until a run ends normally, so that the run
        after an interrupted one does not have to fetch them again."""
        for fetched in fetch(
            self._source, [entry], self._blob_tree, jobs=1, progress=self._progress
        ):
            if fetched is not None:
                self._report.bytes += fetched.fetched_bytes
                if fetched.path is None:
                    raise fetched.error or NetworkError("it was not received")
                return fetched.path
        raise NetworkError("it was not received")

    def _merged(self, database: DraftFile, log: DraftFile) -> tuple[DraftFile, LogUse]:
        merged, use = merge_log(Path(database.path), Path(log.path), self.new_folder("log"))
        return _draft_of(self._tree, str(merged), database), use


def _draft_of(tree: Tree, merged: str, original: DraftFile) -> DraftFile:
    """Replace the original by the merged copy."""
    with storage_errors(merged):
        tree.set_time_ns(merged, original.mtime_ns)
        sha256 = tree.sha256(merged)
        tree.replace(merged, original.path)
        found = tree.lstat(original.path)
    return DraftFile(
        path=original.path,
        size=found.st_size,
        sha256=sha256,
        mtime_ns=found.st_mtime_ns,
        content_sha256=sha256,
        start=original.start[:START],
    )
