"""Voice notes that the databases know and the backup lacks, from WhatsApp's own media servers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import IO

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.errors import (
    ChecksumError,
    GdriveWaError,
    Interrupted,
    NetworkError,
    StorageError,
)
from gdrive_wa.core.model import Choice, Entry, MediaLink, Outcome, Report, VoiceNote
from gdrive_wa.core.progress import Progress, Stage
from gdrive_wa.crypt.media import decrypt_enc
from gdrive_wa.google.access import ENDPOINT_VARIABLE
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.jobs.databases import links_of
from gdrive_wa.sources.whatsapp import WhatsAppServers, expiry, stored_name
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.transfer.fetch import JOBS, Fetched, fetch

_BLOBS = "blobs"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which missing notes are meant, and whom to ask for them.

    Attributes:
        choice: its dates are kept to.
        chat: only notes of chats whose name holds this text.
        endpoint: root of another server in WhatsApp's place; also ``GDRIVE_WA_ENDPOINT``.
    """

    choice: Choice
    chat: str | None = None
    endpoint: str | None = None

    def means(self, note: VoiceNote) -> bool:
        """True when `note` is one to ask for; one without a date is never left out by dates."""
        if self.chat is not None and self.chat.casefold() not in note.chat.casefold():
            return False
        return self.choice.covers(note.sent_at)


Asked = dict[str, list[tuple[VoiceNote, MediaLink]]]
"""The notes to ask for, by the stored name of their copy: a forwarded note shares one."""


def fetch_missing(
    archive: ArchiveWriter,
    entries: Iterable[Entry],
    wish: Wish,
    report: Report,
    *,
    jobs: int = JOBS,
    progress: Progress,
) -> None:
    """Bring what the backup lacks into `archive`, and say in `report` how each note ended.

    Notes without a link, and those whose link has expired, are skipped with that reason: no
    later run could have them either. Others fail with theirs, and end nothing.

    Args:
        archive: after everything of the backup was placed.
        entries: all that the backup holds: a note of which it has the file is not asked for.
        wish: which notes, and whom to ask.
        report: is added to.
        jobs: notes fetched at the same time.
        progress: who is told, and who may stop it.

    Raises:
        UsageError: the endpoint would not be safe.
        StorageError: the archive cannot be written.
        Interrupted: the user asked to stop.
    """
    root = Endpoints.at(wish.endpoint or os.environ.get(ENDPOINT_VARIABLE)).root
    wanted = [note for note in archive.missing(entries) if wish.means(note)]
    asked = _with_links(wanted, links_of(archive, progress) if wanted else {}, report)
    if not asked:
        return
    source = WhatsAppServers((link for notes in asked.values() for _, link in notes), root)
    folder = archive.folder / STATE_FOLDER / _BLOBS
    progress.begin(Stage.DOWNLOAD, items=len(asked))
    try:
        listed = [entry for backup in source.backups() for entry in source.entries(backup)]
        for fetched in fetch(source, listed, folder, jobs=jobs, progress=progress):
            _settle(archive, fetched, asked.pop(fetched.entry.stored_as), report)
            progress.advance(Stage.DOWNLOAD, items=1)
    except NetworkError as error:  # dozens in a row: the rest would not fare better
        for note, _ in (pair for notes in asked.values() for pair in notes):
            report.failed.append(Outcome.failed(_path(note), error))
    finally:
        source.close()
        progress.end(Stage.DOWNLOAD)


def _with_links(
    wanted: Iterable[VoiceNote], links: dict[tuple[str, str], MediaLink], report: Report
) -> Asked:
    """The notes that can be asked for; the others are skipped in `report`."""
    asked: Asked = {}
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
            asked.setdefault(stored_name(link), []).append((note, link))
            continue
        report.skipped.append(Outcome(path=_path(note), reason=reason))
    return asked


def _settle(
    archive: ArchiveWriter,
    fetched: Fetched,
    notes: Iterable[tuple[VoiceNote, MediaLink]],
    report: Report,
) -> None:
    report.bytes += fetched.fetched_bytes
    for note, link in notes:
        try:
            done = _place(archive, fetched, note, link)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            report.failed.append(Outcome.failed(_path(note), error))
        else:
            report.done.append(done)
    if fetched.path is not None:
        fetched.path.unlink(missing_ok=True)


def _place(archive: ArchiveWriter, fetched: Fetched, note: VoiceNote, link: MediaLink) -> Outcome:
    if fetched.path is None:
        raise fetched.error or NetworkError("WhatsApp's servers cannot be reached")
    entry = replace(fetched.entry, path=_path(note), modified=note.sent_at)
    with storage_errors(fetched.path), fetched.path.open("rb") as sealed, archive.draft() as plain:
        sha256, size = _open(link, sealed, plain.file)
        file = archive.place(plain, entry, size=size, sha256=sha256, note=note)
    return Outcome(path=entry.path, file=file, bytes=size)


def _open(link: MediaLink, sealed: IO[bytes], plain: IO[bytes]) -> tuple[str, int]:
    """Decrypt what came; SHA-256 and size of the content, which is the one that was promised."""
    digest, size = hashlib.sha256(), 0

    def sink(piece: bytes | bytearray | memoryview) -> None:
        nonlocal size
        digest.update(piece)
        size += len(piece)
        plain.write(piece)

    stored = hashlib.file_digest(sealed, "sha256").hexdigest()  # type: ignore[arg-type]
    if link.enc_sha256 not in (None, stored):
        raise ChecksumError("what came is not the copy that the database promises")
    length = sealed.tell()
    sealed.seek(0)
    decrypt_enc(sealed, length, link.media_key, sink)
    if link.sha256 not in (None, digest.hexdigest()):
        raise ChecksumError("what WhatsApp's servers hold is not what the database promises")
    return digest.hexdigest(), size


def _path(note: VoiceNote) -> str:
    return note.whatsapp_path or f"WhatsApp Voice Notes/{note.message_id}"
