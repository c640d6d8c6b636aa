"""Fetch blobs into a staging folder and yield each one once it is verified."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.draft import move_into_place
from gdrive_wa.storage.free_names import FreeNames
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER
from gdrive_wa.storage.tree import Tree, as_tree
from gdrive_wa.transfer.existing_file import find_existing
from gdrive_wa.transfer.partial import open_partials
from gdrive_wa.transfer.pool import run_tasks
from gdrive_wa.transfer.pull import StreamRetryPolicy, pull
from gdrive_wa.transfer.run_control import RunControl

JOBS = 16
"""Number of parallel downloads: enough to hide latency, few enough for any server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The result for one entry.

    Attributes:
        entry: the entry.
        path: path of its verified stored bytes; None if fetching failed.
        kept: path under which :meth:`keep` stores them; None if they are in the source itself,
            which is never changed.
        tree: the folder of `kept`.
        error: why fetching failed.
        fetched_bytes: bytes transferred for it in this run.
    """

    entry: Entry
    path: str | None
    kept: Path | None = None
    tree: Tree | None = None
    error: GdriveWaError | None = None
    fetched_bytes: int = 0

    def keep(self) -> None:
        """Keep the stored bytes in the folder.

        Raises:
            StorageError: the disk is full or read-only.
        """
        if self.path is None or self.kept is None or self.tree is None:
            return
        if self.path != str(self.kept):
            move_into_place(self.path, str(self.kept), self.tree)

    def drop(self) -> None:
        """Delete the stored bytes, unless they are in the source itself."""
        if self.path is not None and self.tree is not None:
            with suppress(OSError):  # deleted at the end of the run
                self.tree.unlink(self.path)


def fetch(
    source: BackupSource,
    entries: Iterable[Entry],
    folder: Tree | Path,
    *,
    jobs: int = JOBS,
    progress: Progress | None = None,
    retry_policy: StreamRetryPolicy | None = None,
) -> Generator[Fetched | None, None, None]:
    """Fetch the stored bytes of `entries`, `jobs` at a time, and yield each when it is done.

    Local entries come first and are read in place. Downloads continue while the caller processes
    a result, up to a limit of waiting results. An entry that fails is yielded with its error and
    does not stop the others. None means that no result is ready, and the caller may do other
    work. A later call with the same folder resumes partial downloads and finds verified files
    that were not dropped. Only one call may use a folder at a time.

    `progress` receives transferred bytes and may stop the run. The caller begins and ends
    :attr:`~gdrive_wa.core.progress.Stage.DOWNLOAD` and counts items.

    Raises:
        Interrupted: the user asked to stop.
        StorageError: the disk is full, or a link leads out of `folder`.
        CredentialsError: the login was refused for several entries in a row.
        NetworkError: dozens of entries in a row failed.
    """
    waiting = iter(entries)
    for entry in waiting:
        path = source.path_of(entry)
        if path is None:
            break
        yield Fetched(entry=entry, path=path)
    else:
        return
    control = RunControl(progress or Silent())
    staging = _Staging(source, as_tree(folder), control, retry_policy or StreamRetryPolicy())
    results = run_tasks(
        staging.bring,
        chain([entry], waiting),
        control,
        jobs=jobs,
        weigh=lambda done: done.fetched_bytes,
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


class _Staging:
    """The staging folder, into which entries are fetched."""

    def __init__(
        self,
        source: BackupSource,
        tree: Tree,
        control: RunControl,
        retry_policy: StreamRetryPolicy,
    ) -> None:
        self._source = source
        self._tree = tree
        self._control = control
        self._retry_policy = retry_policy
        self._names = FreeNames(tree)
        self._partials = tree.below(f"{STATE_FOLDER}/{PARTIAL_FOLDER}")
        open_partials(self._partials)

    def bring(self, entry: Entry) -> Fetched:
        """The stored bytes of `entry`: in the source, fetched before, or fetched now."""
        path = self._source.path_of(entry)
        if path is not None:
            return Fetched(entry=entry, path=path)
        target = self._names.allocate(entry.stored_as)
        self._names.check_no_link(target)
        kept, check = self._tree.path(str(target)), self._control.check
        path, fetched_bytes = kept, 0
        if find_existing(self._tree, kept, entry, sha256=False, check=check) is None:
            path, fetched_bytes = self._pull(entry, target)
        return Fetched(
            entry=entry, path=path, kept=Path(kept), tree=self._tree, fetched_bytes=fetched_bytes
        )

    def _pull(self, entry: Entry, target: PurePosixPath) -> tuple[str, int]:
        """The path of the downloaded bytes, and how many of them this run transferred."""
        pulled = pull(
            self._source,
            entry,
            self._partials,
            target,
            self._control,
            permanent=False,
            retry_policy=self._retry_policy,
        )
        return pulled.path, pulled.fetched
