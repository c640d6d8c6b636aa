"""Run tasks in parallel with a limited number of waiting results, in order of completion.

Threads are daemons, and the pool waits only briefly for them to end: a thread that hangs in a dead
connection must not delay Ctrl-C. Such a thread has only its own partial file open, and checks for
the stop signal before it writes again.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Generic, TypeVar

from gdrive_wa.core.errors import (
    CredentialsError,
    GdriveWaError,
    Interrupted,
    NetworkError,
    QuotaError,
    StorageError,
)
from gdrive_wa.core.threads import Workers
from gdrive_wa.transfer.run_control import RunControl

Task = TypeVar("Task")
Result = TypeVar("Result")

POLL_SECONDS = 0.2
"""How often the main thread checks for the stop signal."""
GATHER_SECONDS = 0.02
"""How long the main thread sleeps between results while enough tasks wait, so that it takes several
at once: waking for each of them would interrupt the other threads."""
AHEAD = 128
"""Maximum number of results that wait for a slow consumer."""
HEAVIEST = 256 << 20
"""Total bytes of waiting results above which no new task starts."""
LEAVE_SECONDS = 2.0
"""How long to wait for threads to stop."""


class Pool(Generic[Task, Result]):
    """Runs `work` on tasks in `jobs` threads.

    Args:
        work: processes a task; an exception ends the run.
        control: the stop signal of the run.
        jobs: number of threads.
        ahead: maximum number of results that may wait for the consumer.
        weigh: returns the weight of a waiting result.
        heaviest: total weight of waiting results above which no new task starts.
    """

    def __init__(
        self,
        work: Callable[[Task], Result],
        control: RunControl,
        *,
        jobs: int,
        ahead: int,
        weigh: Callable[[Result], int],
        heaviest: int,
    ) -> None:
        self._work = work
        self._control = control
        self._jobs = max(1, jobs)
        self._window = self._jobs + max(0, ahead)
        self._weigh = weigh
        self._heaviest = heaviest
        self._waiting = 0
        self._lock = Lock()
        self._workers = Workers(self._jobs, "gdrive-wa transfer")
        self._results: SimpleQueue[Result | BaseException] = SimpleQueue()

    def run(self, tasks: Iterable[Task]) -> Generator[Result | None, None, None]:
        """Yield results in order of completion, or None if there was no result for a moment,
        so that the consumer can do other work."""
        pending, source, drained = 0, iter(tasks), False
        try:
            while True:
                while not drained and pending < self._window:
                    task = next(source, None)
                    if task is None:
                        drained = True
                        break
                    self._start(task)
                    pending += 1
                if not pending:
                    return
                self._control.check()
                if pending == self._window and self._results.empty():
                    time.sleep(GATHER_SECONDS)
                try:
                    result = self._results.get(timeout=POLL_SECONDS)
                except Empty:
                    yield None
                    continue
                pending -= 1
                if isinstance(result, BaseException):
                    raise result
                self._add_weight(-self._weigh(result))
                yield result
        finally:
            self._end()

    def _start(self, task: Task) -> None:
        self._workers.start(lambda: self._do(task))

    def _do(self, task: Task) -> None:
        try:
            self._wait_for_consumer()
            result = self._work(task)
            self._add_weight(self._weigh(result))
            self._results.put(result)
            del result  # avoids a reference cycle: error, traceback, this frame
        except BaseException as error:  # noqa: BLE001 - raised by the owner of the run
            self._results.put(error)

    def _wait_for_consumer(self) -> None:
        self._control.check()
        while self._waiting >= self._heaviest and not self._workers.alone:
            self._control.pause(POLL_SECONDS / 4)

    def _add_weight(self, change: int) -> None:
        with self._lock:
            self._waiting += change

    def _end(self) -> None:
        self._control.halt()
        self._workers.close(wait=LEAVE_SECONDS)
        self._control.abandoned = True


GIVE_UP_AFTER: dict[type[GdriveWaError], int] = {
    CredentialsError: 3,
    QuotaError: 8,
    NetworkError: 48,
}
"""Number of consecutive entries with exactly this error class after which the run ends, because
the login or the connection has failed, or Google allows no more requests. Errors of single
entries, such as GoneError, have classes of their own and are not limited."""


def run_tasks(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    control: RunControl,
    *,
    jobs: int,
    weigh: Callable[[Result], int] | None = None,
) -> Generator[tuple[Task, Result | GdriveWaError] | None, None, None]:
    """Yield each task with its result or its error, and None as :meth:`Pool.run` does.

    Raises:
        Interrupted: the user asked to stop.
        StorageError: the disk is full or read-only.
        CredentialsError: the login was refused several times in a row.
        NetworkError: the connection failed too often in a row.
    """

    def attempt(task: Task) -> tuple[Task, Result | GdriveWaError]:
        try:
            return task, work(task)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            return task, error

    def weight(result: tuple[Task, Result | GdriveWaError]) -> int:
        return 0 if weigh is None or isinstance(result[1], GdriveWaError) else weigh(result[1])

    pool = Pool(attempt, control, jobs=jobs, ahead=AHEAD, weigh=weight, heaviest=HEAVIEST)
    in_a_row: Counter[type] = Counter()
    with closing(pool.run(tasks)) as results:
        for result in results:
            yield result
            if result is None:
                continue
            error = result[1]
            in_a_row = Counter({type(error): in_a_row[type(error)] + 1})
            if not isinstance(error, GdriveWaError):
                continue
            hopeless = isinstance(error, QuotaError) and error.until_tomorrow
            if hopeless or in_a_row[type(error)] >= GIVE_UP_AFTER.get(type(error), math.inf):
                raise error
