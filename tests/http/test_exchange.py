"""Requests on a connection that is kept: plain answers are read here, others by the libraries."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from gdrive_wa.core.errors import GoneError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.answer import PlainAnswer
from gdrive_wa.http.connections import Connections
from tests.google.scripted import Scripted, answer

BODY = b"a voice note, " * 3000
CHUNKED = b"5\r\nhello\r\n3\r\n wo\r\n0\r\n\r\n"


@pytest.fixture
def once() -> Iterator[Session]:
    made = Session(GivenToken(Secret("token")), retry_policy=RetryPolicy(attempts=1))
    yield made
    made.close()


def read(session: Session, scripted: Scripted, *, offset: int = 0) -> bytes:
    pieces = []
    with session.stream(f"{scripted.root}/file", what="a file", offset=offset) as stream:
        while piece := stream.read(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_connection_is_used_again(once: Session, scripted: Scripted) -> None:
    scripted.answers = [answer(BODY), answer(b""), answer(b"x"), answer(BODY)]
    assert [read(once, scripted) for _ in range(4)] == [BODY, b"", b"x", BODY]
    assert scripted.connections == 1
    first, *others = [sorted(asked.lower().splitlines()) for asked in scripted.asked]
    assert others == [first] * 3


def test_a_plain_answer_is_read_without_the_libraries(scripted: Scripted) -> None:
    scripted.answers = [answer(b"body", ETag="one")]
    connections = Connections(1)
    for _ in range(2):
        got = connections.request("GET", scripted.root, body=None, headers={"A": "b"})
        assert got.headers.get("etag") == "one"
        assert got.read(100, decode_content=False) == b"body"
        got.close()
    assert isinstance(got, PlainAnswer)
    assert got.headers.get("X") is None
    connections.close()


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (answer(CHUNKED, Transfer_Encoding="chunked"), b"hello wo"),
        (answer(gzip.compress(BODY), Content_Encoding="gzip"), BODY),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(BODY), BODY),
        (answer(BODY, Connection="close"), BODY),
        (answer(BODY).replace(b"\r\n", b"\n", 2), BODY),
        (answer(BODY).replace(b"\r\n\r\n", b"\r\nX: a\r\nX: b\r\n\r\n", 1), BODY),
        (answer(BODY, X="y" * 60_000), BODY),
    ],
    ids=["chunks", "gzip", "interim", "close", "bare line ends", "twice", "long head"],
)
def test_an_uncommon_answer_on_a_kept_connection(
    once: Session, scripted: Scripted, second: bytes, expected: bytes
) -> None:
    scripted.answers = [answer(b"x"), second]
    assert [read(once, scripted), read(once, scripted)] == [b"x", expected]
    assert len(scripted.asked) == 2


def test_a_refusal_on_a_kept_connection(once: Session, scripted: Scripted) -> None:
    scripted.answers = [answer(b"x"), answer(b"gone", status="404 Not Found"), answer(b"y")]
    assert read(once, scripted) == b"x"
    with pytest.raises(GoneError):
        read(once, scripted)
    assert read(once, scripted) == b"y"
    assert scripted.connections == 1


def test_bytes_after_an_answer_are_not_the_next_one(once: Session, scripted: Scripted) -> None:
    planted = answer(b"planted")
    scripted.answers = [answer(b"x"), answer(b"y") + planted, answer(b"z")]
    assert [read(once, scripted) for _ in range(3)] == [b"x", b"y", b"z"]
    assert scripted.connections == 2


def test_a_part_is_read_on_a_kept_connection(once: Session, scripted: Scripted) -> None:
    part = answer(b"cd", status="206 Partial Content", Content_Range="bytes 2-3/4")
    scripted.answers = [answer(b"abcd"), part]
    assert [read(once, scripted), read(once, scripted, offset=2)] == [b"abcd", b"cd"]
    assert "bytes=2-" in scripted.asked[1]


def test_a_redirect_to_another_host_on_a_kept_connection(once: Session, scripted: Scripted) -> None:
    with Scripted() as other:
        other.answers = [answer(b"elsewhere")]
        moved = answer(b"", status="302 Found", Location=f"{other.root}/file")
        scripted.answers = [answer(b"x"), moved]
        assert [read(once, scripted), read(once, scripted)] == [b"x", b"elsewhere"]
        assert "authorization" not in other.asked[0].lower()


def test_a_stream_that_is_left_closes_its_connection(once: Session, scripted: Scripted) -> None:
    scripted.answers = [answer(b"x"), answer(BODY), answer(b"z")]
    read(once, scripted)
    with once.stream(f"{scripted.root}/file", what="a file") as stream:
        assert stream.read(10) == BODY[:10]
    assert read(once, scripted) == b"z"
    assert scripted.connections == 2


@pytest.mark.parametrize("value", ["a\r\nX-Planted: b", "a\nb", "ü", ""])
def test_no_header_is_planted(scripted: Scripted, value: str) -> None:
    scripted.answers = [answer(b"x")]
    connections = Connections(1)
    connections.request("GET", scripted.root, body=None, headers={}).read(1, decode_content=False)
    try:
        connections.request("GET", scripted.root, body=None, headers={"A": value}).close()
    except (ValueError, NetworkError):
        assert "\n" in value
    assert all("planted" not in asked.lower() for asked in scripted.asked)
    connections.close()
