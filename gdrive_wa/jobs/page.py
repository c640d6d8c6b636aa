"""``gdrive-wa page``: write the page of an archive anew."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from gdrive_wa.core.arguments import as_zone
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive
from gdrive_wa.pages.page import write_page


def page(archive: ArchiveLike, *, timezone: tzinfo | str | None = None) -> Path:
    """Write ``index.html`` of an archive anew, for example after an update of gdrive-wa.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        timezone: of the times on the page, or its name; by default this machine's.

    Returns:
        The path of the page.

    Raises:
        UsageError: `archive` is not an archive, or no restore into it has finished.
        FormatError: the archive's index is damaged.
        StorageError: the page cannot be written.
    """
    opened = as_archive(archive)
    return write_page(opened.folder, opened.notes(), timezone=as_zone(timezone))
