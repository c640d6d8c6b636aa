"""Read all databases of a backup, and collect the closing messages for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gdrive_wa.archive.catalogue import every_note
from gdrive_wa.archive.match import rootless_path
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.nameless import count_nameless
from gdrive_wa.chats.people import UNKNOWN_CHAT
from gdrive_wa.chats.phone import PhoneDatabases
from gdrive_wa.chats.read import Chats, joined, read_files, read_phone
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.errors import DatabaseError, PartialError
from gdrive_wa.core.model import Entry, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.jobs.database_groups import CHATS, NAMES
from gdrive_wa.jobs.databases import (
    CHAT_STORAGE,
    read_files_of_iphone,
    read_increments,
    read_of_iphone,
)
from gdrive_wa.jobs.messages_around import MessagesAround
from gdrive_wa.jobs.phone_files import PhoneFiles
from gdrive_wa.sources.base import WITHOUT_CHATS, BackupSource
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.manifest import Record
from gdrive_wa.storage.tree import Tree

_WITHOUT = "the voice notes keep their files' names, without chat, sender and time"
_ATTACHED = "attached audio files, which are not voice notes: {} (--only voice,audio restores them)"


@dataclass(frozen=True, slots=True)
class Phone:
    """The databases of one backup.

    Attributes:
        own: the databases of the backup's account; None if there are none.
        foreign: the databases of other accounts, each separately.
    """

    own: PhoneDatabases | None
    foreign: tuple[PhoneDatabases, ...] = ()

    @property
    def all(self) -> Iterator[PhoneDatabases]:
        """All databases, those of the backup's account first."""
        if self.own is not None:
            yield self.own
        yield from self.foreign


def find_phone(
    archive: ArchiveWriter,
    databases: Iterable[Entry],
    files: PhoneFiles,
    *,
    contacts: Path | None,
    account: str | None,
    folder: Path,
    report: Report,
    progress: Progress,
) -> Phone:
    """The databases of an Android phone, in the archive and among the temporary files.

    Args:
        archive: holds the chosen databases, decrypted.
        databases: the backup's entries.
        files: the other databases.
        contacts: the address book that the user gave.
        account: the owner's number, if the source reports it.
        folder: the folder for temporary files.
        report: receives increments that cannot be read, as failures.
        progress: receives warnings about skipped files.
    """
    chats, names = archive.database(CHATS), archive.database(NAMES)
    increments = tuple(read_increments(archive, databases, report, progress))
    own = [each.path for each in files.older if not each.foreign]
    if chats is None and increments:
        chats = _without_messages(archive.tree, folder)
    shared = PhoneDatabases(
        msgstores=() if chats is None else (chats, *own),
        wa=(*([] if names is None else [names]), *files.names),
        increments=increments,
        contacts=contacts,
        owner_number=account,
    )
    return Phone(
        own=None if chats is None else shared,
        foreign=tuple(
            replace(shared, msgstores=(each.path,), increments=())
            for each in files.older
            if each.foreign
        ),
    )


def read_notes(
    archive: ArchiveWriter,
    phone: Phone,
    entries: Iterable[Entry],
    report: Report,
    *,
    contacts: Path | None,
    owner: str | None,
    context: ContextWindow | None,
    later: MessagesAround,
    progress: Progress,
) -> Chats:
    """Read the voice notes in all databases. Without a readable database, there are none.

    Args:
        archive: holds an iPhone's databases.
        phone: the databases of an Android phone.
        entries: everything in the backup: another account's notes count if their files are in it.
        report: receives databases that cannot be read, as failures.
        contacts: the address book that the user gave.
        owner: the name of the backup's owner, for databases that do not contain it.
        context: how many messages around each note are read; None for none.
        later: reads the notes of `phone`, and later the messages around them.
        progress: receives messages about the databases.

    Raises:
        UsageError: `contacts` cannot be read.
    """
    readers: dict[str, Callable[[], Chats | None]] = {
        CHAT_STORAGE: lambda: read_of_iphone(archive, entries, contacts, owner, context)
    }
    if (own := phone.own) is not None:
        readers[f"Databases/{CHATS}"] = lambda: later.read(own, now=bool(phone.foreign))
    read: list[Chats] = []
    failures = 0
    for path, reader in readers.items():
        try:
            found = reader()
        except DatabaseError as error:
            failures += 1
            report.fail(path, error)
        else:
            read += [] if found is None else [found]
    if failures and not read:
        progress.say(f"no chat database can be read: {_WITHOUT}")
    if not read:
        return Chats(owner="", notes=())
    chats = read[-1]
    for other in read[:-1]:  # someone who moved from an iPhone to an Android phone has both
        chats = joined(chats, other)
    for warning in chats.warnings:
        progress.say(warning)
    foreign = list(_foreign_notes(phone.foreign, entries, context, progress))
    return replace(chats, notes=(*chats.notes, *foreign)) if foreign else chats


