"""``gdrive-wa export``: write an archive's voice notes for players that cannot play Opus."""

from __future__ import annotations

from datetime import tzinfo

from gdrive_wa.archive import export as archives
from gdrive_wa.core.arguments import (
    PathLike,
    ProgressLike,
    as_count,
    as_optional_text,
    as_path,
    as_progress,
    as_text,
    as_zone,
)
from gdrive_wa.core.model import Report
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive_folder


def export(
    archive: ArchiveLike,
    dest: PathLike,
    *,
    form: str = "m4a",
    chat: str | None = None,
    joined: bool = False,
    timezone: tzinfo | str | None = None,
    jobs: int = 2,
    progress: ProgressLike | None = None,
) -> Report:
    """Write the voice notes of an archive in a format that every player supports. Needs the
    extra ``audio``.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        dest: the folder to write into, outside of the archive.
        form: ``m4a`` or ``mp3``.
        chat: only chats with this text in their name, ignoring case.
        joined: one m4a for each chat, with a chapter for each note.
        timezone: the time zone for the times in titles, or its name; by default this machine's.
        jobs: files written at the same time.
        progress: receives progress, and may stop the job.

    Returns:
        Every note that has a file, as done, skipped or failed.

    Raises:
        UsageError: the extra is not installed, `archive` is not an archive, no chat matches,
            `dest` is inside the archive, or an argument is wrong.
        StorageError: `dest` cannot be written.
        Interrupted: the user asked to stop; finished files are kept.
    """
    return archives.export(
        as_archive_folder(archive),
        as_path(dest, "dest"),
        form=as_text(form, "form"),
        chat=as_optional_text(chat, "chat"),
        joined=joined,
        timezone=as_zone(timezone),
        jobs=as_count(jobs, "jobs"),
        progress=as_progress(progress),
    )
