"""A server that answers every request with a test's stream of bytes, which may be endless."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self


class Endless:
    """Sends the bytes that `pieces` yields, until they end or the client hangs up.

    Attributes:
        pieces: makes the bytes of one answer, head and all.
        sent: bytes sent so far, all answers together.
    """

    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self.pieces = pieces
        self.sent = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.root = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listening.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._send, args=[connection]))
            self._threads[-1].start()

    def _send(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65536)
            for piece in self.pieces():
                connection.sendall(piece)
                self.sent += len(piece)
