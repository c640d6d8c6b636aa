"""A local server for the redirect at the end of a sign-in in the browser.

The server of google-auth-oauthlib has four flaws. It ignores its time limit while a connection
without a request is open, such as browsers open in advance. It mistakes a connection without HTTP
for a timeout. It cannot use a port again within a minute of its last use. And it accepts any
request as the answer, while this server accepts only one with the `state` of this sign-in.
"""

from __future__ import annotations

import hmac
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
POLL_SECONDS = 0.2
_PAGE = "You can close this window now. The terminal shows whether the sign-in succeeded."
"""Shown after consent and after a refusal."""
_STRAY_PAGE = "This is not the answer to the sign-in that gdrive-wa is waiting for."
"""Shown for any other request."""


class CallbackServer:
    """Listens as soon as it is created, and accepts one redirect. A context manager.

    Args:
        port: the port to listen on; 0 for a free one.
        state: the random text that Google sends back with the answer.

    Attributes:
        url: the address to redirect the browser to.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int, state: str) -> None:
        self._server = _Server(port, state)
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

    @property
    def strays(self) -> int:
        """Number of answers that belonged to other sign-ins."""
        return self._server.strays

    def wait(self, seconds: float) -> str | None:
        """The full address that the browser was redirected to; None if there was no answer within
        `seconds`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:  # in short steps: Ctrl-C does not interrupt a wait on every system
                path = self._server.asked.get(timeout=min(left, POLL_SECONDS))
            except Empty:
                continue
            return self.url + path.lstrip("/")
        return None


class _Server(ThreadingHTTPServer):
    # on systems other than POSIX, another program could then listen on the same port
    allow_reuse_address = os.name == "posix"
    block_on_close = False

    def __init__(self, port: int, state: str) -> None:
        self.asked: SimpleQueue[str] = SimpleQueue()
        self.strays = 0
        self._state = state
        super().__init__((HOST, port), _Answer)

    def expects(self, path: str) -> bool:
        """True if `path` is the answer to this sign-in."""
        try:
            query = parse_qs(urlsplit(path).query, max_num_fields=50)
        except ValueError:
            return False
        if "code" not in query and "error" not in query:
            return False
        given = query.get("state", [""])[0]
        expected = hmac.compare_digest(given.encode("utf-8", "replace"), self._state.encode())
        self.strays += not expected
        return expected

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: a closed connection does not end the sign-in."""


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        expected = self.server.expects(self.path)
        page = (_PAGE if expected else _STRAY_PAGE).encode()
        self.send_response(200 if expected else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        self.wfile.flush()
        if expected:
            self.server.asked.put(self.path)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: the request contains the code of the sign-in."""
