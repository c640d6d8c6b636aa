"""``gdrive-wa ls``: list what a backup contains; with the key, under the real names."""

from __future__ import annotations

from gdrive_wa.core.arguments import ProgressLike, as_progress, as_selection
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.arguments import KeyLike, SourceLike, as_key, backup_name, opened_source
from gdrive_wa.jobs.plan import choose, list_entries, pick_backup


def ls(
    source: SourceLike | None = None,
    backup: Backup | str | None = None,
    *,
    key: KeyLike | None = None,
    selection: Selection | None = None,
    progress: ProgressLike | None = None,
) -> list[Entry]:
    """List what a backup contains. Nothing is downloaded.

    Args:
        source: the result of ``connect()`` or ``open_folder()``, or the path of a folder; by
            default the backup service with the stored login.
        backup: a backup, its name, or the account's number; by default the newest backup.
        key: a key or the path of a key file, which opens the real names.
        selection: the selected entries; by default all.
        progress: receives progress, and may stop the job.

    Returns:
        The entries, by path.

    Raises:
        GdriveWaError: the source has no backup.
        CredentialsError, NetworkError: the source cannot be read.
        UsageError: the backup or the folder does not exist, or an argument has the wrong type.
        KeyFailure: the key is not this backup's, or is needed for what `selection` names.
        Interrupted: the user asked to stop.
    """
    reporter, opening_key = as_progress(progress), as_key(key)
    wanted, name = as_selection(selection), backup_name(backup)
    with opened_source(source) as opened:
        chosen = pick_backup(opened, name, progress=reporter)
        listed = list_entries(opened, chosen, opening_key, progress=reporter)
    found = choose(listed, wanted, opening_key, progress=reporter)
    return sorted(found, key=lambda entry: (entry.path, entry.stored_as))
