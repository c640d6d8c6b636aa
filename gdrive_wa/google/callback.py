"""A local server for the redirect at the end of a sign-in in the browser.

The server of google-auth-oauthlib has three flaws. It ignores its time limit while a connection
without a request is open, as browsers make them in advance. It takes a connection without HTTP
for a timeout. And it cannot use a port again within a minute of its last use.
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
_PAGE = "You can close this window now. The terminal shows whether the sign-in succeeded."
"""The answer to every request: consent, a refusal, or a stray one."""


class CallbackServer:
    """Listens as soon as it is created, and accepts one redirect. A context manager.

    Args:
        port: the port to listen on; 0 for a free one.

    Attributes:
        url: the address to redirect the browser to.

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
        """The full address of the first request; None if there was none within `seconds`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:  # in short steps: Ctrl-C does not interrupt a wait on every system
                path = self._server.asked.get(timeout=min(left, POLL_SECONDS))
            except Empty:
                continue
            return self.url + path.lstrip("/")
        return None


class _Server(ThreadingHTTPServer):
    # on other systems than POSIX, another program could then listen on the same port
    allow_reuse_address = os.name == "posix"
    block_on_close = False

    def __init__(self, port: int) -> None:
        self.asked: SimpleQueue[str] = SimpleQueue()
        super().__init__((HOST, port), _Answer)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore it: a closed connection does not end the sign-in."""


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
        """Log nothing: the request contains the code of the sign-in."""
