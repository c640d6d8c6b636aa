"""Choose the media to restore, by the chats and times in the databases.

Audio that is named like an attachment may be a voice note: on iPhones from before Opus, and in the
folder WhatsApp Audio. A note counts for the day it was sent, because the date of its file may be
that of a later copy, such as a move to a new phone. Only the note shows which chat a file belongs
to.

A note may be known only by the hash of its content. If the file of a chosen note is not found by
its path, every file that cannot be matched to a note by its path is opened, and kept if its content
is that of the note. If everything is chosen, only files outside the voice notes' folder remain, and
of those only the ones with the size of such a note are opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.kinds import LONGEST_VOICE_NOTE, Kind, is_encrypted
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.core.selection import Selection

_SOUND = (Kind.VOICE, Kind.AUDIO)


@dataclass(frozen=True, slots=True)
class Choice:
    """The media to open.

    Attributes:
        media: the files, in the order of the listing.
        by_content: stored names of the files to keep only if a chosen note has their content.
    """

    media: list[Entry]
    by_content: frozenset[str] = frozenset()


def choose_media(
    entries: Iterable[Entry],
    planned: Iterable[Entry],
    selection: Selection,
    notes: Iterable[VoiceNote],
    archive: ArchiveWriter,
) -> Choice:
    """Choose the media to open, now that the databases have been read.

    Args:
        entries: everything in the backup.
        planned: those of `entries` that were chosen by their names and dates.
        selection: what the user chose.
        notes: the notes of the databases, chosen or not.
        archive: knows which notes are chosen.

    Raises:
        UsageError: no chat has the name that `selection` gives.
    """
    selection.require_chat(notes)
    listed = list(entries)
    if selection.only and not selection.voice_notes:
        return Choice(_of_chat(planned, selection, archive))
    taken = {entry.stored_as for entry in planned}
    refused: set[str] = set()
    for entry in listed:
        if entry.kind in _SOUND and selection.admits_path(entry.path):
            _decide(entry, selection, archive, taken, refused)
    by_content = _by_content(listed, selection, archive, taken - refused)
    taken = (taken - refused) | by_content
    media = _of_chat([each for each in listed if each.stored_as in taken], selection, archive)
    known = {each.stored_as for each in media}
    media += [each for each in listed if each.stored_as in by_content - known]
    return Choice(media, by_content)


def _decide(
    entry: Entry,
    selection: Selection,
    archive: ArchiveWriter,
    taken: set[str],
    refused: set[str],
) -> None:
    """Take or refuse a recording whose note is known by its path."""
    is_taken = entry.stored_as in taken
    if is_taken and not selection.narrows:
        return
    found = archive.catalogue.known(entry.path)
    if found is None:
        return
    note, chosen = found
    if note.sent_at is None:
        chosen = chosen and selection.covers(entry.modified)
    if chosen:
        taken.add(entry.stored_as)
    else:
        refused.add(entry.stored_as)


def _by_content(
    listed: Iterable[Entry], selection: Selection, archive: ArchiveWriter, taken: set[str]
) -> frozenset[str]:
    """Stored names of files that may hold a chosen note; only their content can show it."""
    if not selection.narrows:
        return _of_equal_size(listed, archive, taken)
    lacking = archive.missing(entry for entry in listed if entry.stored_as in taken)
    wanted = {note.sha256 for note in lacking if note.sha256 is not None}
    if not wanted:
        return frozenset()
    return frozenset(
        entry.stored_as
        for entry in listed
        if selection.admits_path(entry.path)
        and _may_hold(entry, archive, wanted)
        and (selection.chat or entry.stored_as not in taken)
    )


def _of_equal_size(
    listed: Iterable[Entry], archive: ArchiveWriter, taken: set[str]
) -> frozenset[str]:
    """Stored names of recordings that are not `taken`, cannot be matched to a note by their path,
    and have the size of a note without a file. All others stay unopened: a phone may hold
    gigabytes of songs.
    """
    entries = list(listed)
    spare = [
        entry
        for entry in entries
        if entry.kind in _SOUND
        and entry.stored_as not in taken
        and archive.catalogue.known(entry.path) is None
    ]
    if not spare:
        return frozenset()
    lacking = archive.missing(entry for entry in entries if entry.stored_as in taken)
    sizes = {note.size for note in lacking if note.sha256 is not None and note.size}
    return frozenset(entry.stored_as for entry in spare if _content_size(entry) in sizes)


def _content_size(entry: Entry) -> int | None:
    """The size of the decrypted content; None if the listing does not give it."""
    return entry.plain_size if is_encrypted(entry.stored_as) else entry.size


def _may_hold(entry: Entry, archive: ArchiveWriter, wanted: set[str]) -> bool:
    if entry.kind not in _SOUND:
        short = entry.size is None or entry.size <= LONGEST_VOICE_NOTE
        return entry.kind is Kind.UNKNOWN and is_encrypted(entry.path) and short
    found = archive.catalogue.known(entry.path)
    return found is None or (not found[1] and found[0].sha256 in wanted)


def _of_chat(media: Iterable[Entry], selection: Selection, archive: ArchiveWriter) -> list[Entry]:
    if selection.chat is None:
        return list(media)
    found = ((entry, archive.catalogue.known(entry.path)) for entry in media)
    return [entry for entry, known in found if known is not None and known[1]]
