"""``gdrive-wa verify``: check every file of an archive against its manifest."""

from __future__ import annotations

from gdrive_wa.archive.archive import Verification
from gdrive_wa.core.arguments import ProgressLike
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive


def verify(archive: ArchiveLike, *, progress: ProgressLike | None = None) -> Verification:
    """Read every file of an archive, and compare it with the manifest.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        progress: receives progress, and may stop the job.

    Returns:
        How many files are intact, and which are missing, changed or extra.

    Raises:
        UsageError: `archive` is not an archive, or an argument has the wrong type.
        FormatError: the manifest is damaged, or from a newer version.
        Interrupted: the user asked to stop.
    """
    return as_archive(archive).verify(progress=progress)
