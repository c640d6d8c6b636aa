"""A proxy with tunnels that all lead to one port of this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self


class Tunnel:
    """Answers ``CONNECT``, and carries bytes both ways.

    Args:
        port: where every tunnel leads.

    Attributes:
        address: of the proxy, for ``HTTPS_PROXY``.
        asked: the first lines of the requests.
    """

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._server = _Server(port, self.asked)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    def __init__(self, to: int, asked: list[str]) -> None:
        self.to, self.asked = to, asked
        super().__init__(("127.0.0.1", 0), _Tunnelled)


class _Tunnelled(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.asked.append(self.rfile.readline().decode().strip())
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(("127.0.0.1", self.server.to), timeout=60) as out:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_copy, args=(out, self.connection))
            back.start()
            _copy(self.connection, out)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
