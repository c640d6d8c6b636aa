"""``gdrive-wa backups``: list the backups of an account or a folder."""

from __future__ import annotations

from gdrive_wa.core.arguments import ProgressLike, as_progress
from gdrive_wa.core.model import Backup
from gdrive_wa.core.progress import interruptible
from gdrive_wa.jobs.arguments import SourceLike, opened_source
from gdrive_wa.sources.base import listen


def backups(
    source: SourceLike | None = None, *, progress: ProgressLike | None = None
) -> list[Backup]:
    """List the backups of a source.

    Args:
        source: the result of ``connect()`` or ``open_folder()``, or the path of a folder; by
            default the backup service with the stored login.
        progress: may stop the job.

    Returns:
        The backups, newest first; empty if there are none.

    Raises:
        CredentialsError: no login is stored, or Google refused it.
        NetworkError: Google cannot be reached.
        UsageError: the folder does not exist, or an argument has the wrong type.
    """
    reporter = as_progress(progress)
    with opened_source(source) as opened:
        listen(opened, reporter.say)
        return interruptible(opened.backups, reporter)
