"""Voice notes that the databases know and the backup lacks, from WhatsApp's own media servers.

WhatsApp's servers keep the encrypted copy of a note for about a month; the message's row says
where, and holds the key. No login is needed, and none is sent. A database is somebody else's
words: an address in it is followed only to WhatsApp's own hosts, or to the server that stands in
their place, and never where that one redirects to.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO
from urllib.parse import parse_qs, urlsplit

from urllib3.exceptions import HTTPError

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.links import MediaLink
from gdrive_wa.core.errors import (
    ChecksumError,
    GdriveWaError,
    GoneError,
    Interrupted,
    NetworkError,
    RefusedError,
    StorageError,
)
from gdrive_wa.core.kinds import LONGEST_VOICE_NOTE
from gdrive_wa.core.model import Choice, Entry, Outcome, Report, VoiceNote
from gdrive_wa.core.patience import Patience
from gdrive_wa.core.progress import Progress, Stage
from gdrive_wa.core.version import VERSION
from gdrive_wa.crypt.media import ENC_MAC_SIZE, decrypt_enc
from gdrive_wa.google.access import ENDPOINT_VARIABLE
from gdrive_wa.http.connections import Connections
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.retry import read_refusal
from gdrive_wa.http.trust import why_untrusted
from gdrive_wa.jobs.databases import links_of

HOSTS = ".whatsapp.net"
USUAL_HOST = "mmg.whatsapp.net"
_BLOCK = 16
_PIECE = 1 << 16
_OVER = (403, 404, 410)
_REDIRECTS = range(300, 400)
_PATH = re.compile(r"/(?!/)[!-~]*")
_PATIENCE = Patience(attempts=4, longest=8.0)


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


def fetch_missing(
    archive: ArchiveWriter,
    entries: Iterable[Entry],
    wish: Wish,
    report: Report,
    *,
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
        progress: who is told, and who may stop it.

    Raises:
        UsageError: the endpoint would not be safe.
        StorageError: the archive cannot be written.
        Interrupted: the user asked to stop.
    """
    root = Endpoints.at(wish.endpoint or os.environ.get(ENDPOINT_VARIABLE)).root
    wanted = [note for note in archive.missing(entries) if wish.means(note)]
    links = links_of(archive, progress) if wanted else {}
    progress.begin(Stage.DOWNLOAD, items=len(wanted))
    servers = _Servers(root, progress)
    try:
        for note in wanted:
            progress.check()
            _settle(archive, servers, note, links.get((note.chat_jid, note.message_id)), report)
            progress.advance(Stage.DOWNLOAD, items=1)
    finally:
        servers.close()
        progress.end(Stage.DOWNLOAD)


