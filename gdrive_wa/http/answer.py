"""The common answer, read without the layers that only uncommon ones need.

A blob is a head of a few lines and a body of known length. Everything else (interim answers,
chunks, compression, errors, the end of a connection) is left to the libraries.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Protocol

import urllib3
from urllib3.exceptions import ProtocolError, ReadTimeoutError, SSLError

from gdrive_wa.http.bounded import Pace

_HEAD = re.compile(rb"HTTP/1\.1 (200|206) [^\r\n]*\r\n(?:[!-9;-~]+:[^\r\n]*\r\n)*+\r\n")
"""The whole head of a successful answer, without folded lines."""
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_FRAMES = ("transfer-encoding", "content-encoding", "upgrade")
"""Headers of a body that is not simply the content, ``Content-Length`` bytes long."""


class Headers(Mapping[str, str]):
    """HTTP headers; names ignore case."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class BorrowedConnection(Protocol):
    """The connection that carries one answer; afterwards it is either kept or dropped."""

    @property
    def sock(self) -> socket.socket:
        """The open socket."""
        ...

    def keep(self) -> None:
        """Return the connection to its pool, for another request."""
        ...

    def drop(self) -> None:
        """Close the connection."""
        ...


class PlainAnswer:
    """A successful answer of known length, with those methods of urllib3's answers that are used
    in this package.

    Attributes:
        status: HTTP status, 200 or 206.
        headers: HTTP headers.
        length_remaining: bytes of the body that have not been read yet.
    """

    __slots__ = ("_ahead", "_connection", "_pace", "headers", "length_remaining", "status")

    def __init__(
        self,
        status: int,
        headers: Headers,
        length: int,
        ahead: bytes,
        pace: Pace,
        connection: BorrowedConnection,
    ) -> None:
        self.status = status
        self.headers = headers
        self.length_remaining = length
        self._ahead = ahead
        self._pace = pace
        self._connection: BorrowedConnection | None = connection
        if len(ahead) > length:  # the surplus bytes might be taken for the next answer
            self._ahead = ahead[:length]
            self._end(keep=False)
        elif not length:
            self._end(keep=True)

    def read1(self, amt: int, decode_content: bool | None = None) -> bytes:  # noqa: ARG002
        """At most `amt` more bytes, as soon as there are any; empty only at the end.

        Raises:
            HTTPError: the connection broke.
            NetworkError: the answer is too slow.
        """
        size = min(amt, self.length_remaining)
        if size <= 0:
            return b""
        if self._ahead:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            piece = self._receive(size)
        self.length_remaining -= len(piece)
        if not self.length_remaining:
            self._end(keep=True)
        return piece

    def read(self, amt: int, decode_content: bool | None = None) -> bytes:
        """`amt` more bytes, or fewer at the end. Raises the same errors as :meth:`read1`."""
        pieces = []
        while piece := self.read1(amt, decode_content):
            pieces.append(piece)
            amt -= len(piece)
        return b"".join(pieces)

    def drain_conn(self) -> None:
        """Do nothing: after the body, nothing is left in the connection."""

    def close(self) -> None:
        """Close the connection, unless the answer was read completely."""
        self._end(keep=False)

    def _receive(self, size: int) -> bytes:
        if self._connection is None:
            raise ProtocolError("the connection was closed")
        try:
            piece = self._pace.receive(self._connection.sock, size)
        except BaseException as error:
            self._end(keep=False)
            if isinstance(error, OSError):
                raise as_http_error(error) from error
            raise
        if not piece:
            self._end(keep=False)
            raise ProtocolError(f"{self.length_remaining} bytes are missing")
        return piece

    def _end(self, *, keep: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.keep() if keep else connection.drop()


HttpAnswer = PlainAnswer | urllib3.BaseHTTPResponse


def read_plain(received: bytes, pace: Pace, connection: BorrowedConnection) -> PlainAnswer | None:
    """The answer that begins with the bytes `received`; None if the libraries should read it."""
    head = _HEAD.match(received)
    if head is None:
        return None
    values: dict[str, str] = {}
    for each in head[0].decode("latin-1").split("\r\n")[1:-2]:
        name, _, value = each.partition(":")
        name = name.lower()
        if name in values:
            return None
        values[name] = value.strip(" \t")
    length = values.get("content-length", "")
    lasting = values.get("connection", "keep-alive").lower() == "keep-alive"
    if not (lasting and _LENGTH.fullmatch(length)):
        return None
    if any(values.get(name, "identity") != "identity" for name in _FRAMES):
        return None
    ahead = received[head.end() :]
    return PlainAnswer(int(head[1]), Headers(values), int(length), ahead, pace, connection)


def as_http_error(error: OSError) -> urllib3.exceptions.HTTPError:
    """urllib3's equivalent of an error of a socket."""
    if isinstance(error, TimeoutError):
        return ReadTimeoutError(None, None, "the server sends nothing more")  # type: ignore[arg-type]
    if isinstance(error, ssl.SSLError):
        return SSLError(error)
    return ProtocolError("the connection broke", error)
