"""One request on a connection that is already open.

urllib3 opens connections (through proxies, with TLS) and keeps them. Its layers for each request
take longer than a small blob takes to arrive, so requests for blobs are written here.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from http.client import HTTPException

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ProtocolError

from gdrive_wa.http.answer import HttpAnswer, read_plain, wrapped
from gdrive_wa.http.bounded import LONGEST_HEAD, BoundedAnswer, Pace, Pool, SafePool

_TARGET = re.compile(r"/[!-~]*")
_LINES = re.compile(r"(?:[!-9;-~]+: [ -~]+\r\n)+")


class _Held:
    """A connection that was taken from its pool. See :class:`~gdrive_wa.http.answer.Line`."""

    __slots__ = ("_connection", "_pool", "sock")

    def __init__(self, pool: Pool | SafePool, connection: HTTPConnection) -> None:
        self.sock: socket.socket = connection.sock
        self._pool = pool
        self._connection = connection

    def keep(self) -> None:
        self._pool.give_back(self._connection)

    def drop(self) -> None:
        self._connection.close()
        self._pool.give_back(self._connection)


def exchange(
    pool: Pool | SafePool, target: str, headers: Mapping[str, str], *, seconds: float
) -> HttpAnswer | None:
    """The answer to one GET request, or None if `pool` has no connection open for it.

    Args:
        pool: of the host.
        target: path and query.
        headers: all headers but the host.
        seconds: to wait for each piece of the answer.

    Raises:
        urllib3.exceptions.HTTPError: it failed.
        NetworkError: the answer is too slow.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    sound = _LINES.fullmatch(lines) and lines.count("\n") == len(headers)
    if not (sound and _TARGET.fullmatch(target)):
        return None
    connection = pool.take_open()
    if connection is None:
        return None
    held = _Held(pool, connection)
    try:
        return _answer(pool, connection, held, f"GET {target} HTTP/1.1\r\n{lines}", seconds)
    except BaseException as error:
        held.drop()
        if isinstance(error, OSError):
            raise wrapped(error) from error
        if isinstance(error, HTTPException):
            raise ProtocolError("the connection broke", error) from error
        raise


def _answer(
    pool: Pool | SafePool, connection: HTTPConnection, held: _Held, head: str, seconds: float
) -> HttpAnswer:
    if held.sock.gettimeout() != seconds:
        held.sock.settimeout(seconds)
    held.sock.sendall(f"{head}Host: {pool.authority}\r\n\r\n".encode("ascii"))
    pace = Pace()
    received = pace.receive(held.sock, LONGEST_HEAD)
    return read_plain(received, pace, held) or _uncommon(pool, connection, received, pace)


def _uncommon(
    pool: Pool | SafePool, connection: HTTPConnection, received: bytes, pace: Pace
) -> urllib3.HTTPResponse:
    """The answer that begins with the bytes `received`, read by the libraries."""
    raw = BoundedAnswer(connection.sock, method="GET")
    raw.put_back(received, pace)
    raw.begin()
    if raw.will_close:
        connection.close()
    return urllib3.HTTPResponse(
        body=raw,
        headers=urllib3.HTTPHeaderDict(raw.msg.items()),
        status=raw.status,
        version=raw.version,
        reason=raw.reason,
        preload_content=False,
        decode_content=False,
        original_response=raw,
        pool=pool,
        connection=connection,
        request_method="GET",
    )
