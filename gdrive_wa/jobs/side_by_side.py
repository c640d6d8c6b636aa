"""Call two independent functions at the same time, if this machine has a second core."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from gdrive_wa.jobs.workers import begin_worker, may_fork, without_signals

MOST = 10_000
"""Number of notes up to which a copy of this process needs no more memory than the workers did
before. Both processes read every note, so that in the end they share none of the notes' memory."""

T = TypeVar("T")


def side_by_side(
    here: Callable[[], T], there: Callable[[], object], *, worthwhile: bool = True
) -> T:
    """Call both functions, and return the result of `here`.

    A forked copy of this process calls `there`, if that is `worthwhile` and the system allows it;
    otherwise it is called afterwards. The copy shares its memory with this process until one of
    them changes it, and it ends with this process. If it fails, `there` is called again in this
    process, so that its error is raised.

    Args:
        here: called in this process.
        there: called in the copy. It must not change anything in memory, and may be called twice.
        worthwhile: `there` takes much longer than the few milliseconds that a fork takes.
    """
    copy = _copy(there) if worthwhile and (os.cpu_count() or 1) > 1 and may_fork() else None
    if copy is None:
        result = here()
        there()
        return result
    try:
        result = here()
        _, status = os.waitpid(copy, 0)
    except BaseException:
        with suppress(OSError):  # it is gone already
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)
        raise
    if status != 0:
        there()
    return result


def _copy(work: Callable[[], object]) -> int | None:
    """Fork a process that does `work`, and return its id; None if the system does not allow it."""
    owner = os.getpid()
    with without_signals():
        try:
            copy = os.fork()
        except OSError:
            return None
        if copy:
            return copy
        code = 1
        try:  # the copy must never return to the caller
            begin_worker(owner)
            work()
            code = 0
        finally:
            os._exit(code)
