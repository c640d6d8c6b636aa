"""The arguments of a restore, and what follows from them directly."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from gdrive_wa.archive.layout import PAGE_NAME, SUMS_NAME
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.same_account import same_phone
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.model import Backup
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.keys import Key
from gdrive_wa.jobs.cluster import workers_of
from gdrive_wa.jobs.last_run import LastRun
from gdrive_wa.jobs.no_trace import without_trace
from gdrive_wa.jobs.restore_run import BLOBS, RestoreRun
from gdrive_wa.sources.base import BackupSource, unreadable_parts
from gdrive_wa.storage.manifest import STATE_FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """The checked arguments of :func:`~gdrive_wa.jobs.restore.restore`, which describes them."""

    source: BackupSource
    dest: Path
    key: Key | None
    backup: str | None
    selection: Selection
    everything: bool
    contacts: Path | None
    timezone: tzinfo | None
    tags: bool
    jobs: int
    executor: Executor | None
    cluster: str | None
    keep_blobs: bool
    missing_from_whatsapp: bool
    context: int
    endpoint: str | None
    dry_run: bool
    progress: Progress

    @property
    def window(self) -> ContextWindow | None:
        """How many messages around each note are kept; None for none."""
        return ContextWindow(self.context, self.timezone) if self.context else None

    def last_run(self, backup: Backup) -> LastRun:
        """The record of the last run, to find out whether this one would change anything."""
        return LastRun(
            self.dest,
            self.source.state(backup),
            (
                backup.name,
                self.key,
                self.selection.words(),
                self.everything,
                str(self.timezone),
                self.tags,
                self.keep_blobs,
                self.context,
            ),
            read=[self.contacts],
            written=[PAGE_NAME, SUMS_NAME],
        )

    @contextmanager
    def begin(self, backup: Backup) -> Iterator[RestoreRun]:
        """Lock the archive, and prepare to bring, open and place files.

        Raises:
            NetworkError: the cluster cannot be reached.
            StorageError: `dest` cannot be written, or another run holds it.
        """
        with (
            without_trace(self.dest, f"{STATE_FOLDER}/{BLOBS}"),
            workers_of(self.executor, self.cluster, self.progress) as workers,
            ArchiveWriter(
                self.dest,
                timezone=self.timezone,
                tags=self.tags,
                account=backup.number,
                same_phone=same_phone,
                keep_databases=self.selection.keeps_databases,
                progress=self.progress,
            ) as archive,
            RestoreRun(
                self.source,
                archive,
                self.key,
                jobs=self.jobs,
                executor=workers,
                keep=self.keep_blobs,
                progress=self.progress,
            ) as run,
        ):
            run.report.failed += unreadable_parts(self.source)
            yield run
