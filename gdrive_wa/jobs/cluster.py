"""Work on more than one machine: a Dask cluster with access to the same folders.

    with cluster_executor("tcp://192.0.2.1:8786") as executor:
        decrypt("backups", "out", key, executor=executor)

Dask schedules the work, and gives the files of a worker that dies to another one. Stored bytes and
drafts are not sent over the network: each worker reads and writes the shared folders. The key is
sent to every worker, so use a cluster of your own, or one with TLS (``tls://``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from threading import Event, Lock, Thread
from typing import Any

from gdrive_wa.core.errors import NetworkError, UsageError
from gdrive_wa.core.progress import Progress, Silent, interruptible

CONNECT_SECONDS = 10
"""How long a scheduler may take to answer, in seconds."""
RETRIES = 3
"""How often a task is given to another worker after its worker died."""
WATCH_SECONDS = 0.5
"""Seconds between two checks that the cluster is still there."""
PATIENCE_SECONDS = 10.0
"""How long a cluster may be without workers, so that one can be restarted; in seconds."""
CLOSE_SECONDS = 1
"""How long closing the connection, and stopping the thread that checks it, may take, in seconds."""


def workers_of(
    executor: Executor | None, cluster: str | None, progress: Progress
) -> AbstractContextManager[Executor | None]:
    """The given executor, an executor on the given cluster, or None if neither is given.

    Raises:
        UsageError: both are given.
    """
    if cluster is None:
        return nullcontext(executor)
    if executor is not None:
        raise UsageError(
            "both an executor and a cluster are given", hint="leave out one of the two"
        )
    return cluster_executor(cluster, progress)


@contextmanager
def cluster_executor(address: str, progress: Progress | None = None) -> Iterator[Executor]:
    """An executor for :func:`gdrive_wa.restore` and :func:`gdrive_wa.decrypt`.

    If the scheduler or all workers are gone for good, the remaining tasks fail with a
    :class:`ConnectionError`, and those two functions open the remaining files on this machine.

    Args:
        address: the address of the cluster's scheduler, such as ``tcp://192.0.2.1:8786``.
        progress: may stop the wait for the scheduler.

    Raises:
        UsageError: the extra ``cluster`` is not installed, or `address` is not an address.
        NetworkError: no scheduler answers at `address`, or it has no workers.
        Interrupted: the user asked to stop.
    """
    with _quiet():
        client = interruptible(partial(_connect, address), progress or Silent())
        try:
            if not client.scheduler_info()["workers"]:
                raise NetworkError(
                    f"the cluster at '{address}' has no workers",
                    hint=f"start some with: dask worker {address}",
                )
            executor = _ClusterExecutor(client)
            try:
                yield executor
            finally:
                executor.shutdown(wait=False)
        finally:
            with suppress(Exception):  # the scheduler may be gone
                client.close(timeout=CLOSE_SECONDS)


def _connect(address: str) -> Any:
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "working on a cluster needs libraries that are not installed",
            hint='install them with: pip install "gdrive-wa[cluster]"',
        ) from error
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        raise NetworkError(
            f"no Dask scheduler answers at '{address}'",
            hint="start one with: dask scheduler; and workers with: dask worker ADDRESS",
        ) from error
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"'{address}' is not the address of a cluster", hint="write it as tcp://HOST:PORT"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's own log messages about lost connections, which gdrive-wa reports itself."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


class _ClusterExecutor(Executor):
    """Dask's executor, with a thread that checks that the cluster is still there.

    Without the checks, tasks for a cluster that lost its last worker would wait forever: Dask
    keeps them until another worker appears.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inner: Executor = client.get_executor(pure=False, retries=RETRIES)
        self._waiting: dict[Future[Any], Future[Any]] = {}
        self._lost: str | None = None
        self._lock = Lock()
        self._stopped = Event()
        self._watcher = Thread(target=self._watch, name="gdrive-wa cluster", daemon=True)
        self._watcher.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See :class:`concurrent.futures.Executor`.

        Raises:
            ConnectionError: the cluster is gone.
        """
        if self._lost is not None:
            raise ConnectionError(self._lost)
        inner = self._inner.submit(fn, *args, **kwargs)
        outer: Future[Any] = Future()
        with self._lock:
            self._waiting[inner] = outer
        inner.add_done_callback(self._pass_on)
        outer.add_done_callback(lambda outer: outer.cancelled() and inner.cancel())
        self._fail_if_lost()  # it may have been lost in the meantime
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See :class:`concurrent.futures.Executor`. Does not wait for unfinished tasks once the
        cluster is gone."""
        self._stopped.set()
        self._watcher.join(CLOSE_SECONDS)
        if self._lost is None:
            self._inner.shutdown(wait=wait and not cancel_futures)

    def _pass_on(self, inner: Future[Any]) -> None:
        with self._lock:
            outer = self._waiting.pop(inner, None)
        if outer is None or not outer.set_running_or_notify_cancel():
            return
        if inner.cancelled():  # by Dask: the connection was lost
            outer.set_exception(ConnectionError("the cluster cancelled a task"))
        elif error := inner.exception():
            outer.set_exception(error)
        else:
            outer.set_result(inner.result())

    def _fail_if_lost(self) -> None:
        if self._lost is not None:
            self._give_up(self._lost)

    def _watch(self) -> None:
        without = 0.0
        while not self._stopped.wait(WATCH_SECONDS):
            if self._client.status != "running":
                return self._give_up("the scheduler of the cluster is gone")
            without = 0.0 if self._has_workers() else without + WATCH_SECONDS
            if without >= PATIENCE_SECONDS:
                return self._give_up("the cluster has no workers any more")
        return None

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.scheduler_info()["workers"])
        except Exception:  # noqa: BLE001 - the connection is lost, as the next check will notice
            return False

    def _give_up(self, reason: str) -> None:
        self._lost = reason
        with self._lock:
            left, self._waiting = self._waiting, {}
        for outer in left.values():
            if outer.set_running_or_notify_cancel():
                outer.set_exception(ConnectionError(reason))
