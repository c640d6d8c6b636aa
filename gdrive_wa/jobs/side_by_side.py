"""Call two independent functions at the same time, if this machine has a second core."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from gdrive_wa.jobs.workers import begin_worker, may_fork, without_signals

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

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
        copy.join()
    except BaseException:
        copy.kill()
        copy.join()
        raise
    if copy.exitcode != 0:
        there()
    return result


def _copy(work: Callable[[], object]) -> BaseProcess | None:
    """Fork a process that does `work`; None if the system does not allow it."""
    from multiprocessing import current_process, get_context  # noqa: PLC0415 - not needed always

    if current_process().daemon:  # such as one of a multiprocessing.Pool, which may start no other
        return None
    copy = get_context("fork").Process(target=_work_in_copy, args=(work, os.getpid()), daemon=True)
    with without_signals():
        try:
            copy.start()
        except OSError:
            return None
    return copy


def _work_in_copy(work: Callable[[], object], owner: int) -> None:
    begin_worker(owner)
    with suppress(Exception):  # the owner calls `work` again, and reports its error
        work()
        return
    sys.exit(1)
