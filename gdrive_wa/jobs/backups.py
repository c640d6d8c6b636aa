"""``gdrive-wa backups``: the backups that an account or a folder holds."""

from __future__ import annotations

from gdrive_wa.core.arguments import ProgressLike, as_progress
from gdrive_wa.core.model import Backup
from gdrive_wa.core.progress import interruptible
from gdrive_wa.jobs.arguments import SourceLike, opened_source


def backups(
    source: SourceLike | None = None, *, progress: ProgressLike | None = None
) -> list[Backup]:
    """The backups that are there.

    Args:
        source: where to look: what ``connect()`` or ``open_folder()`` gave, or the path of a
            folder; by default the backup service of the account that is logged in.
        progress: who may stop it.

    Returns:
        The backups, newest first; empty when there are none.

    Raises:
        CredentialsError: nobody is logged in, or Google refused the login.
        NetworkError: Google cannot be reached.
        UsageError: there is no such folder, or an argument is of a wrong type.
    """
    reporter = as_progress(progress)
    with opened_source(source) as opened:
        return interruptible(opened.backups, reporter)