def report_missing_chats(
    archive: ArchiveWriter,
    report: Report,
    wanted: Iterable[str],
    progress: Progress,
    source: BackupSource,
) -> None:
    """Report that no database of chats was restored, if that is the case; the run is then partial.

    With Google's backup service, a backup without such a database is not a failure: the service
    has everything that the phone stored, and the user could not add the database.

    Args:
        archive: holds the databases that this run or an earlier one restored.
        report: the report of the run.
        wanted: paths of the databases of chats in the backup.
        progress: receives a message.
        source: the source of the backup.
    """
    if archive.database(CHATS) is not None or archive.database(CHAT_STORAGE) is not None:
        return
    paths = set(wanted)
    if any(outcome.path in paths for outcome in report.failed):
        progress.say(f"no chat database could be opened: {_WITHOUT}")
        return
    progress.say(f"no chat database was found: {_WITHOUT}")
    if source.name not in WITHOUT_CHATS:
        return
    usual = (f"Databases/{CHATS}", WITHOUT_CHATS[source.name])
    path, hints = getattr(source, "without_chats", usual)
    report.failed.append(
        Outcome(
            path=path,
            reason="this backup contains neither this database nor a copy of it",
            hints=hints,
            exit_code=PartialError.exit_code,
        )
    )


def name_unmatched(
    archive: ArchiveWriter,
    phone: Phone,
    entries: Iterable[Entry],
    chosen: Callable[[VoiceNote], bool] = every_note,
    *,
    contacts: Path | None = None,
    owner: str | None = None,
) -> None:
    """Give recordings without a matching voice note the chat, sender and time of another message
    with that file, if the message is `chosen`.

    Args:
        archive: holds the recordings, and an iPhone's databases.
        phone: the databases of an Android phone.
        entries: everything in the backup.
        chosen: which messages may name a recording.
        contacts: the address book that the user gave.
        owner: the name of the backup's owner, for databases that do not contain it.
    """
    files = archive.unmatched()
    if not files:
        return
    hashes = {record.content_sha256: record for record in files}
    paths = {rootless_path(record.whatsapp_path or record.path): record for record in files}

    def wanted(path: str | None, sha256: str | None) -> bool:
        if sha256 is not None:
            return sha256 in hashes
        return path is not None and rootless_path(path) in paths

    readers = [read_files_of_iphone(archive, entries, wanted, contacts, owner)]
    readers += [read_files(databases, wanted) for databases in phone.all]
    named: dict[str, VoiceNote] = {}
    for reader in readers:
        with suppress(DatabaseError):  # reported when the notes were read
            for found in reader:
                record = _record_of(found.row, hashes, paths)
                if record is not None and found.row.chat_jid != UNKNOWN_CHAT:
                    named.setdefault(record.path, found.row)
    archive.expect(named.values(), chosen)


def closing_messages(
    chats: Chats, known: Iterable[str], shown: Container[str], *, contacts_given: bool
) -> tuple[str, ...]:
    """What the user should know at the end: chats without a name, and audio that was attached.

    Args:
        chats: the content of the databases; its notes are not used.
        known: jids of the chats with notes in the databases.
        shown: jids of the chats in the archive.
        contacts_given: the user gave an address book.
    """
    jids = [jid for jid in known if jid in shown]
    nameless = [jid for jid in chats.nameless if jid in shown]
    remarks = count_nameless(jids, nameless).advice(contacts_given=contacts_given)
    if chats.attached:
        remarks += (_ATTACHED.format(chats.attached),)
    return remarks


def _foreign_notes(
    foreign: Iterable[PhoneDatabases],
    entries: Iterable[Entry],
    context: ContextWindow | None,
    progress: Progress,
) -> Iterator[VoiceNote]:
    """The notes of other accounts' databases whose files are in this backup."""
    paths: set[str] | None = None
    for databases in foreign:
        if paths is None:
            paths = {rootless_path(entry.path) for entry in entries}
        progress.say(
            f"'{databases.msgstores[0].name}' belongs to another account: it is only used to name"
            " the files of that account"
        )
        for note in read_phone(databases, context):
            if note.whatsapp_path is not None and rootless_path(note.whatsapp_path) in paths:
                yield note


def _record_of(
    row: VoiceNote, hashes: dict[str | None, Record], paths: dict[str, Record]
) -> Record | None:
    if row.sha256 is not None:
        return hashes.get(row.sha256)
    return paths.get(rootless_path(row.whatsapp_path or ""))


def _without_messages(tree: Tree, folder: Path) -> Path:
    """Create an empty database, for increments without their database."""
    path = folder / CHATS
    with storage_errors(path):
        tree.make_folder(str(folder))
        tree.unlink(str(path))
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE message (_id INTEGER PRIMARY KEY)")
        database.commit()
    return path
