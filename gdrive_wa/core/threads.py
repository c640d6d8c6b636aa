"""Worker threads that never delay the end of the program.

Unlike those of :mod:`concurrent.futures`, they are daemons: a thread that hangs in a dead
connection must not keep the program running.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Queue, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Generic, ParamSpec, Self, TypeVar

__all__ = ["SerialWorker", "ThreadExecutor", "Workers", "started"]

AHEAD = 3
"""Default number of items that may wait for a worker, which limits the memory use."""
Item = TypeVar("Item")
Result = TypeVar("Result")
Params = ParamSpec("Params")
_LONGEST = 3600.0


class Workers:
    """Up to `most` threads that run tasks in order. Threads start only when needed.

    Args:
        most: maximum number of threads.
        name: name of each thread, for debugging.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._tasks: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._over = False

    def start(self, task: Callable[[], object]) -> None:
        """Run `task`, which must handle its own exceptions. Not thread-safe.

        If the system allows fewer threads, there are fewer; if none, the task runs at once.
        """
        if len(self._threads) < self._most:
            thread = started(self._run, self._name)
            if thread is None:
                self._most = len(self._threads)
            else:
                self._threads.append(thread)
        if self._threads:
            self._tasks.put(task)
        else:
            task()

    @property
    def alone(self) -> bool:
        """True if the system allows no thread, so that tasks run in the caller's."""
        return not self._most

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Run `work` and return a future for its result. Not thread-safe."""
        future: Future[Result] = Future()
        self.start(partial(_fulfil, future, work))
        return future

    def close(self, *, wait: float = 0.0) -> None:
        """Start no more tasks, and wait at most `wait` seconds for running ones."""
        self._over = True
        for _ in self._threads:
            self._tasks.put(None)
        until = time.monotonic() + wait
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None and not self._over:
            task()


def started(run: Callable[[], object], name: str) -> Thread | None:
    """A daemon thread that runs `run`; None if the system does not allow another thread."""
    thread = Thread(target=run, name=name, daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError):
        return None
    return thread


def _fulfil(future: Future[Result], work: Callable[[], Result]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised by future.result()
        future.set_exception(error)
        del future  # avoids a reference cycle of error, traceback, frame and future


class ThreadExecutor(Executor):
    """An executor of up to `most` daemon threads: fewer if the system allows fewer."""

    def __init__(self, most: int, name: str) -> None:
        self._workers = Workers(most, name)

    def submit(
        self, fn: Callable[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Future[Result]:
        """Run `fn` with these arguments. Not thread-safe."""
        return self._workers.submit(partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Start nothing more, and wait for running tasks."""
        self._workers.close(wait=_LONGEST if wait else 0.0)


class SerialWorker(Generic[Item]):
    """A thread that processes items in order.

    After an exception, which is kept in `failure`, all further items are skipped. The owner of
    several workers decides which failure to report. hashlib, AES, inflate and disk writes release
    the GIL for large pieces, so that several workers can use several cores.

    Args:
        work: processes one item.
        ahead: number of items that may wait before :meth:`put` blocks.
        threaded: False to process items in :meth:`put` itself, which is faster for the few
            pieces of a small file.

    Attributes:
        failure: the first exception of `work`.
    """

    def __init__(
        self, work: Callable[[Item], object], *, ahead: int = AHEAD, threaded: bool = True
    ) -> None:
        self._work = work
        self._items: Queue[Item | None] = Queue(maxsize=ahead)
        self.failure: Exception | None = None
        self._thread: Thread | None = None
        if threaded:
            self._thread = started(self._run, "gdrive-wa serial worker")

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
        """True if no item is being processed or waiting."""
        return self._items.unfinished_tasks == 0

    def put(self, item: Item) -> None:
        """Add `item`; blocks while too many items wait."""
        if self._thread is None:
            self._do(item)
        else:
            self._items.put(item)

    def catch_up(self) -> None:
        """Wait until all items are processed.

        Raises:
            Exception: the first exception of `work`.
        """
        if self._thread is not None:
            self._items.join()
        if self.failure is not None:
            raise self.failure

    def finish(self) -> Exception | None:
        """Process all items, end the thread, and return the failure, if any."""
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
            except Exception as error:  # noqa: BLE001 - kept in `failure`
                self.failure = error
