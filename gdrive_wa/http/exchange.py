"""One request on a connection that is already open.

urllib3 opens connections (through proxies, with TLS) and keeps them. For each request, its layers
take longer than a small blob takes to arrive, so this module sends the requests for blobs itself.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from http.client import HTTPException

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ProtocolError

from gdrive_wa.http.answer import HttpAnswer, as_http_error, read_plain
from gdrive_wa.http.bounded import LONGEST_HEAD, BoundedAnswer, Pace, Pool, SafePool

_TARGET = re.compile(r"/[!-~]*")
_LINES = re.compile(r"(?:[!-9;-~]+: [ -~]+\r\n)+")


class _Borrowed:
    """A connection from a pool. See :class:`~gdrive_wa.http.answer.BorrowedConnection`."""

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
    """The answer to one GET request. None if urllib3 should send it: `pool` has no open connection,
    or the target or a header contains unusual characters.

    Args:
        pool: the connections to the host.
        target: path and query.
        headers: all headers except ``Host``.
        seconds: maximum time to wait for each piece of the answer.

    Raises:
        urllib3.exceptions.HTTPError: it failed.
        NetworkError: the answer is too slow.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    valid = _LINES.fullmatch(lines) and lines.count("\n") == len(headers)
    if not (valid and _TARGET.fullmatch(target)):
        return None
    connection = pool.take_open()
    if connection is None:
        return None
    borrowed = _Borrowed(pool, connection)
    try:
        return _answer(pool, connection, borrowed, f"GET {target} HTTP/1.1\r\n{lines}", seconds)
    except BaseException as error:
        borrowed.drop()
        if isinstance(error, OSError):
            raise as_http_error(error) from error
        if isinstance(error, HTTPException):
            raise ProtocolError("the connection broke", error) from error
        raise


def _answer(
    pool: Pool | SafePool,
    connection: HTTPConnection,
    borrowed: _Borrowed,
    head: str,
    seconds: float,
) -> HttpAnswer:
    if borrowed.sock.gettimeout() != seconds:
        borrowed.sock.settimeout(seconds)
    borrowed.sock.sendall(f"{head}Host: {pool.authority}\r\n\r\n".encode("ascii"))
    pace = Pace()
    received = pace.receive(borrowed.sock, LONGEST_HEAD)
    return read_plain(received, pace, borrowed) or _uncommon(pool, connection, received, pace)


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
