"""Connections that limit each answer, in bytes and in time.

The standard library limits the length of a line and the number of headers, but nothing else: a
server may send "100 Continue", trailers, or one byte a second forever. Here every read of the
socket is counted. The length of an answer's head is limited, and so is the number of bytes between
two pieces of its body. An answer that only trickles in is abandoned. A server that sends nothing
at all is left to the socket's own timeout.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from gdrive_wa.core.errors import NetworkError

LONGEST_HEAD = 64 << 10
"""Maximum bytes of the head of an answer, including interim answers ("100 Continue")."""
OVERHEAD = 8
"""Maximum bytes on the wire for each byte of the body: a chunk of one byte takes six."""
SLOWEST = 64
"""Minimum bytes a second of an answer; the slowest mobile network is 20 times faster."""
WINDOW = 4.0
"""Seconds of waiting after which the speed is checked, if there were more than `READS` reads."""
READS = 3
"""Reads up to which a connection may just have paused, so that its speed is not checked yet."""
LONG_WINDOW = 60.0
"""Seconds of waiting after which the speed is checked, even after few reads."""


class Pace:
    """How fast a server sends one answer.

    Only the time spent waiting for the server counts, from its first byte on.
    """

    __slots__ = ("_bytes", "_reads", "_seconds")

    def __init__(self) -> None:
        self._seconds = 0.0
        self._bytes = self._reads = 0

    def receive(self, sock: socket.socket, size: int) -> bytes:
        """At most `size` bytes, as soon as there are any; empty at the end of the connection.

        Raises:
            NetworkError: the answer is too slow.
        """
        begun = time.monotonic()
        piece = sock.recv(size)
        self.judge(len(piece), time.monotonic() - begun)
        return piece

    def judge(self, count: int, seconds: float) -> None:
        """Count one read: `count` bytes after `seconds` of waiting.

        Raises:
            NetworkError: the answer is too slow.
        """
        self._reads += 1
        if self._reads == 1:
            return  # until now the server was preparing its answer
        self._seconds += seconds
        self._bytes += count
        often = self._seconds >= WINDOW and self._reads > READS
        if not (often or self._seconds >= LONG_WINDOW):
            return
        if self._bytes < SLOWEST * self._seconds:
            raise NetworkError(
                f"the server sends its answer too slowly: fewer than {SLOWEST} bytes a second"
            )
        self._seconds, self._bytes, self._reads = 0.0, 0, 1


class _CountedReader(io.RawIOBase):
    """Reads one answer from the socket, and limits its length and its slowness."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self._left = LONGEST_HEAD
        self._pace = Pace()
        self._ahead = b""

    def allow(self, size: int) -> None:
        """Set the number of bytes that are allowed from now on."""
        self._left = size

    def put_back(self, ahead: bytes, pace: Pace) -> None:
        """Return `ahead`, which was already read from the socket, before reading on; `pace` has
        counted it."""
        self._ahead, self._pace = ahead, pace

    def readable(self) -> bool:
        """Always True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read like the socket.

        Raises:
            NetworkError: the answer is too long, or too slow.
        """
        begun = time.monotonic()
        count = self._from_ahead(buffer) if self._ahead else self._raw.readinto(buffer)
        if count:
            self._left -= count
            if self._left < 0:
                raise NetworkError("the server's answer does not end")
            self._pace.judge(count, time.monotonic() - begun)
        return count

    def _from_ahead(self, buffer: Any) -> int:
        piece = self._ahead[: len(buffer)]
        buffer[: len(piece)] = piece
        self._ahead = self._ahead[len(piece) :]
        return len(piece)

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._raw.fileno()

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()
        super().close()


class BoundedAnswer(HTTPResponse):
    """An answer of limited length and slowness."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._counted = _CountedReader(self.fp.detach())
        self.fp = io.BufferedReader(self._counted)

    def put_back(self, ahead: bytes, pace: Pace) -> None:
        """Return `ahead`, which was already read from the socket, before reading on; `pace` has
        counted it."""
        self._counted.put_back(ahead, pace)

    def read(self, amt: int | None = None) -> bytes:
        """Read like the standard library's response, within the limits."""
        self._allow(amt)
        return super().read(amt)

    def read1(self, n: int = -1) -> bytes:
        """Read like the standard library's response, within the limits."""
        self._allow(n)
        return super().read1(n)

    def _allow(self, size: int | None) -> None:
        self._counted.allow(LONGEST_HEAD + OVERHEAD * max(0, size or 0))


class _Connection(HTTPConnection):
    response_class = BoundedAnswer


class _SafeConnection(HTTPSConnection):
    response_class = BoundedAnswer


class _Named(urllib3.HTTPConnectionPool):
    """Adds the value of the header ``Host``.

    Attributes:
        authority: host, and the port unless it is the default one.
    """

    def __init__(self, host: str, port: int | None = None, **options: Any) -> None:
        super().__init__(host, port, **options)
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = port is None or port == self.ConnectionCls.default_port
        self.authority = name if usual else f"{name}:{port}"

    def take_open(self) -> HTTPConnection | None:
        """An idle open connection, which the caller must give back; None if there is none."""
        connection = self._get_conn()
        if isinstance(connection, HTTPConnection) and connection.sock is not None:
            return connection
        self._put_conn(connection)
        return None

    def give_back(self, connection: HTTPConnection) -> None:
        """Let other requests use `connection`, which may have been closed."""
        self._put_conn(connection)


class Pool(_Named):
    """Connections to one host, without encryption."""

    ConnectionCls = _Connection


class SafePool(_Named, urllib3.HTTPSConnectionPool):
    """Connections to one host over TLS."""

    ConnectionCls = _SafeConnection


BY_SCHEME: dict[str, type] = {"http": Pool, "https": SafePool}
