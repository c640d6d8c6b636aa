"""``gdrive-wa notes``: list the voice notes of an archive."""

from __future__ import annotations

from datetime import tzinfo

from gdrive_wa.core.arguments import DateLike
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.jobs.arguments import ArchiveLike, as_archive


def notes(
    archive: ArchiveLike,
    *,
    chat: str | None = None,
    sender: str | None = None,
    since: DateLike | None = None,
    until: DateLike | None = None,
    status: NoteStatus | str | None = None,
    timezone: tzinfo | str | None = None,
) -> list[VoiceNote]:
    """The voice notes of an archive, sorted by time; those without a time come last.

    Args:
        archive: the result of ``open_archive()``, or the path of its folder.
        chat: only chats with this text in their name, ignoring case.
        sender: only senders with this text in their name, ignoring case.
        since: nothing older; a moment, a day, or either as ISO text such as ``2025-03-01``.
        until: nothing newer; a date includes the whole day.
        status: only notes with this status, such as ``restored`` or ``missing``.
        timezone: for dates without a time zone; by default this machine's.

    Returns:
        The notes; the `path` of each is the absolute path of its file, or None.

    Raises:
        UsageError: `archive` is not an archive, or an argument is wrong.
        FormatError: the archive's index is damaged.
    """
    return as_archive(archive).notes(
        chat=chat, sender=sender, since=since, until=until, status=status, timezone=timezone
    )
