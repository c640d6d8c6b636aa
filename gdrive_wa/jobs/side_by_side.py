"""Two things that do not need each other, at the same time where a second core is free."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import TypeVar

from gdrive_wa.jobs.workers import begin_worker, may_fork, without_signals

MOST = 10_000
"""Notes up to which a copy of this process does not need more memory than the workers before: both
processes look at every note, so that in the end none of the notes' memory is shared."""

T = TypeVar("T")


def side_by_side(
    here: Callable[[], T], there: Callable[[], object], *, worthwhile: bool = True
) -> T:
    """Do both, and return the result of `here`.

    A copy of this process does `there` if that is `worthwhile` and the system allows it, else it is
    done afterwards. The copy shares its memory with this process until one of them changes it. It
    ends with this process. If it fails, `there` is done again here, so that its error is raised.

    Args:
        here: done in this process.
        there: it must not change anything that this process has in memory, and may be done twice.
        worthwhile: it takes much longer than the few milliseconds that a copy takes.
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
    """The process that does `work`; None if the system allows no other process."""
    copy = get_context("fork").Process(target=_work_in_copy, args=(work, os.getpid()), daemon=True)
    with without_signals():
        try:
            copy.start()
        except OSError:
            return None
    return copy


def _work_in_copy(work: Callable[[], object], owner: int) -> None:
    begin_worker(owner)
    with suppress(Exception):  # its owner meets the same error, and reports it
        work()
        return
    sys.exit(1)
