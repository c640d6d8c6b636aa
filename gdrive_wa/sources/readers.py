"""Small files read at the same time, while a listing goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Readers(Generic[T]):
    """At most `jobs` threads that do what they are given, in order.

    They are daemons, which those of :mod:`concurrent.futures` are not: one that hangs in a dead
    connection must not hold up a person who pressed Ctrl-C.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._tasks: SimpleQueue[tuple[Callable[[], T], Future[T]] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._over = False

    def submit(self, read: Callable[[], T]) -> Future[T]:
        """What `read` will give, or raise."""
        future: Future[T] = Future()
        self._tasks.put((read, future))
        if len(self._threads) < self._jobs:
            thread = Thread(target=self._labour, name="envelope", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def close(self) -> None:
        """Begin nothing new. What is under way is not waited for."""
        self._over = True
        for _ in self._threads:
            self._tasks.put(None)

    def _labour(self) -> None:
        while (task := self._tasks.get()) is not None and not self._over:
            read, future = task
            try:
                future.set_result(read())
            except BaseException as error:  # noqa: BLE001 - raised by whoever asks for the result
                future.set_exception(error)
