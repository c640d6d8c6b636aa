"""Find voice notes that the databases mention and the backup lacks, with links to their copies.

WhatsApp's servers are a source like the others (:mod:`gdrive_wa.sources.whatsapp`), and their
files pass through the same engine: bring → open → place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.model import Choice, Entry, MediaLink, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.jobs.databases import links_of
from gdrive_wa.sources.whatsapp import expiry, stored_name

LinkedNotes = dict[str, list[tuple[VoiceNote, MediaLink]]]
"""Notes to request from WhatsApp's servers, by the stored name of the copy. Several notes may share
a copy, such as a forwarded note and its original."""


@dataclass(frozen=True, slots=True)
class MissingFilter:
    """Which missing notes are meant.

    Attributes:
        choice: its dates are kept to.
        chat: only notes of chats whose name holds this text.
    """

    choice: Choice
    chat: str | None = None

    def means(self, note: VoiceNote) -> bool:
        """True when `note` is one to ask for; one without a date is never left out by dates."""
        if self.chat is not None and self.chat.casefold() not in note.chat.casefold():
            return False
        return self.choice.covers(note.sent_at)


def missing_notes(
    archive: ArchiveWriter,
    entries: Iterable[Entry],
    meant: MissingFilter,
    report: Report,
    progress: Progress,
) -> LinkedNotes:
    """The notes that the backup lacks, with links to copies on WhatsApp's servers.

    Notes without a link or with an expired link are reported as skipped, because no later run
    could restore them either.

    Args:
        archive: with everything from the backup already placed.
        entries: all entries of the backup: a note whose file is among them is not requested.
        meant: which notes.
        report: skipped notes are added to it.
        progress: receives warnings about what could not be read.
    """
    wanted = [note for note in archive.missing(entries) if meant.means(note)]
    links = links_of(archive, progress) if wanted else {}
    linked: LinkedNotes = {}
    for note in wanted:
        link = links.get((note.chat_jid, note.message_id))
        ends = expiry(link) if link is not None else None
        if link is None:
            reason = "not in the backup, and the database contains no link to it"
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
    """The path of `note` in a report."""
    return note.whatsapp_path or f"WhatsApp Voice Notes/{note.message_id}"
