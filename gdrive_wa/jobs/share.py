"""``gdrive-wa share``: give away a part of an archive, with a page of its own."""

from __future__ import annotations

from datetime import tzinfo
from functools import partial
from pathlib import Path

from gdrive_wa.archive import share as archives
from gdrive_wa.archive.archive import Archive
from gdrive_wa.archive.note_filter import NoteFilter
from gdrive_wa.archive.stars import Stars, read_stars, require_archive
from gdrive_wa.core.arguments import (
    DateLike,
    PathLike,
    ProgressLike,
    as_optional_path,
    as_path,
    as_progress,
    as_zone,
)
from gdrive_wa.core.model import Report, VoiceNote
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive
from gdrive_wa.pages.page import identity_of, write_page
from gdrive_wa.storage.tree import Tree


def share(
    archive: ArchiveLike,
    dest: PathLike,
    *,
    chat: str | None = None,
    sender: str | None = None,
    starred: bool = False,
    stars: PathLike | None = None,
    since: DateLike | None = None,
    until: DateLike | None = None,
    zip: bool = False,  # noqa: A002 - the option's name
    timezone: tzinfo | str | None = None,
    progress: ProgressLike | None = None,
) -> Report:
    """Copy the chosen voice notes into a folder or a ZIP file to give away.

    It has a page, lists and checksums of its own, and contains nothing of the other notes. It is
    an archive: `verify`, `notes` and `export` work on it.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        dest: a new folder outside of the archive, or the path of the ZIP file.
        chat: only the chat with this name: its full name or id, or a part of the name that no
            other chat has.
        sender: only notes by this person, named in the same way.
        starred: only notes that were starred in WhatsApp.
        stars: only notes that were starred on the page: the file that the page saves. With
            `starred`, what the page shows as starred.
        since: nothing older; a moment, a day, or either as ISO text such as ``2025-03-01``.
        until: nothing newer; a date includes the whole day.
        zip: write one ZIP file; also if `dest` ends in ``.zip``.
        timezone: the time zone of file names and the page, or its name; by default this machine's.
        progress: receives progress, and may stop the job.

    Returns:
        Every chosen note, as done, skipped (it has no file, or is already there) or failed.

    Raises:
        UsageError: no note matches, a name fits several chats or people, `stars` is damaged or
            from another archive, `dest` is inside the archive or contains something else, or an
            argument is wrong.
        StorageError: `dest` cannot be written.
        Interrupted: the user asked to stop; the same call continues the work.
    """
    opened, target, zone = as_archive(archive), as_path(dest, "dest"), as_zone(timezone)
    wanted = NoteFilter.parse(chat=chat, sender=sender, since=since, until=until, timezone=zone)
    notes = opened.notes()
    given = _stars(opened, notes, as_optional_path(stars, "stars"))
    notes = archives.chosen_notes(notes, wanted, starred=starred, stars=given)
    target = share_target(target, zip=zip)
    as_zip = target.suffix.lower() == archives.ZIP_SUFFIX
    write = archives.share_zip if as_zip else archives.share_folder
    show = partial(write_page, timezone=zone)
    return write(opened, notes, target, timezone=zone, show=show, progress=as_progress(progress))


def share_target(dest: Path, *, zip: bool) -> Path:  # noqa: A002 - as for `share`
    """The path that :func:`share` writes: `dest`, with ``.zip`` at its end for a ZIP file."""
    if not zip or dest.suffix.lower() == archives.ZIP_SUFFIX:
        return dest
    return dest.with_name(dest.name + archives.ZIP_SUFFIX)


def _stars(archive: Archive, notes: list[VoiceNote], path: Path | None) -> Stars | None:
    """The stars in the file `path`, which must belong to `archive`."""
    if path is None:
        return None
    stars = read_stars(path)
    require_archive(stars, identity_of(Tree(archive.folder), notes), path)
    return stars
