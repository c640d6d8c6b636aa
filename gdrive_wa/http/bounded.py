"""Connections that limit each answer, in bytes and in time.

The standard library limits the length of a line and the number of headers, but nothing else: a
server may send "100 Continue", trailers, or one byte a second forever. Here every read of the
socket is counted. The head of an answer has a limit, and so have the bytes between two pieces of
its body; an answer that keeps dripping is given up. A server that sends nothing at all is left to
the socket's own timeout.
"""

from __future__ import annotations

import io
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
READS = 3
"""Seconds of waiting, and reads, after which the speed is checked. A connection with pauses has few
reads, and is checked only after the longer time."""
LONG_WINDOW = 60.0


class _CountedReader(io.RawIOBase):
    """The socket's side of one answer, which counts its bytes and time.

    Only the time spent waiting for the server counts, from its first byte on.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self._left = LONGEST_HEAD
        self._seconds = 0.0
        self._bytes = self._reads = 0

    def allow(self, size: int) -> None:
        """Set the number of bytes that are allowed from now on."""
        self._left = size

    def readable(self) -> bool:
        """Always True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read like the socket.

        Raises:
            NetworkError: the answer is too long, or too slow.
        """
        begun = time.monotonic()
        count = self._raw.readinto(buffer)
        if count:
            self._left -= count
            if self._left < 0:
                raise NetworkError("the server's answer does not come to an end")
            self._judge_speed(count, time.monotonic() - begun)
        return count

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._raw.fileno()

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()
        super().close()

    def _judge_speed(self, count: int, seconds: float) -> None:
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
                f"the server sends its answer too slowly: less than {SLOWEST} bytes a second"
            )
        self._seconds, self._bytes, self._reads = 0.0, 0, 1


class _BoundedAnswer(HTTPResponse):
    """An answer with a count of every read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._counted = _CountedReader(self.fp.detach())
        self.fp = io.BufferedReader(self._counted)

    def read(self, amt: int | None = None) -> bytes:
        """As the standard library's."""
        self._allow(amt)
        return super().read(amt)

    def read1(self, n: int = -1) -> bytes:
        """As the standard library's."""
        self._allow(n)
        return super().read1(n)

    def _allow(self, size: int | None) -> None:
        self._counted.allow(LONGEST_HEAD + OVERHEAD * max(0, size or 0))


class _Connection(HTTPConnection):
    response_class = _BoundedAnswer


class _SafeConnection(HTTPSConnection):
    response_class = _BoundedAnswer


class Pool(urllib3.HTTPConnectionPool):
    """Connections to one host, without encryption."""

    ConnectionCls = _Connection


class SafePool(urllib3.HTTPSConnectionPool):
    """Connections to one host by TLS."""

    ConnectionCls = _SafeConnection


BY_SCHEME = {"http": Pool, "https": SafePool}
