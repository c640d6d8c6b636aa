"""Find voice notes that the databases mention and the backup lacks, with links to their copies.

WhatsApp's servers are a source like the others (:mod:`gdrive_wa.sources.whatsapp`), and their
files pass through the same engine: bring → open → place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.phone import PhoneDatabases
from gdrive_wa.core.model import Entry, MediaLink, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.databases import links_of

LinkedNotes = dict[str, list[tuple[VoiceNote, MediaLink]]]
"""Notes to request from WhatsApp's servers, by the stored name of the copy. Several notes may share
a copy, such as a forwarded note and its original."""


def missing_notes(
    archive: ArchiveWriter,
    entries: Iterable[Entry],
    selection: Selection,
    report: Report,
    progress: Progress,
    phone: Iterable[PhoneDatabases] = (),
) -> LinkedNotes:
    """The notes that the backup lacks, with links to copies on WhatsApp's servers.

    Notes without a link or with an expired link are reported as skipped, because no later run
    could restore them either.

    Args:
        archive: the archive, after everything in the backup was placed.
        entries: everything in the backup: notes whose files are among it are not requested.
        selection: which notes to request; notes without a date are not left out by dates.
        report: receives the notes that cannot be requested.
        progress: receives warnings about unreadable files.
        phone: the databases of an Android phone.
    """
    from gdrive_wa.sources.whatsapp import (  # noqa: PLC0415 - HTTP is slow to import
        expiry,
        stored_name,
    )

    def has_expired(link: MediaLink) -> bool:
        ends = expiry(link)
        return ends is not None and ends < datetime.now(UTC)

    wanted = [note for note in archive.missing(entries) if selection.means(note)]
    links = links_of(archive, progress, phone) if wanted else {}
    linked: LinkedNotes = {}
    for note in wanted:
        known = links.get((note.chat_jid, note.message_id), [])
        known = known or links.get((note.sha256 or "", note.message_id), [])
        link = next((each for each in known if not has_expired(each)), None)
        ends = max(filter(None, map(expiry, known)), default=None)
        if not known:
            reason = "not in the backup, and the database contains no link to it"
        elif link is None:
            reason = (
                f"not in the backup, and its link to WhatsApp's servers expired {ends:%Y-%m-%d}"
            )
        else:
            linked.setdefault(stored_name(link), []).append((note, link))
            continue
        report.skipped.append(Outcome(path=path_of_note(note), reason=reason))
    return linked


def path_of_note(note: VoiceNote) -> str:
    """The path of `note` in a report."""
    return note.whatsapp_path or f"WhatsApp Voice Notes/{note.message_id}"
