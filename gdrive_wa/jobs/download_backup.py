"""``gdrive-wa download``: copy a backup's blobs as they are stored, verified."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import overload

from gdrive_wa.core.arguments import (
    PathLike,
    ProgressLike,
    as_count,
    as_path,
    as_progress,
    as_selection,
    wrong_type,
)
from gdrive_wa.core.model import Backup, Entry, Report
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.keys import Key
from gdrive_wa.jobs.arguments import KeyLike, SourceLike, as_key, backup_name, opened_source
from gdrive_wa.jobs.download import download as download_entries
from gdrive_wa.jobs.plan import choose, list_entries, pick_backup
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.transfer.fetch import JOBS


@overload
def download(
    source: SourceLike,
    dest: PathLike,
    *,
    backup: Backup | str | None = None,
    key: KeyLike | None = None,
    selection: Selection | None = None,
    jobs: int = JOBS,
    dry_run: bool = False,
    progress: ProgressLike | None = None,
) -> Report: ...


@overload
def download(
    source: SourceLike,
    entries: Iterable[Entry],
    dest: PathLike,
    *,
    jobs: int = JOBS,
    dry_run: bool = False,
    progress: ProgressLike | None = None,
) -> Report: ...


def download(  # type: ignore[misc]  # with two arguments, the second is the folder
    source: SourceLike,
    entries: Iterable[Entry] | PathLike | None = None,
    dest: PathLike | None = None,
    *,
    backup: Backup | str | None = None,
    key: KeyLike | None = None,
    selection: Selection | None = None,
    jobs: int = JOBS,
    dry_run: bool = False,
    progress: ProgressLike | None = None,
) -> Report:
    """Copy the stored blobs of a backup to `dest` as they are, verified.

    There are two ways to call it. ``download(source, dest)`` copies a backup, or the part of it
    that `selection` describes; ``download(source, entries, dest)`` copies entries of an earlier
    listing. To continue a run that was stopped, make the same call again.

    Args:
        source: the result of ``connect()`` or ``open_folder()``, or the path of a folder.
        entries: entries of `source` from an earlier listing.
        dest: the folder to fill, or to bring up to date.
        backup: a backup, its name, or the account's number; by default the newest backup.
        key: a key or the path of a key file; with it, `selection` applies to the real names.
        selection: the selected entries; by default all.
        jobs: files at the same time.
        dry_run: fetch and write nothing; `done` lists what would be, with sizes.
        progress: receives progress, and may stop the job.

    Returns:
        Every entry as done, skipped or failed. A failed entry does not stop the run.

    Raises:
        CredentialsError, NetworkError: the source cannot be read.
        UsageError: the backup or the folder does not exist, `dest` holds another backup, or an
            argument has the wrong type.
        KeyFailure: the key is not this backup's, or is needed for what `selection` names.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; finished work is kept.
    """
    listed, target = _two_ways(entries, dest)
    count, reporter, opening_key = as_count(jobs, "jobs"), as_progress(progress), as_key(key)
    wanted, name = as_selection(selection), backup_name(backup)
    if source is None:
        raise wrong_type("source", "a backup source or the path of a folder", source)
    with opened_source(source) as opened:
        if listed is None:
            listed = _listed(opened, name, opening_key, wanted, target, reporter)
        return download_entries(
            opened, listed, target, jobs=count, dry_run=dry_run, progress=reporter
        )


def _two_ways(
    entries: Iterable[Entry] | PathLike | None, dest: PathLike | None
) -> tuple[list[Entry] | None, Path]:
    """The entries, or None if they are not given, and the folder."""
    if dest is None:
        return None, as_path(entries, "dest")  # type: ignore[arg-type]
    if entries is None:
        return None, as_path(dest, "dest")
    return _entries(entries), as_path(dest, "dest")


def _entries(value: Iterable[Entry] | PathLike) -> list[Entry]:
    if isinstance(value, str | bytes | os.PathLike) or not isinstance(value, Iterable):
        raise wrong_type("entries", "entries of the source", value)
    listed = list(value)
    for entry in listed:
        if not isinstance(entry, Entry):
            raise wrong_type("entries", "entries of the source", entry)
    return listed


def _listed(
    source: BackupSource,
    backup: str | None,
    key: Key | None,
    selection: Selection,
    dest: Path,
    progress: Progress,
) -> list[Entry]:
    chosen = pick_backup(source, backup, progress=progress)
    listed = list_entries(source, chosen, key, dest=dest, progress=progress)
    return choose(listed, selection, key, progress=progress)
