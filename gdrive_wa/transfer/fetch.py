"""Blobs into a staging folder, each handed over as soon as it is there and verified."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import make_folder
from gdrive_wa.storage.free_names import FreeNames
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER
from gdrive_wa.transfer.existing_file import find_existing
from gdrive_wa.transfer.partial import open_partials
from gdrive_wa.transfer.pool import run_tasks
from gdrive_wa.transfer.pull import StreamRetryPolicy, pull
from gdrive_wa.transfer.run_control import RunControl

JOBS = 16
"""Entries at once: what hides a distant server's answering time, and no server minds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How one entry ended.

    Attributes:
        entry: which.
        path: where its verified stored bytes lie; None when it could not be had.
        kept: where they would be kept; None where they lie in the source itself, which is read
            and never changed.
        error: why it could not be had.
        fetched_bytes: bytes that came over the line for it in this run.
    """

    entry: Entry
    path: str | None
    kept: Path | None = None
    error: GdriveWaError | None = None
    fetched_bytes: int = 0

    def keep(self) -> None:
        """Keep the stored bytes.

        Raises:
            StorageError: the disk refuses.
        """
        if self.path is None or self.kept is None or self.path == str(self.kept):
            return
        make_folder(self.kept.parent)
        with storage_errors(self.kept):
            os.replace(self.path, self.kept)

    def drop(self) -> None:
        """The stored bytes are no longer needed; those that lie in the source stay."""
        if self.path is not None and self.kept is not None:
            with suppress(OSError):  # gone, or swept when the run ends
                os.unlink(self.path)


def fetch(
    source: BackupSource,
    entries: Iterable[Entry],
    folder: Path,
    *,
    jobs: int = JOBS,
    progress: Progress | None = None,
    retry_policy: StreamRetryPolicy | None = None,
) -> Generator[Fetched | None, None, None]:
    """Bring the stored bytes of `entries` to this machine, `jobs` at a time; each as it is done.

    What lies on this machine already is read where it is, and comes first. Others go on coming
    while the caller works on one; not many, when the caller is slow. An entry that cannot be had
    is yielded with its error and ends nothing. A None says that nothing is there yet: the caller
    may use the moment. What is half there when the iterator is left, for whatever reason, is
    taken up by the next call with the same folder, and what is verified and was not dropped is
    found there again. Only one call may use a folder at a time.

    `progress` hears of bytes and is asked whether to stop; beginning and ending
    :attr:`~gdrive_wa.core.progress.Stage.DOWNLOAD`, and counting items, is the caller's.

    Raises:
        Interrupted: the user asked to stop.
        StorageError: the disk takes nothing more, or a link leads out of `folder`.
        CredentialsError: the login is refused for one entry after another.
        NetworkError: dozens of entries in a row could not be reached.
    """
    waiting = iter(entries)
    for entry in waiting:
        path = source.path_of(entry)
        if path is None:
            break
        yield _done(entry, path)
    else:
        return
    control = RunControl(progress or Silent())
    partials = folder / STATE_FOLDER / PARTIAL_FOLDER
    open_partials(partials)
    names = FreeNames(folder)

    def bring(entry: Entry) -> Fetched:
        path = source.path_of(entry)
        if path is not None:
            return _done(entry, path)
        target = names.allocate(entry.stored_as)
        names.check_no_link(target)
        kept = folder / target
        if find_existing(kept, entry, sha256=False, check=control.check) is not None:
            return _done(entry, str(kept), kept=kept)
        pulled = pull(
            source,
            entry,
            partials,
            target,
            control,
            permanent=False,
            retry_policy=retry_policy or StreamRetryPolicy(),
        )
        return _done(entry, str(pulled.path), kept=kept, fetched_bytes=pulled.fetched)

    results = run_tasks(
        bring, chain([entry], waiting), control, jobs=jobs, weigh=lambda done: done.fetched_bytes
    )
    with closing(results):
        for result in results:
            if result is None:
                yield None
                continue
            entry, done = result
            if isinstance(done, GdriveWaError):
                yield Fetched(entry=entry, path=None, error=done)
            else:
                yield done


def _done(entry: Entry, path: str, *, kept: Path | None = None, fetched_bytes: int = 0) -> Fetched:
    return Fetched(entry=entry, path=path, kept=kept, fetched_bytes=fetched_bytes)
