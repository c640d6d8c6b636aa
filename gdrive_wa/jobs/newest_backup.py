"""Choose the default of several backups: the newest one that is usable.

An account may hold a newer backup of another number that was begun and never finished. Such a
backup has neither a size nor other details, and usually lists nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from gdrive_wa.core.errors import GoneError, RefusedError
from gdrive_wa.core.model import Backup
from gdrive_wa.core.progress import Progress, interruptible
from gdrive_wa.sources.base import BackupSource, ProbedSource


def newest_backup(source: BackupSource, backups: Sequence[Backup], progress: Progress) -> Backup:
    """The newest of `backups` (newest first) that is not unfinished and lists something; if there
    is none, the newest that lists something, or else the newest.

    `progress` receives a message if it is not the newest of all.

    Raises:
        NetworkError: a listing cannot be read.
        Interrupted: the user asked to stop.
    """
    newest = backups[0]
    if len(backups) == 1 or not (isinstance(source, ProbedSource) or _is_doubtful(newest)):
        return newest

    def lists(backup: Backup) -> bool:
        try:
            return interruptible(lambda: _holds_any(source, backup), progress)
        except (GoneError, RefusedError):
            return False

    empty = not lists(newest)
    if not (newest.unfinished or empty):
        return newest
    finished = [backup for backup in backups[1:] if not backup.unfinished]
    chosen = next(filter(lists, finished), None)
    if chosen is None:
        chosen = next(filter(lists, backups[1:]), newest) if empty else newest
    if chosen is not newest:
        words = ["unfinished"] * newest.unfinished + ["empty"] * empty
        progress.say(
            f"the newer backup of {newest.account} is {' and '.join(words)}; using the one of"
            f" {chosen.account} (to use the newer one, give its name, {newest.account}; for"
            f" restore, --backup {newest.account})"
        )
    return chosen


def _holds_any(source: BackupSource, backup: Backup) -> bool:
    if isinstance(source, ProbedSource):
        return source.holds_any(backup)
    return any(True for _ in source.entries(backup))


def _is_doubtful(backup: Backup) -> bool:
    """True if a detail is missing that every finished backup has."""
    return backup.unfinished or not backup.size or backup.encrypted is None
