"""Start worker processes before this process needs memory for a listing.

A forked process keeps the memory that this process has at that time: for 20 000 notes, processes
that were forked after the listing had 10 MB more together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gdrive_wa.jobs.executors import MANY
from gdrive_wa.jobs.workers import WorkerPool, may_fork
from gdrive_wa.sources.base import BackupSource, LocalSource

_NAMES = 2 * MANY
"""Number of files and folders from which a backup may have many notes, each with an envelope."""


@contextmanager
def workers_ahead(
    source: BackupSource, dest: Path, jobs: int, *, unless: object
) -> Iterator[WorkerPool | None]:
    """Start worker processes for a run of `source` into `dest`, and end them with the context.
    Gives None if only a listing could show that there is enough work for them.

    Args:
        source: the source; only a large folder on this machine certainly has many files.
        dest: the target; an existing archive may have most of the files already.
        jobs: the number of processes; with 1, none is started.
        unless: true if this machine will not open files.
    """
    new = not unless and not os.path.exists(dest)
    large = new and isinstance(source, LocalSource) and source.has_names(_NAMES)
    pool = None
    if large and jobs > 1 and may_fork():
        with suppress(Exception):  # the system allows no more processes: use threads
            pool = WorkerPool(min(jobs, os.cpu_count() or 1))
    try:
        yield pool
    finally:
        if pool is not None:
            pool.close()
