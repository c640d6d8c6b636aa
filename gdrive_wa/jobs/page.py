"""``gdrive-wa page``: rewrite the page of an archive."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from gdrive_wa.core.arguments import PathLike, as_optional_path, as_zone
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive
from gdrive_wa.jobs.faces import keep_faces_of
from gdrive_wa.pages.page import write_page
from gdrive_wa.storage.tree import Tree


def page(
    archive: ArchiveLike,
    *,
    contacts: PathLike | None = None,
    timezone: tzinfo | str | None = None,
) -> Path:
    """Rewrite ``index.html`` of an archive, for example after an update of gdrive-wa.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        contacts: an address book with photos (vCard). The photos of people in the archive are kept
            in the archive, for this page and later ones.
        timezone: the time zone of the page, or its name; by default this machine's.

    Returns:
        The path of the page.

    Raises:
        UsageError: `archive` is not an archive, no restore into it has finished, or `contacts`
            cannot be read.
        FormatError: the archive's index is damaged.
        StorageError: the page cannot be written.
    """
    opened, book = as_archive(archive), as_optional_path(contacts, "contacts")
    notes, zone = opened.notes(), as_zone(timezone)
    if book is not None:
        keep_faces_of(Tree(opened.folder), notes, book)
    return write_page(opened.folder, notes, timezone=zone)
