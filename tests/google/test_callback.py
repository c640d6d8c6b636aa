"""The server that receives the browser's redirect."""

from __future__ import annotations

import socket
import struct
import time
from urllib.parse import urlsplit

import pytest

from gdrive_wa.google.callback import CallbackServer
from tests.google.browser import visit
from tests.google.ports import free_port

STATE = "a state"
ANSWER = "?state=a+state&code="


def connected(server: CallbackServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=120)


def test_the_query_is_returned_completely() -> None:
    with CallbackServer(0, STATE) as server:
        status, _, page = visit(f"{server.url}{ANSWER}4%2Fabc")
        assert server.wait(120) == f"{server.url}{ANSWER}4%2Fabc"
    assert status == 200
    assert "You can close this window" in page


def test_the_wait_ends_despite_a_silent_connection() -> None:
    """Browsers open some ahead of time, and may never use them."""
    with CallbackServer(0, STATE) as server, connected(server):
        begun = time.monotonic()
        assert server.wait(0.3) is None
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    "sent", [b"", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"]
)
def test_invalid_requests_do_not_end_the_wait(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with CallbackServer(0, STATE) as server:
        with connected(server) as stray:
            stray.sendall(sent)
        with connected(server) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            rude.sendall(b"GET / ")
        with connected(server):
            visit(f"{server.url}{ANSWER}1")
        assert server.wait(120) == f"{server.url}{ANSWER}1"
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("stray", "of_another_sign_in"),
    [
        ("favicon.ico", 0),
        ("", 0),
        ("?state=a+state", 0),
        ("?code=1&state=another", 1),
        ("?code=1", 1),
        ("?error=access_denied&state=", 1),
        ("?" + "&".join(f"a{number}=1" for number in range(100)), 0),
        ("?code=1&state=%ff%ff", 1),
    ],
)
def test_a_stray_request_does_not_end_the_wait(stray: str, of_another_sign_in: int) -> None:
    with CallbackServer(0, STATE) as server:
        status, _, page = visit(server.url + stray)
        assert server.wait(0.3) is None
        assert server.strays == of_another_sign_in
        visit(f"{server.url}{ANSWER}1")
        assert server.wait(120) == f"{server.url}{ANSWER}1"
    assert status == 404
    assert "is not the answer" in page


def test_a_port_can_be_used_again_at_once() -> None:
    """After a denial or a stray request, users try again over the same tunnel."""
    port = free_port()
    with CallbackServer(port, STATE) as first:
        visit(f"{first.url}?state=a+state&error=access_denied")
        assert first.wait(120)
    with CallbackServer(port, STATE) as second:
        visit(f"{second.url}{ANSWER}2")
        assert second.wait(120) == f"{first.url}{ANSWER}2"


def test_a_port_in_use_is_refused() -> None:
    with CallbackServer(0, STATE) as first, pytest.raises(OSError, match="in use"):
        CallbackServer(urlsplit(first.url).port or 0, STATE)
