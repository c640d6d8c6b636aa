"""Where the browser comes back to after a sign-in: one request, to this machine.

The server that google-auth-oauthlib has for it waits for ever, whatever the time limit, for a
connection on which nothing is asked, such as browsers open ahead of time; takes one on which no
HTTP comes for the end of the time; and does not get a port again within a minute of its last use.
"""

from __future__ import annotations

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
POLL_SECONDS = 0.2
_PAGE = "That is all here. Close this window and go back to the terminal: it tells how it ended."
"""Shown whatever came: consent, a refusal, or a stray request."""


class CallbackServer:
    """Listens from the moment it is made, and takes the first request. A context manager.

    Args:
        port: 0 for any that is free.

    Attributes:
        url: where the browser is to come back to.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int) -> None:
        self._server = _Server(port)
        self.url = f"http://{HOST}:{self._server.server_port}/"
        self._thread = Thread(target=self._server.serve_forever, args=(POLL_SECONDS / 4,))
        self._thread.daemon = True
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> str | None:
        """The address that was asked for, whole; None when nothing was in so many seconds."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:  # by and by, for Ctrl-C is not heard within one wait everywhere
                path = self._server.asked.get(timeout=min(left, POLL_SECONDS))
            except Empty:
                continue
            return self.url + path.lstrip("/")
        return None


class _Server(ThreadingHTTPServer):
    # elsewhere than on POSIX, it would let another program listen on the same port
    allow_reuse_address = os.name == "posix"
    block_on_close = False

    def __init__(self, port: int) -> None:
        self.asked: SimpleQueue[str] = SimpleQueue()
        super().__init__((HOST, port), _Answer)

    def handle_error(self, request: object, client_address: object) -> None:
        """Somebody hung up; the sign-in waits on."""


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        page = _PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        self.wfile.flush()
        self.server.asked.put(self.path)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing: what is asked for holds the code of the sign-in."""
