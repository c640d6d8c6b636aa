"""Blobs into a staging folder, each handed over as soon as it is there and verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.draft import make_folder
from gdrive_wa.storage.free_names import Places
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER
from gdrive_wa.transfer.partial import open_partials
from gdrive_wa.transfer.pool import each
from gdrive_wa.transfer.pull import Tries, pull
from gdrive_wa.transfer.standing import look
from gdrive_wa.transfer.watch import Watch

JOBS = 16
"""Entries at once: what hides a distant server's answering time, and no server minds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How one entry ended.

    Attributes:
        entry: which.
        path: the verified blob; None when it could not be had.
        error: why it could not be had.
        fetched_bytes: bytes that came over the line for it in this run.
        skipped: it was there already, and holds.
    """

    entry: Entry
    path: Path | None
    error: GdriveWaError | None
    fetched_bytes: int
    skipped: bool


def fetch(
    source: BackupSource,
    entries: Iterable[Entry],
    folder: Path,
    *,
    jobs: int = JOBS,
    progress: Progress | None = None,
    tries: Tries | None = None,
) -> Iterator[Fetched]:
    """Bring `entries` into `folder`, `jobs` at a time, and yield each as it is done.

    Others go on coming while the caller works on one; not many, when the caller is slow. The
    blob is the caller's to move or delete. `entries` is read as it is needed. An entry that
    cannot be had is yielded with its error and ends nothing. What is half there when the
    iterator is left, for whatever reason, is taken up by the next call with the same folder;
    only one call may use a folder at a time.

    `progress` hears of bytes and is asked whether to stop; beginning and ending
    :attr:`~gdrive_wa.core.progress.Stage.DOWNLOAD`, and counting items, is the caller's.

    Raises:
        Interrupted: the user asked to stop.
        StorageError: the disk takes nothing more, or a link leads out of `folder`.
        CredentialsError: the login is refused for one entry after another.
        NetworkError: dozens of entries in a row could not be reached.
    """
    watch = Watch(progress or Silent())
    partials = folder / STATE_FOLDER / PARTIAL_FOLDER
    open_partials(partials)
    places = Places(folder)

    def bring(entry: Entry) -> Fetched:
        place = places.give(entry.stored_as)
        places.check_no_link(place)
        path = folder / place
        if look(path, entry, sha256=False, check=watch.check) is not None:
            return _done(entry, path, skipped=True)
        pulled = pull(source, entry, partials, place, watch, lasting=False, tries=tries or Tries())
        make_folder(path.parent)
        pulled.name(path)
        return _done(entry, path, fetched_bytes=pulled.fetched)

    results = each(bring, entries, watch, jobs=jobs, weigh=lambda done: done.fetched_bytes)
    with closing(results):
        for result in results:
            if result is None:
                continue
            entry, done = result
            if isinstance(done, GdriveWaError):
                yield Fetched(entry=entry, path=None, error=done, fetched_bytes=0, skipped=False)
            else:
                yield done


def _done(entry: Entry, path: Path, *, fetched_bytes: int = 0, skipped: bool = False) -> Fetched:
    return Fetched(entry=entry, path=path, error=None, fetched_bytes=fetched_bytes, skipped=skipped)
