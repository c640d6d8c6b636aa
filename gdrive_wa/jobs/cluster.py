"""Work on more than one machine: a Dask cluster whose workers see the same folders.

    with cluster_executor("tcp://192.0.2.1:8786") as executor:
        decrypt("backups", "out", key, executor=executor)

The scheduler is Dask's own, and so is what happens when a worker dies: its files are opened by
another one. Stored bytes and drafts never travel: each worker reads and writes the shared folders.
The key does travel, to every worker: use a cluster of your own, or one with TLS (``tls://``).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from gdrive_wa.core.errors import NetworkError, UsageError

CONNECT_SECONDS = 15
RETRIES = 3
"""How often a piece of work is given to another worker when the one that had it died."""


@contextmanager
def cluster_executor(address: str) -> Iterator[Executor]:
    """An executor for :func:`gdrive_wa.restore` and :func:`gdrive_wa.decrypt`.

    Args:
        address: of the cluster's scheduler, such as ``tcp://192.0.2.1:8786``.

    Raises:
        UsageError: the extra ``cluster`` is not installed, or this is not an address.
        NetworkError: no scheduler answers there, or it has no workers.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "working on a cluster needs libraries that are not installed",
            hint='install them with: pip install "gdrive-wa[cluster]"',
        ) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        raise NetworkError(
            f"no Dask scheduler answers at '{address}'",
            hint="start one with: dask scheduler; and workers with: dask worker ADDRESS",
        ) from error
    except ValueError as error:
        raise UsageError(
            f"'{address}' is not a cluster's address", hint="write it as tcp://HOST:PORT"
        ) from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise NetworkError(
                f"the cluster at '{address}' has no workers",
                hint=f"start some with: dask worker {address}",
            )
        with client.get_executor(pure=False, retries=RETRIES) as executor:  # type: ignore[no-untyped-call]
            yield executor
