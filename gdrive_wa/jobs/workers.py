"""Worker processes on this machine.

They come from loky, which starts them on every system without importing the caller's script, so
that a plain script or a notebook needs no ``if __name__ == "__main__"`` guard. The key reaches
them through a pipe, never as an argument.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from gdrive_wa.core.limits import use_little_memory
from gdrive_wa.core.progress import POLL_SECONDS

_IDLE_SECONDS = 10.0
"""A worker whose owner was killed ends after this long without work."""
_GRACE_SECONDS = 2.0
"""How long loky may take to see that a worker is dead; usually a few milliseconds."""
_SAFE_PATH = "PYTHONSAFEPATH"

P = ParamSpec("P")
T = TypeVar("T")


class WorkerPool:
    """Processes that run functions.

    A worker may be killed while it writes a result. loky then waits for the rest of that result
    for as long as anybody else could write it, which this process itself could. `end_if_one_died`
    ends that wait, so that all pending futures fail and the caller can do their work.

    Args:
        jobs: how many processes.
    """

    def __init__(self, jobs: int) -> None:
        from loky import ProcessPoolExecutor  # type: ignore[import-untyped] # noqa: PLC0415

        self._dead_since: float | None = None
        with _without_the_working_folder():
            self._pool: Any = ProcessPoolExecutor(
                max_workers=jobs,
                timeout=_IDLE_SECONDS,
                initializer=_begin_worker,
                initargs=(os.getpid(),),
                env={_SAFE_PATH: "1"},
            )
            self._pool.submit(int)  # starts them here, and not later without that variable

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The result of `call` in one of the processes.

        Raises:
            Exception: loky's own, when a worker has died or cannot be started.
        """
        future: Future[T] = self._pool.submit(call, *args, **kwargs)
        return future

    def end_if_one_died(self) -> None:
        """End all workers when one of them has been dead for longer than loky needs to see it."""
        if all(process.is_alive() for process in self._processes()):
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = time.monotonic()
        elif time.monotonic() - self._dead_since > _GRACE_SECONDS:
            self._end()

    def close(self) -> None:
        """End the workers; what they have not finished is cancelled."""
        self._end()
        self._pool.shutdown(wait=True, kill_workers=True)

    def _end(self) -> None:
        """Kill the workers, and close the last end at which a result could be written."""
        for process in self._processes():
            _kill(process)
        with suppress(OSError):
            self._pool._result_queue._writer.close()  # noqa: SLF001 - no public way

    def _processes(self) -> list[Any]:
        return list(self._pool._processes.values())  # noqa: SLF001 - no public list of workers


def _kill(process: Any) -> None:
    """End a process that may be stopped, or dead already, and wait until it is gone."""
    import psutil  # type: ignore[import-untyped] # noqa: PLC0415

    with suppress(psutil.NoSuchProcess):
        psutil.Process(process.pid).kill()
    process.join()


def _begin_worker(owner: int) -> None:
    """What a worker process does first: leave Ctrl-C to its owner, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_little_memory()
    Thread(target=_end_with, args=(owner,), name="gdrive-wa owner", daemon=True).start()


def _end_with(owner: int) -> None:
    while os.getppid() == owner:  # on Windows it stays so: there a worker ends when it is idle
        time.sleep(POLL_SECONDS)
    os._exit(0)


@contextmanager
def _without_the_working_folder() -> Iterator[None]:
    """A worker must not import from the working folder, which a stranger may have filled."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before
