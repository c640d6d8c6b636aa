"""What a backup's databases know of its voice notes: the full database, and what came after."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gdrive_wa.archive.database_folder import CHATS
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.iphone import read_iphone_links, read_iphone_notes
from gdrive_wa.chats.links import read_links
from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.core.errors import DamagedError, DatabaseError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry, MediaLink, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.selection import Selection
from gdrive_wa.crypt.recognise import plain_name

if TYPE_CHECKING:
    from gdrive_wa.chats.increments import Increment

CHAT_STORAGE = "ChatStorage.sqlite"
_LOG = "msgstore.db-wal"
"""What SQLite leaves beside a database that is copied from under a running app."""
IPHONE_BESIDE = ("LID.sqlite", "ContactsV2.sqlite", "AddressBook.sqlitedb")


def chats_first(databases: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The databases that tell whose backup this is, and those that go where these went."""
    first: list[Entry] = []
    others: list[Entry] = []
    for entry in databases:
        name = Path(plain_name(entry.path, "zip")).name
        (first if name in CHATS else others).append(entry)
    return first, others


def notes_of(
    archive: ArchiveWriter,
    databases: Iterable[Entry],
    *,
    contacts: Path | None,
    owner: str | None = None,
    progress: Progress,
) -> list[VoiceNote]:
    """The notes that the databases know; nothing, and a word about it, when they cannot be read.

    Args:
        archive: holds the databases already, decrypted.
        databases: which entries they were.
        contacts: a vCard or Google-contacts file with names.
        owner: the name of whose backup it is, where the databases do not tell.
        progress: who is told what could not be read.

    Raises:
        UsageError: `contacts` cannot be read.
    """
    msgstore, names = archive.database("msgstore.db"), archive.database("wa.db")
    iphone = _of_iphone(archive, databases)
    newer = _newer(archive, databases, progress)
    if any(entry.path.endswith(f"/{_LOG}") and entry.size for entry in databases):
        progress.say(
            f"{_LOG} is not read: to have the newest messages too, merge it into its database first"
            " (sqlite3 msgstore.db 'PRAGMA wal_checkpoint(TRUNCATE)')"
        )
    if msgstore is None and iphone is None:
        return []
    try:
        if iphone is not None:
            chats = read_iphone_notes(
                iphone, sidecars=_iphone_sidecars(archive), contacts=contacts, owner=owner
            )
        elif msgstore is not None:
            chats = read_voice_notes(msgstore, wa=names, contacts=contacts, increments=newer)
    except DatabaseError as error:
        progress.say(f"{error.message}: the voice notes keep their files' names")
        return []
    for warning in chats.warnings:
        progress.say(warning)
    return list(chats)


def _of_iphone(archive: ArchiveWriter, databases: Iterable[Entry]) -> Path | None:
    """The archive's copy of an iPhone's database, when that is what this backup holds."""
    if any(entry.path == CHAT_STORAGE for entry in databases):
        return archive.database(CHAT_STORAGE)
    return None


def links_of(archive: ArchiveWriter, progress: Progress) -> dict[tuple[str, str], MediaLink]:
    """Where WhatsApp's own servers held the notes' files, by chat and message id."""
    android, iphone = archive.database("msgstore.db"), archive.database(CHAT_STORAGE)
    links: dict[tuple[str, str], MediaLink] = {}
    try:
        if iphone is not None:
            told = read_iphone_links(iphone, sidecars=_iphone_sidecars(archive))
            links.update({(link.chat_jid, link.message_id): link for link in told})
        if android is not None:
            told = read_links(android)
            links.update({(link.chat_jid, link.message_id): link for link in told})
    except DatabaseError as error:
        progress.say(f"{error.message}: its links to WhatsApp's servers are not known")
    return links


def _iphone_sidecars(archive: ArchiveWriter) -> list[Path]:
    """The archive's copies of the databases that an iPhone has beside its chats."""
    return [path for name in IPHONE_BESIDE if (path := archive.database(name)) is not None]


def select_media(
    entries: Iterable[Entry],
    planned: Iterable[Entry],
    selection: Selection,
    notes: Iterable[VoiceNote],
    archive: ArchiveWriter,
) -> list[Entry]:
    """The media to take, `planned` by names and files' dates, now that the databases say more.

    Audio whose name says that it was attached may be a voice note: an iPhone's from before Opus,
    and what is in WhatsApp Audio. A note counts for the day it was sent: its file has the date of
    whatever copied it last, such as a move to a new phone. Whose chat it is only its note says.

    Raises:
        UsageError: no chat has the name that is meant.
    """
    selection.require_chat(notes)
    chosen = list(planned)
    if selection.only and not selection.voice_notes:
        return _of_chat(chosen, selection, archive)
    anything = selection.undated_audio()
    taken = {entry.stored_as for entry in chosen}
    refused = set()
    for entry in entries:
        if entry.kind not in (Kind.VOICE, Kind.AUDIO) or not anything.admits(entry):
            continue
        held = entry.stored_as in taken
        note = archive.note_of(entry) if selection.dated or not held else None
        if note is None:
            continue
        wanted = selection.covers(entry.modified if note.sent_at is None else note.sent_at)
        if wanted and not held:
            chosen.append(entry)
        elif held and not wanted:
            refused.add(entry.stored_as)
    kept = [entry for entry in chosen if entry.stored_as not in refused]
    return _of_chat(kept, selection, archive)


def _of_chat(media: list[Entry], selection: Selection, archive: ArchiveWriter) -> list[Entry]:
    if selection.chat is None:
        return media
    found = ((entry, archive.note_of(entry)) for entry in media)
    return [entry for entry, note in found if note is not None and selection.names_chat(note)]


def _newer(
    archive: ArchiveWriter, databases: Iterable[Entry], progress: Progress
) -> list[Increment]:
    """What came after the last full database, from its increments in their order."""
    if not any("increment" in entry.path for entry in databases):
        return []
    from gdrive_wa.chats.increments import (  # noqa: PLC0415 - protobuf is slow to import
        in_order,
        read_increment,
    )

    found: list[Increment] = []
    for name in in_order({Path(plain_name(entry.path, "zip")).name for entry in databases}):
        path = archive.database(name)
        try:
            if path is not None:
                found.append(read_increment(path))
        except DamagedError as error:
            progress.say(f"{name}: {error.message}: its voice notes are not told")
    return found
