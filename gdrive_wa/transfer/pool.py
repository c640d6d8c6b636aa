"""Many entries at once, in order of completion, with a bounded number in flight.

Threads are daemons and are not waited for longer than a moment: one that hangs in a dead
connection must not hold up a person who pressed Ctrl-C. It holds nothing but its own partial
file, and sees the stop sign before it would write again.
"""

from __future__ import annotations

import math
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
    StorageError,
)
from gdrive_wa.core.threads import Workers
from gdrive_wa.transfer.run_control import RunControl

Task = TypeVar("Task")
Result = TypeVar("Result")

POLL_SECONDS = 0.2
"""How long the owner of the run goes without looking at the stop sign."""
AHEAD = 128
HEAVIEST = 256 << 20
"""How many results, and bytes of them, may wait for a slow consumer."""
LEAVE_SECONDS = 2.0
"""How long to wait for threads that were told to leave."""


class Pool(Generic[Task, Result]):
    """`work` done on tasks by `jobs` threads.

    Args:
        work: what to do with a task; what it raises ends the run.
        jobs: threads.
        ahead: results that may wait for the consumer, beyond those being worked on.
        weigh: what a waiting result weighs.
        heaviest: weight of waiting results from which on nothing new is begun.
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
        """Results as they are done. None now and then, when there has been nothing for a
        moment: the consumer may use it."""
        pending, source, drained = 0, iter(tasks), False
        try:
            while True:
                while not drained and pending < self._window:
                    task = next(source, None)
                    if task is None:
                        drained = True
                        break
                    self._give(task)
                    pending += 1
                if not pending:
                    return
                self._control.check()
                try:
                    result = self._results.get(timeout=POLL_SECONDS)
                except Empty:
                    yield None
                    continue
                pending -= 1
                if isinstance(result, BaseException):
                    raise result
                self._weighed(-self._weigh(result))
                yield result
        finally:
            self._leave()

    def _give(self, task: Task) -> None:
        self._workers.start(lambda: self._do(task))

    def _do(self, task: Task) -> None:
        try:
            self._wait_for_consumer()
            result = self._work(task)
            self._weighed(self._weigh(result))
            self._results.put(result)
            del result  # or an error in it, its traceback and this frame would hold each other
        except BaseException as error:  # noqa: BLE001 - raised by the owner of the run
            self._results.put(error)

    def _wait_for_consumer(self) -> None:
        self._control.check()
        while self._waiting >= self._heaviest:
            self._control.pause(POLL_SECONDS / 4)

    def _weighed(self, change: int) -> None:
        with self._lock:
            self._waiting += change

    def _leave(self) -> None:
        self._control.halt()
        self._workers.close(wait=LEAVE_SECONDS)
        self._control.abandoned = True


GIVE_UP_AFTER: dict[type[GdriveWaError], int] = {CredentialsError: 3, NetworkError: 48}
"""How many entries in a row may end with just this error before no other one will fare better:
the login is refused, or the line is dead. Of what is the entry's own fault (GoneError and the
like, which are other classes) any number may."""


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
        StorageError: the disk takes nothing more.
        CredentialsError: the login is refused again and again.
        NetworkError: there is no getting through any more.
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
            if in_a_row[type(error)] >= GIVE_UP_AFTER.get(type(error), math.inf):
                raise error
