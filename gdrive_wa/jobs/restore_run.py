"""The engine of a restore: bring → open → place, for every entry.

*Bring* (:mod:`gdrive_wa.transfer.fetch`) provides the verified stored bytes as a local file:
fetched, or read in place. *Open* (:mod:`gdrive_wa.jobs.opening`) decrypts, verifies and tags them
into a temporary file, on an executor. *Place* renames that file: one writer does this in batches,
in the order of the entries.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.errors import (
    GdriveWaError,
    Interrupted,
    KeyFailure,
    NetworkError,
    PartialError,
    StorageError,
)
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import Entry, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import Progress, RepeatedWarnings, Stage
from gdrive_wa.crypt.keys import Key
from gdrive_wa.http.endpoints import ENDPOINT_VARIABLE, Endpoints
from gdrive_wa.jobs.choice import Choice
from gdrive_wa.jobs.database_run import DatabaseRun
from gdrive_wa.jobs.executors import Opener
from gdrive_wa.jobs.left_out import reason_to_leave_out
from gdrive_wa.jobs.missing import LinkedNotes, path_of_note
from gdrive_wa.jobs.opening import OpenedFile, OpenFailure, Opening, StoredFile
from gdrive_wa.jobs.placing import failed_outcome, is_not_chosen, named, report_placed
from gdrive_wa.jobs.run_report import write_run_report
from gdrive_wa.jobs.stored_file import stored_file
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.transfer.fetch import Fetched, fetch

BLOBS = "blobs"


class _Task(NamedTuple):
    """A stored file to open, with its entry, and its note if that is known."""

    fetched: Fetched
    file: StoredFile
    entry: Entry
    note: VoiceNote | None = None


Tasks = Callable[[Fetched, str], Iterator[_Task]]


class RestoreRun:
    """Restores entries into an archive, each as soon as it is available. A context manager that
    writes a report of the run into the archive, however the run ends.

    Args:
        source: where the entries are read from; also an attribute.
        archive: where they are restored to; also an attribute.
        key: decrypts them.
        jobs: entries fetched at the same time.
        executor: opens them; by default local threads or worker processes.
        keep: keep the stored bytes in the archive's state folder.
        progress: receives progress, and may stop the run.

    Attributes:
        report: the outcome of each entry.
        withheld: entries that could not be fetched, opened or placed.
        opener: opens the files.
    """

    def __init__(
        self,
        source: BackupSource,
        archive: ArchiveWriter,
        key: Key | None,
        *,
        jobs: int,
        executor: Executor | None = None,
        keep: bool,
        progress: Progress,
    ) -> None:
        self.report = Report()
        self.withheld: list[Entry] = []
        self._blobs = f"{STATE_FOLDER}/{BLOBS}"
        self.source = source
        self.archive = archive
        self._jobs = jobs
        self._keep = keep
        self._progress = progress
        self._warnings = RepeatedWarnings(progress)
        self.opener = Opener(
            Opening.at(archive.drafts, key), progress, jobs=_workers(jobs), executor=executor
        )
        self._key_error: GdriveWaError | None = None
        self._by_content: frozenset[str] = frozenset()
        self._include_unmatched = True
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.opener.close()
        self.report.seconds = time.monotonic() - self._clock
        write_run_report(self.archive.tree, self._started, self.report, ended=error)
        fetched = all(each.exit_code == PartialError.exit_code for each in self.report.failed)
        if error is None and fetched and not self._keep:
            self.archive.tree.remove_folder(self._blobs)

    def take(self, entries: Iterable[Entry]) -> None:
        """Restore `entries`."""
        self._run(self.source, self._not_in_archive(entries), self._tasks_of)

    def take_media(
        self, choice: Choice, *, include_unmatched: bool, meanwhile: Callable[[], None]
    ) -> None:
        """Restore the chosen media, and call `meanwhile` as soon as they are being opened.

        Without `include_unmatched`, a media file without metadata is kept only if the databases
        mention it. Files that are chosen by their content are kept, and reported, only if it is
        that of a chosen note.
        """
        self._by_content, self._include_unmatched = choice.by_content, include_unmatched
        wanted = self._not_in_archive(choice.media)
        self._run(self.source, wanted, self._tasks_of, meanwhile)

    def databases(self) -> DatabaseRun:
        """Opens databases one by one, so that the newest of several can be placed."""
        return DatabaseRun(
            self.source, self.archive, self.opener, self._blobs, self.report, self._progress
        )

    def take_missing(self, linked: LinkedNotes, endpoint: str | None) -> None:
        """Restore notes that the backup lacks from WhatsApp's own servers.

        Raises:
            UsageError: the endpoint is not safe.
        """
        from gdrive_wa.sources.whatsapp import WhatsAppServers  # noqa: PLC0415 - HTTP is slow to import

        root = Endpoints.at(endpoint or os.environ.get(ENDPOINT_VARIABLE)).root
        pairs = [pair for pairs in linked.values() for pair in pairs]
        if not pairs:
            return
        source = WhatsAppServers((link for _, link in pairs), root)
        waiting = dict(linked)

        def tasks_of(fetched: Fetched, path: str) -> Iterator[_Task]:
            for note, link in waiting.pop(fetched.entry.stored_as):
                named = replace(fetched.entry, path=path_of_note(note), modified=note.sent_at)
                file = self._stored_file(named, path)._replace(link=link)
                yield _Task(fetched, file, named, note)

        try:
            listed = [entry for backup in source.backups() for entry in source.entries(backup)]
            self._include_unmatched = True
            self._run(source, listed, tasks_of)
        except NetworkError as error:  # dozens in a row: the rest would fail too
            for note, _ in (pair for pairs in waiting.values() for pair in pairs):
                self.report.failed.append(Outcome.failed(path_of_note(note), error))
        finally:
            source.close()

    def _run(
        self,
        source: BackupSource,
        wanted: list[Entry],
        tasks_of: Tasks,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Bring, open and place `wanted`; call `meanwhile` once they are on their way."""
        size = sum(entry.counted_size for entry in wanted)
        self._progress.begin(Stage.DOWNLOAD, items=len(wanted), total_bytes=size)
        self.opener.expect(len(wanted))
        tasks: deque[_Task] = deque()
        files = self._bring(source, wanted, tasks_of, tasks)
        results = self.opener.each(files, count=len(wanted), far_ahead=meanwhile is not None)
        try:
            if meanwhile is not None:
                next(results)
                meanwhile()
            for opened in results:
                if opened is None:
                    self.archive.tick()
                else:
                    self._place(tasks.popleft(), opened[1])
        finally:
            self._finish_placing()
            self._progress.end(Stage.DOWNLOAD)
        self._warnings.summarise()

    def stop_if_the_key_opened_nothing(self) -> None:
        """Raise the error of a wrong key if nothing was opened: the rest would fail too."""
        if self._key_error is not None and not self.report.done and not self.report.skipped:
            raise self._key_error

    def _not_in_archive(self, entries: Iterable[Entry]) -> list[Entry]:
        wanted = []
        for entry in entries:
            record = self.archive.existing_record(entry)
            if record is None:
                wanted.append(entry)
            else:
                skipped = Outcome(
                    path=entry.path, file=record.path, reason="already there, verified"
                )
                self.report.skipped.append(skipped)
        return wanted

    def _bring(
        self, source: BackupSource, wanted: list[Entry], tasks_of: Tasks, tasks: deque[_Task]
    ) -> Iterator[StoredFile | None]:
        """The stored file of each entry that could be fetched; `tasks` gets one task for each."""
        blobs = self.archive.tree.below(self._blobs)
        for fetched in fetch(source, wanted, blobs, jobs=self._jobs, progress=self._progress):
            if fetched is None:
                yield None
                continue
            self.report.bytes += fetched.fetched_bytes
            if fetched.path is None:
                self._progress.advance(Stage.DOWNLOAD, items=1)
                for task in tasks_of(fetched, ""):
                    self.fail(task.entry, fetched.error or NetworkError("it was not received"))
                continue
            for task in tasks_of(fetched, fetched.path):
                tasks.append(task)
                yield task.file

    def _tasks_of(self, fetched: Fetched, path: str) -> Iterator[_Task]:
        yield _Task(fetched, self._stored_file(fetched.entry, path), fetched.entry)

    def _stored_file(self, entry: Entry, path: str) -> StoredFile:
        by_content = entry.stored_as in self._by_content
        return stored_file(entry, path, None if by_content else self.archive.tags_of(entry))

    def _place(self, task: _Task, opened: OpenedFile | OpenFailure) -> None:
        entry = task.entry
        try:
            if isinstance(opened, OpenFailure):
                raise opened.error()
            self._warnings.add(entry.path, opened.warnings)
            draft, archive = opened.draft, self.archive
            catalogue, unmatched = archive.catalogue, self._include_unmatched
            reason = reason_to_leave_out(entry, draft, catalogue, include_unmatched=unmatched)
            if is_not_chosen(entry, draft, catalogue, by_content=self._by_content):
                archive.discard(draft)
            elif reason is not None:
                archive.discard(draft)
                self.report.skipped.append(Outcome(path=entry.path, reason=reason))
            else:
                shown = named(entry, draft, catalogue)
                file = archive.place(draft, shown, note=task.note)
                report_placed(self.report, shown, file)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            self.fail(entry, error)
        finally:
            self._progress.advance(Stage.DOWNLOAD, items=1)
        if task.fetched.tree is not None:
            self.archive.when_flushed(task.fetched.keep if self._keep else task.fetched.drop)

    def fail(self, entry: Entry, error: GdriveWaError) -> None:
        """Report that `entry` could not be fetched or opened."""
        if isinstance(error, KeyFailure):
            self._key_error = error
        self.report.failed.append(failed_outcome(entry, error, self.archive.catalogue))
        self.withheld.append(entry)

    def _finish_placing(self) -> None:
        """Rename all finished files; those that cannot be renamed are reported as failed."""
        for record, error in self.archive.flush():
            self.report.done = [each for each in self.report.done if each.file != record.path]
            path = record.whatsapp_path or record.path
            self.report.failed.append(Outcome.failed(path, error))
            self.withheld.append(Entry(stored_as=path, path=path))


def _workers(jobs: int) -> int:
    return min(jobs, os.cpu_count() or 1)
