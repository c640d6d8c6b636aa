"""Answers that never come to an end, from a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.bounded import LONGEST_HEAD, OVERHEAD, READS, WINDOW
from tests.http.endless import Endless

PIECE = 1 << 16
MEBIBYTE = 1 << 20
STEPS = 200
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session(GivenToken(Secret("token")), retry_policy=RetryPolicy(attempts=2, base=0.001))
    yield made
    made.close()


def read_all(session: Session, url: str) -> int:
    size = 0
    with session.stream(url, what="a file") as stream:
        while piece := stream.read(PIECE):
            size += len(piece)
    return size


def forever(start: bytes, part: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield start
        yield from repeat(part)

    return pieces


@pytest.mark.parametrize(
    ("start", "part"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"),
        (OK + b"X: ", b"y" * 1000),
        (OK, b"X: " + b"y" * 1000 + b"\r\n"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", b"X: y\r\n"),
        (CHUNKED + b"5\r\nhello\r\n", b"0" * 100),
        (CHUNKED + b"5;", b"x" * 100),
    ],
    ids=[
        "100 Continue",
        "100 Continue with a header",
        "one header",
        "headers",
        "trailers",
        "size of a chunk",
        "words of a chunk",
    ],
)
def test_an_endless_answer_is_abandoned(session: Session, start: bytes, part: bytes) -> None:
    with Endless(forever(start, part)) as server:
        with pytest.raises(NetworkError):
            read_all(session, server.root)
        assert server.sent < 20 * MEBIBYTE  # most of it is still in buffers


def test_an_endless_error_is_still_an_error(session: Session) -> None:
    start = b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000000000000\r\n\r\n"
    with (
        Endless(forever(start, b"x" * 1000)) as server,
        pytest.raises(NetworkError, match="no longer stored"),
    ):
        read_all(session, server.root)


def test_an_endless_answer_that_is_read_completely_is_too_long(session: Session) -> None:
    with Endless(forever(OK + b"\r\n", b" " * 1000)) as server:
        with pytest.raises(NetworkError, match="too long"):
            session.request("GET", server.root, what="a page", most=MEBIBYTE)
        assert server.sent < 20 * MEBIBYTE


class Ticking:
    """A clock that a server advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    made = Ticking()
    monkeypatch.setattr("gdrive_wa.http.bounded.time", made)
    return made


def dripping(clock: Ticking, head: bytes, part: bytes, seconds: float) -> Endless:
    """Sends `part` again and again; the clock advances by `seconds` before each."""

    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(STEPS):
            time.sleep(0.002)  # so that each is a read of its own
            clock.now += seconds
            yield part

    return Endless(pieces)


def test_an_answer_that_trickles_in_is_abandoned(session: Session, clock: Ticking) -> None:
    head = OK + b"Content-Length: 1000000\r\n\r\n"
    with (
        dripping(clock, head, b"x", 1.0) as server,
        pytest.raises(NetworkError, match="too slowly"),
    ):
        read_all(session, server.root)
    assert WINDOW <= clock.now < 10 * WINDOW


def test_a_head_that_trickles_in_is_abandoned(session: Session, clock: Ticking) -> None:
    with (
        dripping(clock, OK + b"X: ", b"x", 1.0) as server,
        pytest.raises(NetworkError, match="too slowly"),
    ):
        read_all(session, server.root)


def test_a_slow_network_is_tolerated(session: Session, clock: Ticking) -> None:
    size = 300 * STEPS
    head = OK + b"Content-Length: %d\r\n\r\n" % size
    with dripping(clock, head, b"x" * 300, 1.0) as server:
        assert read_all(session, server.root) == size
    assert clock.now > 10 * WINDOW


def test_a_server_that_answers_after_a_long_wait_is_tolerated(
    session: Session, clock: Ticking
) -> None:
    parts = [OK, b"Content-Length: 9\r\n", b"X: y\r\n", b"\r\n", b"all", b" of", b" it"]
    assert len(parts) > READS

    def pieces() -> Iterator[bytes]:
        clock.now += 25
        for part in parts:
            time.sleep(0.002)
            clock.now += 0.5
            yield part

    with Endless(pieces) as server:
        assert read_all(session, server.root) == 9


def test_a_chunk_of_one_byte_is_tolerated(session: Session) -> None:
    def pieces() -> Iterator[bytes]:
        yield CHUNKED + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"

    with Endless(pieces) as server:
        assert read_all(session, server.root) == 100_000
    assert OVERHEAD > 6
    assert LONGEST_HEAD
