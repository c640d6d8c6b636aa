"""Cancellation by the user, for work that reports no progress, such as reading a database.

Like Ctrl-C, it applies to the entire process: the command line sets it, and every loop that may
take longer than a moment checks it. Jobs with a :class:`~gdrive_wa.core.progress.Progress` check
that instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event
from typing import TypeVar

from gdrive_wa.core.errors import Interrupted

T = TypeVar("T")

_requested = Event()
_ITEMS_PER_CHECK = 1024


def request() -> None:
    """Ask all readers to stop."""
    _requested.set()


def withdraw() -> None:
    """Reset the request to stop, for a new run."""
    _requested.clear()


def requested() -> bool:
    """True if the user asked to stop."""
    return _requested.is_set()


def check() -> None:
    """Raise :class:`~gdrive_wa.core.errors.Interrupted` if the user asked to stop."""
    if _requested.is_set():
        raise Interrupted("stopped")


def watched(items: Iterable[T]) -> Iterator[T]:
    """Iterate over `items`, with a :func:`check` before the first and regularly between them."""
    for number, item in enumerate(items):
        if number % _ITEMS_PER_CHECK == 0:
            check()
        yield item
