"""Threads joined by short queues, so that hashing, inflating and writing overlap.

hashlib, AES and inflate all let go of the interpreter lock on large pieces, so two cores are
kept busy by plain threads. Memory stays flat: a queue holds at most :data:`QUEUE_LENGTH` pieces,
and whoever is ahead waits.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Self

PIECE_SIZE = 1 << 20
"""Bytes read at a time."""
QUEUE_LENGTH = 3

Piece = bytes | bytearray | memoryview


class Lane:
    """One thread that does one thing to every piece it is given, in order.

    The first exception is kept, the rest of the pieces pass undone, and :meth:`finish` returns
    it: whoever runs the lanes decides which failure matters most.

    For the few pieces of a small file a thread costs more than it gains: with `threaded` False
    the work is done by whoever puts the piece, and all else stays the same.
    """

    def __init__(self, work: Callable[[Piece], object], *, threaded: bool = True) -> None:
        self._work = work
        self._queue: SimpleQueue[Piece | None] = SimpleQueue()
        self._room = Semaphore(QUEUE_LENGTH)
        self._thread = Thread(target=self._run, daemon=True) if threaded else None
        self.failure: Exception | None = None
        if self._thread is not None:
            self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()

    def put(self, piece: Piece) -> None:
        """Hand over a piece; waits while the lane is behind."""
        if self._thread is None:
            self._do(piece)
            return
        self._room.acquire()
        self._queue.put(piece)

    def finish(self) -> Exception | None:
        """Wait until every piece is done; what went wrong, if anything."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        return self.failure

    def _run(self) -> None:
        while (piece := self._queue.get()) is not None:
            self._do(piece)
            self._room.release()

    def _do(self, piece: Piece) -> None:
        if self.failure is None:
            try:
                self._work(piece)
            except Exception as error:  # noqa: BLE001 - kept, and raised by whoever runs the lane
                self.failure = error
