"""WhatsApp's media servers, through the links in the databases.

They keep the encrypted copy of a voice note for about a month; the row of the message contains
the link and the key. No login is needed or sent. A database is untrusted: its links are followed
only to WhatsApp's hosts, or to the server given in their place, and redirects are not followed.
Format facts: proto/README.md, ".enc".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from gdrive_wa.core.errors import (
    ChecksumError,
    GdriveWaError,
    GoneError,
    NetworkError,
    RefusedError,
)
from gdrive_wa.core.kinds import LONGEST_VOICE_NOTE
from gdrive_wa.core.model import Backup, Entry, MediaLink
from gdrive_wa.core.moments import moment_at
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.core.version import VERSION
from gdrive_wa.crypt.media import enc_size
from gdrive_wa.http.blob import HttpBlob
from gdrive_wa.http.connections import Connections
from gdrive_wa.http.retry import Refusal, Verdict
from gdrive_wa.http.retrying import Retrying

HOSTS = ".whatsapp.net"
DEFAULT_HOST = "mmg.whatsapp.net"
RETRY_POLICY = RetryPolicy(attempts=4, max_pause=8.0, max_retry_after=8.0)
_CONNECTIONS = 64
_GONE = (403, 404, 410)
_REDIRECTS = range(300, 400)
_PATH = re.compile(r"/(?!/)[!-~]*")
_NOT_FOLLOWED = "it was not followed: a genuine database contains only links to WhatsApp's servers"


class WhatsAppServers:
    """The encrypted copies behind the links of a database, as one backup.

    Args:
        links: links from the databases; of two links to the same copy, the first one is used.
        root: the root of another server in WhatsApp's place; empty for WhatsApp's own servers.
        retry_policy: how often and how long to try a request.
    """

    name = "whatsapp"

    def __init__(
        self,
        links: Iterable[MediaLink],
        root: str = "",
        *,
        retry_policy: RetryPolicy = RETRY_POLICY,
    ) -> None:
        self._links: dict[str, MediaLink] = {}
        for link in links:
            self._links.setdefault(stored_name(link), link)
        self._root = root
        self._connections = Connections(_CONNECTIONS)
        self._retrying = Retrying(retry_policy)

    def backups(self) -> list[Backup]:
        """One backup, or none without links."""
        if not self._links:
            return []
        sizes = [_size(link) for link in self._links.values()]
        known = sum(size for size in sizes if size is not None)
        size = None if None in sizes else known
        return [Backup(name=self.name, account=self.name, size=size)]

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`. No request is sent for it."""
        if backup.name != self.name:
            return
        for stored_as, link in self._links.items():
            yield Entry(
                stored_as=stored_as,
                path=stored_as,
                locator=url_of(link),
                size=_size(link),
                revision=link.enc_sha256,
            )

    def state(self, backup: Backup) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: it is not known without a listing."""

    def path_of(self, entry: Entry) -> None:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: entries have to be fetched."""

    def open(self, entry: Entry, *, offset: int = 0) -> HttpBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        Raises:
            GoneError: the link has expired, or WhatsApp no longer stores the copy.
            RefusedError: the link leads to another server, or to a redirect.
            ChecksumError: the copy is too long; also raised while it is read.
            NetworkError: the copy cannot be read now.
        """
        address = address_of(entry.locator, self._root)
        blob = self._ask(address, entry, offset)
        if offset and not blob.offset_known:
            blob.close()
            blob = self._ask(address, entry, 0)
        if entry.size is not None:
            blob.most = min(entry.size, LONGEST_VOICE_NOTE)
        if blob.total is not None and blob.total > blob.most:
            blob.close()
            raise _too_long()
        return blob

    def close(self) -> None:
        """Close all connections."""
        self._retrying.close()
        self._connections.close()

    def _ask(self, address: str, entry: Entry, offset: int) -> _BoundedBlob:
        headers = {"User-Agent": f"gdrive-wa/{VERSION}", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        return self._retrying.ask(
            lambda: self._connections.request("GET", address, body=None, headers=headers),
            lambda answer: _BoundedBlob(answer, entry.stored_as),
            _judge,
            host=urlsplit(address).netloc,
            ranged=offset > 0,
        )


class _BoundedBlob(HttpBlob):
    """A stream that fails if the server sends more than the copy can have.

    Attributes:
        most: the maximum number of bytes of the copy.
    """

    most = LONGEST_VOICE_NOTE
    _received = 0

    def read(self, size: int) -> bytes:
        """Like :meth:`~gdrive_wa.http.blob.HttpBlob.read`.

        Raises:
            ChecksumError: the copy is too long.
        """
        piece = super().read(size)
        self._received += len(piece)
        if self.offset + self._received > self.most:
            raise _too_long()
        return piece


def stored_name(link: MediaLink) -> str:
    """The name of the copy as an entry: its hash, or a hash of its chat and message."""
    name = link.enc_sha256
    if name is None:  # an id is unique only in its chat, and may contain anything
        name = hashlib.sha256(f"{link.chat_jid}\n{link.message_id}".encode()).hexdigest()
    return f"whatsapp.net/{name}.enc"


def expiry(link: MediaLink) -> datetime | None:
    """When a link expires, UTC: its ``oe``, a hexadecimal Unix time; None if it has none."""
    try:
        (text,) = parse_qs(urlsplit(url_of(link)).query).get("oe", [""])
        return moment_at(int(text, 16))
    except ValueError:
        return None


def url_of(link: MediaLink) -> str:
    """The address of a link as it is in the database. It is untrusted."""
    return link.url or f"https://{DEFAULT_HOST}{link.direct_path or ''}"


def address_of(url: str, root: str = "") -> str:
    """The address to request for `url`: the same, or the same path at `root`.

    Raises:
        RefusedError: `url` does not lead to WhatsApp's servers, or is not valid.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError as error:
        raise RefusedError("its link is not valid", hint=_NOT_FOLLOWED) from error
    path = f"{parts.path}?{parts.query}"
    if not _PATH.fullmatch(path) or parts.username is not None or parts.password is not None:
        raise RefusedError("its link is not valid", hint=_NOT_FOLLOWED)
    if parts.scheme != "https" or port not in (None, 443) or not host.endswith(HOSTS):
        shown = ascii(f"{parts.scheme}://{host}"[:80])
        raise RefusedError(f"its link does not lead to WhatsApp: {shown}", hint=_NOT_FOLLOWED)
    return f"{root or f'https://{host}'}{path}"


def _size(link: MediaLink) -> int | None:
    return None if link.size is None else enc_size(link.size)


def _judge(refusal: Refusal) -> Verdict:
    return Verdict(
        error=_error_of(refusal),
        retry=refusal.transient,
        limits_rate=refusal.limits_rate,
        pause=refusal.pause,
    )


def _error_of(refusal: Refusal) -> GdriveWaError:
    if refusal.status in _REDIRECTS:
        return RefusedError("WhatsApp's servers redirect elsewhere, which is not followed")
    if refusal.transient:
        return NetworkError(f"WhatsApp's servers do not work now: they answer {refusal.status}")
    if refusal.status in _GONE:
        return GoneError(
            "WhatsApp's servers no longer store it",
            hint="ask someone who has it on their phone to send it again",
        )
    return RefusedError(f"WhatsApp's servers answered {refusal.status}")


def _too_long() -> ChecksumError:
    return ChecksumError("WhatsApp's servers sent more than the database promises")
