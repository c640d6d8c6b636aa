"""Worker processes on this machine.

On Linux, a process with a single thread forks them, which takes a few milliseconds. Otherwise they
come from loky, which takes half a second, because each one imports everything anew. Neither way
imports the caller's script, so that a plain script or a notebook needs no
``if __name__ == "__main__"`` guard. The key reaches them through a pipe, never as an argument.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from gdrive_wa.core.limits import use_little_memory
from gdrive_wa.core.progress import POLL_SECONDS

_IDLE_SECONDS = 10.0
"""A worker whose owner was killed ends after this long without work."""
_GRACE_SECONDS = 2.0
"""How long a pool may take to notice a dead worker; usually a few milliseconds."""
_CLOSE_SECONDS = 0.5
"""Maximum seconds for workers to finish their current work."""
_THREADS = "/proc/self/task"
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
_SAFE_PATH = "PYTHONSAFEPATH"

P = ParamSpec("P")
T = TypeVar("T")


class WorkerPool:
    """Processes that run functions.

    A worker may be killed while it writes a result. The pool then waits for the rest of that
    result as long as any process could still write it, and this process always could.
    `end_if_one_died` ends that wait, so that all pending futures fail and the caller can do their
    work.

    Args:
        jobs: how many processes.
    """

    def __init__(self, jobs: int) -> None:
        self._dead_since: float | None = None
        self._closed = False
        self._forked = may_fork()
        self._pool: Any = _forked(jobs) if self._forked else _imported_anew(jobs)

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The result of `call` in one of the processes.

        Raises:
            Exception: the pool's own, when a worker has died or cannot be started.
        """
        future: Future[T] = self._pool.submit(call, *args, **kwargs)
        return future

    def end_if_one_died(self) -> None:
        """End all workers when one of them has been dead for longer than a pool needs to see it."""
        if all(process.is_alive() for process in self._processes()):
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = time.monotonic()
        elif time.monotonic() - self._dead_since > _GRACE_SECONDS:
            _end(self._processes(), self._writer)

    def close(self) -> None:
        """End the workers; unfinished work is cancelled. May be called again."""
        if self._closed:
            return
        self._closed = True
        if not self._forked:
            _end(self._processes(), self._writer)
            self._pool.shutdown(wait=True, kill_workers=True)
            return
        manager = self._pool._executor_manager_thread  # noqa: SLF001 - the only way to wait a while
        processes, writer = self._processes(), self._writer
        self._pool.shutdown(wait=False, cancel_futures=True)
        manager.join(_CLOSE_SECONDS)
        _end(processes, writer)
        manager.join()

    @property
    def _writer(self) -> Any:
        """This process's end of the pipe that results are written to."""
        return self._pool._result_queue._writer  # noqa: SLF001 - no public way

    def _processes(self) -> list[Any]:
        return list(self._pool._processes.values())  # noqa: SLF001 - no public list of workers


def may_fork() -> bool:
    """True if this process has no other thread, which a fork would lose in the middle of
    something. Apple's frameworks survive no fork at all, and Python's pool waits for ever for
    some dead workers before 3.11.5."""
    if sys.platform != "linux" or sys.version_info < (3, 11, 5):
        return False
    with suppress(OSError):
        return len(os.listdir(_THREADS)) == 1
    return False


def _forked(jobs: int) -> Any:
    """A pool of copies of this process, which have imported what it has. Signals wait until a copy
    knows that they are not meant for it."""
    from concurrent.futures.process import ProcessPoolExecutor  # noqa: PLC0415 - not needed always
    from multiprocessing import get_context  # noqa: PLC0415

    pool = ProcessPoolExecutor(
        jobs,
        mp_context=get_context("fork"),
        initializer=begin_worker,
        initargs=(os.getpid(),),
    )
    try:
        with without_signals():
            pool.submit(int)  # starts them all here, before any thread
    except BaseException:  # no further process or thread: Python would wait for the first ones
        for process in list(pool._processes.values()):  # noqa: SLF001 - no public list of workers
            _kill(process)
        raise
    return pool


@contextmanager
def without_signals() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM, so that no copy of this process handles them as its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _imported_anew(jobs: int) -> Any:
    """A pool of new processes."""
    from loky import ProcessPoolExecutor  # type: ignore[import-untyped] # noqa: PLC0415

    with _without_the_working_folder():
        pool = ProcessPoolExecutor(
            max_workers=jobs,
            timeout=_IDLE_SECONDS,
            initializer=begin_worker,
            initargs=(os.getpid(),),
            env={_SAFE_PATH: "1"},
        )
        pool.submit(int)  # starts them here, and not later without that variable
    return pool


def _end(processes: Iterable[Any], writer: Any) -> None:
    """Kill workers, and close the last end at which a result could be written."""
    for process in processes:
        _kill(process)
    with suppress(OSError):
        writer.close()


def _kill(process: Any) -> None:
    """End a process that may be stopped, or dead already, and wait until it is gone."""
    if process.is_alive():
        with suppress(OSError):
            os.kill(process.pid, _KILL)
    process.join()


def begin_worker(owner: int) -> None:
    """Prepare a worker process: it leaves Ctrl-C to its owner, and never outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    gc.freeze()  # objects of the owner are not garbage here
    use_little_memory()
    try:
        Thread(target=_end_with, args=(owner,), name="gdrive-wa owner", daemon=True).start()
    except RuntimeError:  # the system allows no more threads: the owner does the work itself
        os._exit(1)


def _end_with(owner: int) -> None:
    while os.getppid() == owner:  # on Windows this never changes; an idle worker ends by itself
        time.sleep(POLL_SECONDS)
    os._exit(0)


@contextmanager
def _without_the_working_folder() -> Iterator[None]:
    """Keep workers from importing from the working folder, which may have untrusted files."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before
