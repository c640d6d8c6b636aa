"""Read what a backup's databases say about its voice notes: full databases and increments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gdrive_wa.archive.database_folder import CHATS
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.iphone import read_iphone_files, read_iphone_links, read_iphone_notes
from gdrive_wa.chats.links import read_links
from gdrive_wa.chats.phone import NamedFile, PhoneDatabases
from gdrive_wa.chats.read import Chats, read_increment_links
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.errors import DamagedError, DatabaseError, UnsafeNameError
from gdrive_wa.core.model import Entry, MediaLink, Report
from gdrive_wa.core.progress import Progress
from gdrive_wa.crypt.recognise import plain_name
from gdrive_wa.jobs.database_groups import is_increment

if TYPE_CHECKING:
    from gdrive_wa.chats.increments import Increment

CHAT_STORAGE = "ChatStorage.sqlite"
IPHONE_BESIDE = ("LID.sqlite", "ContactsV2.sqlite", "AddressBook.sqlitedb")


def chats_first(databases: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Split the databases into those that identify the account, and the others."""
    first: list[Entry] = []
    others: list[Entry] = []
    for entry in databases:
        name = Path(plain_name(entry.path, "zip")).name
        (first if name in CHATS else others).append(entry)
    return first, others


def read_of_iphone(
    archive: ArchiveWriter,
    databases: Iterable[Entry],
    contacts: Path | None,
    owner: str | None,
    context: ContextWindow | None = None,
) -> Chats | None:
    """Read an iPhone's databases in the archive; None if the backup is not an iPhone's.

    Raises:
        DatabaseError: the iPhone's database of chats cannot be read.
        UsageError: `contacts` cannot be read.
    """
    iphone = _of_iphone(archive, databases)
    if iphone is None:
        return None
    return read_iphone_notes(
        iphone,
        sidecars=_iphone_sidecars(archive),
        contacts=contacts,
        owner=owner,
        context=context,
    )


def read_files_of_iphone(
    archive: ArchiveWriter,
    databases: Iterable[Entry],
    wanted: Callable[[str | None, str | None], bool],
    contacts: Path | None,
    owner: str | None,
) -> Iterator[NamedFile]:
    """The files of an iPhone's messages of every type; none if the backup is not an iPhone's.

    Args:
        archive: holds the databases.
        databases: the backup's entries.
        wanted: as for :func:`~gdrive_wa.chats.iphone.read_iphone_files`.
        contacts: the address book that the user gave.
        owner: the name of the phone's owner.

    Raises:
        DatabaseError: the iPhone's database of chats cannot be read.
    """
    iphone = _of_iphone(archive, databases)
    if iphone is not None:
        sidecars = _iphone_sidecars(archive)
        yield from read_iphone_files(
            iphone, wanted, sidecars=sidecars, contacts=contacts, owner=owner
        )


def _of_iphone(archive: ArchiveWriter, databases: Iterable[Entry]) -> Path | None:
    """The archive's copy of an iPhone's database of chats; None if the backup has none."""
    if any(entry.path.rpartition("/")[2] == CHAT_STORAGE for entry in databases):
        return archive.database(CHAT_STORAGE)
    return None


def links_of(
    archive: ArchiveWriter, progress: Progress, phone: Iterable[PhoneDatabases] = ()
) -> dict[tuple[str, str], list[MediaLink]]:
    """The links to the notes' files on WhatsApp's own servers. Links of the newest source come
    first, because links expire.

    Returns:
        Each link twice: by chat and message id, and by the content's hash and message id. Another
        database may know a chat by its phone number instead of its hidden id.
    """
    links: dict[tuple[str, str], list[MediaLink]] = {}

    def add(found: Iterable[MediaLink]) -> None:
        for link in found:
            for key in {link.chat_jid, link.sha256 or link.chat_jid}:
                links.setdefault((key, link.message_id), []).append(link)

    iphone = archive.database(CHAT_STORAGE)
    readers: list[Callable[[], Iterable[MediaLink]]] = []
    if iphone is not None:
        readers.append(lambda: read_iphone_links(iphone, sidecars=_iphone_sidecars(archive)))
    for databases in phone:
        readers.append(partial(read_increment_links, databases))
        readers += [partial(read_links, path) for path in databases.msgstores]
    for read in readers:
        try:
            add(read())
        except DatabaseError as error:
            progress.say(f"{error.message}: its links to WhatsApp's servers are unknown")
    return links


def _iphone_sidecars(archive: ArchiveWriter) -> list[Path]:
    """The archive's copies of the other databases of an iPhone."""
    return [path for name in IPHONE_BESIDE if (path := archive.database(name)) is not None]


def read_increments(
    archive: ArchiveWriter, databases: Iterable[Entry], report: Report, progress: Progress
) -> list[Increment]:
    """Read the increments, in the order in which they were written.

    One that cannot be read is reported as failed, because nothing else has its messages.
    """
    paths = {Path(plain_name(entry.path, "zip")).name: entry.path for entry in databases}
    names = {name for name in paths if is_increment(name)}
    if not names:
        return []
    from gdrive_wa.chats.increments import (  # noqa: PLC0415 - protobuf is slow to import
        in_order,
        read_increment,
    )

    found: list[Increment] = []
    ordered = in_order(names)
    for name in ordered:
        path = archive.database(name)
        try:
            if path is not None:
                found.append(read_increment(path))
        except (DamagedError, UnsafeNameError) as error:
            report.fail(paths[name], error)
    for name in sorted(names.difference(ordered)):
        progress.say(f"'{name}' was not read: increments are named like msgstore-increment-1.db")
    return found
