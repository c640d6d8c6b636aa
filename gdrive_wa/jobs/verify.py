"""``gdrive-wa verify``: every file of an archive against its manifest."""

from __future__ import annotations

from gdrive_wa.archive.archive import Verification
from gdrive_wa.core.arguments import ProgressLike
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive


def verify(archive: ArchiveLike, *, progress: ProgressLike | None = None) -> Verification:
    """Read every file of an archive, and compare it with what was written.

    Args:
        archive: what ``open_archive()`` gave, or the path of its folder.
        progress: who is told how far it is, and who may stop it.

    Returns:
        How many files are as they were written, and which are missing, changed or extra.

    Raises:
        UsageError: it is not an archive, or an argument is of a wrong type.
        FormatError: the manifest is damaged or of a newer version.
        Interrupted: the user asked to stop.
    """
    return as_archive(archive).verify(progress=progress)
