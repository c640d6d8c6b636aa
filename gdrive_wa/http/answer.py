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

_STATUS = re.compile(r"HTTP/1\.1 (200|206) [^\r\n]*", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_NAME = re.compile(r"[!-9;-~]+", re.ASCII)
_FRAMES = ("transfer-encoding", "content-encoding", "upgrade")
"""Headers of bodies that are not simply as many bytes as stated."""


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


class Line(Protocol):
    """The connection of one answer, and what happens to it afterwards."""

    @property
    def sock(self) -> socket.socket:
        """The open socket."""
        ...

    def keep(self) -> None:
        """Use it for another request."""
        ...

    def drop(self) -> None:
        """Close it."""
        ...


class PlainAnswer:
    """A successful answer of known length, with the methods of urllib3's that are used here.

    Attributes:
        status: HTTP status, 200 or 206.
        headers: HTTP headers.
        length_remaining: bytes of the body that were not yet read.
    """

    __slots__ = ("_ahead", "_line", "_pace", "headers", "length_remaining", "status")

    def __init__(
        self, status: int, headers: Headers, length: int, ahead: bytes, pace: Pace, line: Line
    ) -> None:
        self.status = status
        self.headers = headers
        self.length_remaining = length
        self._ahead = ahead
        self._pace = pace
        self._line: Line | None = line
        if len(ahead) > length:  # what follows cannot be trusted to be the next answer
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
        """`amt` more bytes, or fewer at the end. Raises as :meth:`read1`."""
        pieces = []
        while piece := self.read1(amt, decode_content):
            pieces.append(piece)
            amt -= len(piece)
        return b"".join(pieces)

    def drain_conn(self) -> None:
        """Nothing is left in the connection after the body."""

    def close(self) -> None:
        """Close the connection, unless the answer was read completely."""
        self._end(keep=False)

    def _receive(self, size: int) -> bytes:
        if self._line is None:
            raise ProtocolError("the connection was closed")
        try:
            piece = self._pace.receive(self._line.sock, size)
        except BaseException as error:
            self._end(keep=False)
            if isinstance(error, OSError):
                raise wrapped(error) from error
            raise
        if not piece:
            self._end(keep=False)
            raise ProtocolError(f"{self.length_remaining} bytes are missing")
        return piece

    def _end(self, *, keep: bool) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.keep() if keep else line.drop()


HttpAnswer = PlainAnswer | urllib3.BaseHTTPResponse


def read_plain(received: bytes, pace: Pace, line: Line) -> PlainAnswer | None:
    """The answer that begins with the bytes `received`; None if the libraries should read it."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    status = _STATUS.fullmatch(first)
    values: dict[str, str] = {}
    for each in lines:
        name, _, value = each.partition(":")
        name = name.lower()
        if name in values or not _NAME.fullmatch(name) or "\n" in value or "\r" in value:
            return None
        values[name] = value.strip(" \t")
    length = values.get("content-length", "")
    lasting = values.get("connection", "keep-alive").lower() == "keep-alive"
    if not (status and lasting and _LENGTH.fullmatch(length)):
        return None
    if any(values.get(name, "identity") != "identity" for name in _FRAMES):
        return None
    ahead = received[end + 4 :]
    return PlainAnswer(int(status[1]), Headers(values), int(length), ahead, pace, line)


def wrapped(error: OSError) -> urllib3.exceptions.HTTPError:
    """The error of urllib3 for one of a socket."""
    if isinstance(error, TimeoutError):
        return ReadTimeoutError(None, None, "the server sends nothing more")  # type: ignore[arg-type]
    if isinstance(error, ssl.SSLError):
        return SSLError(error)
    return ProtocolError("the connection broke", error)
