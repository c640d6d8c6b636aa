"""Voice notes that the databases know and the backup lacks: which may be on WhatsApp's servers.

The servers themselves are a source like the others (:mod:`gdrive_wa.sources.whatsapp`); what comes
from them goes the same way as everything else: bring → open → place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.model import Entry, MediaLink, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.databases import links_of

LinkedNotes = dict[str, list[tuple[VoiceNote, MediaLink]]]
"""Notes to ask WhatsApp's servers for, by the stored name of their copy: a forwarded note shares
one with its original."""


def missing_notes(
    archive: ArchiveWriter,
    entries: Iterable[Entry],
    selection: Selection,
    report: Report,
    progress: Progress,
) -> LinkedNotes:
    """The notes that the backup lacks, with the links by which WhatsApp's servers may have them.

    Notes without a link, and those whose link has expired, are skipped with that reason in
    `report`: no later run could have them either.

    Args:
        archive: after everything of the backup was placed.
        entries: all that the backup holds: a note of which it has the file is not asked for.
        selection: which notes; one without a date is never left out by dates.
        report: is added to.
        progress: is told what could not be read.
    """
    from gdrive_wa.sources.whatsapp import (  # noqa: PLC0415 - HTTP is slow to import
        expiry,
        stored_name,
    )

    wanted = [note for note in archive.missing(entries) if selection.means(note)]
    links = links_of(archive, progress) if wanted else {}
    linked: LinkedNotes = {}
    for note in wanted:
        link = links.get((note.chat_jid, note.message_id))
        ends = expiry(link) if link is not None else None
        if link is None:
            reason = "not in the backup, and the database holds no link to it"
        elif ends is not None and ends < datetime.now(UTC):
            reason = (
                f"not in the backup, and its link to WhatsApp's servers expired {ends:%Y-%m-%d}"
            )
        else:
            linked.setdefault(stored_name(link), []).append((note, link))
            continue
        report.skipped.append(Outcome(path=path_of_note(note), reason=reason))
    return linked


def path_of_note(note: VoiceNote) -> str:
    """The path by which a report names `note`."""
    return note.whatsapp_path or f"WhatsApp Voice Notes/{note.message_id}"
