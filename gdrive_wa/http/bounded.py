"""Connections on which an answer comes to an end: in bytes, and in time.

The standard library bounds the length of a line and the number of headers, but nothing else: a
server may send "100 Continue", trailers, or one byte a second for ever. Here every read of the
socket is counted. The head of an answer has a bound; so has whatever is read between two pieces
of its body; and an answer that keeps dripping is given up. A server that sends nothing at all is
the matter of the socket's own time-out.
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
"""Most bytes of the head of an answer, interim answers ("100 Continue") included."""
OVERHEAD = 8
"""Most bytes on the wire for each byte of the body: a chunk of one byte takes six."""
SLOWEST = 64
"""Bytes a second below which an answer drips; a phone's slowest network sends twenty times that."""
WINDOW = 4.0
READS = 3
"""Seconds of waiting, and reads, after which the speed is judged. A connection that pauses reads
seldom, and is judged only after the longer time."""
LONG_WINDOW = 60.0


class _CountedReader(io.RawIOBase):
    """The socket's side of one answer, with its bytes and its time counted.

    Only the time that is spent waiting for the server counts, from its first byte on.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self._left = LONGEST_HEAD
        self._seconds = 0.0
        self._bytes = self._reads = 0

    def allow(self, size: int) -> None:
        """Allow so many bytes from now on."""
        self._left = size

    def readable(self) -> bool:
        """True: that is all it does."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As the socket.

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
        """Let go of the socket."""
        self._raw.close()
        super().close()

    def _judge_speed(self, count: int, seconds: float) -> None:
        self._reads += 1
        if self._reads == 1:
            return  # until now the server was thinking
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
    """An answer whose every read is counted."""

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
