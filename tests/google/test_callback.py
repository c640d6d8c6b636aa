"""Where the browser comes back to."""

from __future__ import annotations

import socket
import struct
import time
from urllib.parse import urlsplit

import pytest

from gdrive_wa.google.callback import CallbackServer
from tests.google.browser import visit
from tests.google.ports import free_port


def connected(server: CallbackServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=120)


def test_what_is_asked_for_comes_back_whole() -> None:
    with CallbackServer(0) as server:
        status, _, page = visit(f"{server.url}?code=4%2Fabc&state=x")
        assert server.wait(120) == f"{server.url}?code=4%2Fabc&state=x"
    assert status == 200
    assert "You can close this window" in page


def test_the_wait_ends_though_a_connection_says_nothing() -> None:
    """Browsers open some ahead of time, and may never use them."""
    with CallbackServer(0) as server, connected(server):
        begun = time.monotonic()
        assert server.wait(0.3) is None
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    "sent", [b"", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_request_does_not_end_it(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with CallbackServer(0) as server:
        with connected(server) as stray:
            stray.sendall(sent)
        with connected(server) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            rude.sendall(b"GET / ")
        with connected(server):
            visit(f"{server.url}?code=1")
        assert server.wait(120) == f"{server.url}?code=1"
    assert capfd.readouterr().err == ""


def test_a_port_can_be_used_again_at_once() -> None:
    """Whoever was denied, or came back by a stray request, tries again over the same tunnel."""
    port = free_port()
    with CallbackServer(port) as first:
        visit(first.url)
        assert first.wait(120)
    with CallbackServer(port) as second:
        visit(f"{second.url}?again")
        assert second.wait(120) == f"{first.url}?again"


def test_a_port_that_somebody_listens_on_is_refused() -> None:
    with CallbackServer(0) as first, pytest.raises(OSError, match="in use"):
        CallbackServer(urlsplit(first.url).port or 0)