def expiry(address: str) -> datetime | None:
    """When a link ends, UTC: its ``oe``, a hexadecimal Unix time; None where it does not say."""
    try:
        (text,) = parse_qs(urlsplit(address).query).get("oe", [""])
        return datetime.fromtimestamp(int(text, 16), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def address_of(link: MediaLink, root: str = "") -> str:
    """The address to ask: WhatsApp's own, or the same path at `root`.

    Raises:
        RefusedError: it leads anywhere else, or makes no sense.
    """
    url = link.url or f"https://{USUAL_HOST}{link.direct_path or ''}"
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError as error:
        raise RefusedError("its link makes no sense", hint=_NOT_FOLLOWED) from error
    path = f"{parts.path}?{parts.query}"
    if not _PATH.fullmatch(path) or parts.username is not None or parts.password is not None:
        raise RefusedError("its link makes no sense", hint=_NOT_FOLLOWED)
    if parts.scheme != "https" or port not in (None, 443) or not host.endswith(HOSTS):
        shown = ascii(f"{parts.scheme}://{host}"[:80])
        raise RefusedError(f"its link does not lead to WhatsApp: {shown}", hint=_NOT_FOLLOWED)
    return f"{root or f'https://{host}'}{path}"


_NOT_FOLLOWED = "it was not followed; an honest database holds only links to WhatsApp's servers"


def _settle(
    archive: ArchiveWriter,
    servers: _Servers,
    note: VoiceNote,
    link: MediaLink | None,
    report: Report,
) -> None:
    path = note.whatsapp_path or f"WhatsApp Voice Notes/{note.message_id}"
    if link is None:
        reason = "not in the backup, and the database holds no link to it"
        report.skipped.append(Outcome(path=path, reason=reason))
        return
    try:
        address = address_of(link, servers.root)
        ends = expiry(address)
        if ends is not None and ends < datetime.now(UTC):
            reason = (
                f"not in the backup, and its link to WhatsApp's servers expired {ends:%Y-%m-%d}"
            )
            report.skipped.append(Outcome(path=path, reason=reason))
            return
        with archive.draft() as sealed, archive.draft() as plain:
            moved = servers.fetch(address, link, sealed.file)
            report.bytes += moved
            sha256, size = _open(link, sealed.file, moved, plain.file)
            entry = Entry(
                stored_as=f"whatsapp.net/{link.enc_sha256 or sha256}.enc",
                path=path,
                modified=note.sent_at,
                revision=link.enc_sha256,
            )
            file = archive.place(plain, entry, size=size, sha256=sha256, note=note)
    except (Interrupted, StorageError):
        raise
    except GdriveWaError as error:
        report.failed.append(Outcome.failed(path, error))
    else:
        report.done.append(Outcome(path=path, file=file, bytes=size))


def _open(link: MediaLink, sealed: IO[bytes], moved: int, plain: IO[bytes]) -> tuple[str, int]:
    """Decrypt what came; SHA-256 and size of the content, which is the one that was promised."""
    digest, size = hashlib.sha256(), 0

    def sink(piece: bytes | bytearray | memoryview) -> None:
        nonlocal size
        digest.update(piece)
        size += len(piece)
        plain.write(piece)

    sealed.seek(0)
    decrypt_enc(sealed, moved, link.media_key, sink)
    if link.sha256 not in (None, digest.hexdigest()):
        raise ChecksumError("what WhatsApp's servers hold is not what the database promises")
    return digest.hexdigest(), size


class _Servers:
    """WhatsApp's media servers, or whoever is in their place."""

    def __init__(self, root: str, progress: Progress) -> None:
        self.root = root
        self._progress = progress
        self._connections = Connections(2)

    def close(self) -> None:
        self._connections.close()

    def fetch(self, address: str, link: MediaLink, out: IO[bytes]) -> int:
        """The copy at `address`, written to `out`, its hash checked; its bytes."""
        attempt = 1
        while True:
            try:
                return self._try(address, link, out)
            except (_PassingError, HTTPError) as error:
                if untrusted := why_untrusted(error, "WhatsApp's servers"):
                    raise untrusted from error
                if attempt >= _PATIENCE.attempts:
                    raise NetworkError("WhatsApp's servers cannot be reached") from error
                asked = error.pause if isinstance(error, _PassingError) else None
            self._progress.check()
            time.sleep(min(_PATIENCE.pause(attempt, asked), _PATIENCE.longest))
            attempt += 1

    def _try(self, address: str, link: MediaLink, out: IO[bytes]) -> int:
        headers = {"User-Agent": f"gdrive-wa/{VERSION}", "Accept-Encoding": "identity"}
        answer = self._connections.request("GET", address, body=None, headers=headers)
        try:
            if answer.status in _REDIRECTS:
                raise RefusedError("WhatsApp's servers redirect elsewhere, which is not followed")
            if answer.status in _OVER:
                raise GoneError(
                    "WhatsApp's servers no longer hold it",
                    hint="whoever has it in their phone can send it to you again",
                )
            if answer.status != 200:
                refusal = read_refusal(answer.status, answer.headers, b"")
                if refusal.passing:
                    raise _PassingError(refusal.pause)
                raise RefusedError(f"WhatsApp's servers answered {answer.status}")
            out.seek(0)
            out.truncate()
            return _copy(answer.stream(_PIECE, decode_content=False), link, out, self._progress)
        finally:
            answer.close()


class _PassingError(Exception):
    """The server asks to come again."""

    def __init__(self, pause: float | None) -> None:
        super().__init__()
        self.pause = pause


def _copy(pieces: Iterator[bytes], link: MediaLink, out: IO[bytes], progress: Progress) -> int:
    most = LONGEST_VOICE_NOTE
    if link.size is not None:
        most = min(most, link.size // _BLOCK * _BLOCK + _BLOCK + ENC_MAC_SIZE)
    digest, moved = hashlib.sha256(), 0
    for piece in pieces:
        moved += len(piece)
        if moved > most:
            raise ChecksumError("what WhatsApp's servers send is longer than the database promises")
        digest.update(piece)
        out.write(piece)
        progress.advance(Stage.DOWNLOAD, moved=len(piece))
        progress.check()
    if link.enc_sha256 not in (None, digest.hexdigest()):
        raise ChecksumError("what came is not the copy that the database promises")
    return moved
