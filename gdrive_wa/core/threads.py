"""Threads that never hold up a person who pressed Ctrl-C, and lanes that work beside their owner.

All of them are daemons, which those of :mod:`concurrent.futures` are not: one that hangs in a
dead connection must not keep the program from ending.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Queue, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["SerialWorker", "Workers"]

AHEAD = 3
"""Items that may wait for a lane, unless told otherwise: what bounds the memory."""
Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """At most `most` threads that do what they are given, in order. None is started in vain.

    Args:
        most: threads.
        name: of each of them, for a debugger.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._over = False

    def start(self, task: Callable[[], object]) -> None:
        """Have `task` done, which must see to its own exceptions. Call it from one thread."""
        self._tasks.put(task)
        if len(self._threads) < self._most:
            thread = Thread(target=self._run, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """What `work` will give, or raise. Call it from one thread."""
        future: Future[Result] = Future()
        self.start(partial(_fulfil, future, work))
        return future

    def close(self, *, wait: float = 0.0) -> None:
        """Begin nothing new, and wait at most `wait` seconds for what is under way."""
        self._over = True
        for _ in self._threads:
            self._tasks.put(None)
        until = time.monotonic() + wait
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None and not self._over:
            task()


def _fulfil(future: Future[Result], work: Callable[[], Result]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised by whoever asks for the result
        future.set_exception(error)
        del future  # or error, traceback, frame and future would hold each other


class SerialWorker(Generic[Item]):
    """One thread that does one thing to every item it is given, in order.

    The first exception is kept, and the rest of the items pass undone: whoever runs the lanes
    decides which failure matters most. hashlib, AES, inflate and the disk all let go of the
    interpreter's lock for large pieces, so lanes keep several cores busy. Whoever is ahead waits.

    Args:
        work: what is done to an item.
        ahead: items that may wait.
        threaded: False for the few pieces of a small file, for which a thread costs more than it
            gains: whoever puts an item does the work, and all else stays the same.

    Attributes:
        failure: the first exception that `work` raised.
    """

    def __init__(
        self, work: Callable[[Item], object], *, ahead: int = AHEAD, threaded: bool = True
    ) -> None:
        self._work = work
        self._items: Queue[Item | None] = Queue(maxsize=ahead)
        self.failure: Exception | None = None
        self._thread: Thread | None = None
        if threaded:
            self._thread = Thread(target=self._run, name="gdrive-wa lane", daemon=True)
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

    @property
    def idle(self) -> bool:
        """Nothing is being done, and nothing waits."""
        return self._items.unfinished_tasks == 0

    def put(self, item: Item) -> None:
        """`item` comes next; waits while the lane is behind."""
        if self._thread is None:
            self._do(item)
        else:
            self._items.put(item)

    def catch_up(self) -> None:
        """Wait until every item is done.

        Raises:
            Exception: the first one that the work raised.
        """
        if self._thread is not None:
            self._items.join()
        if self.failure is not None:
            raise self.failure

    def finish(self) -> Exception | None:
        """End the thread, once every item is done; what went wrong, if anything."""
        if self._thread is not None:
            self._items.put(None)
            self._thread.join()
            self._thread = None
        return self.failure

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            try:
                self._do(item)
            finally:
                self._items.task_done()

    def _do(self, item: Item) -> None:
        if self.failure is None:
            try:
                self._work(item)
            except Exception as error:  # noqa: BLE001 - kept, and raised by whoever runs the lane
                self.failure = error
