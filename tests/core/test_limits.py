"""Limits of the system are reported, not taken for errors of this program."""

from __future__ import annotations

import errno
import gc
import platform
import subprocess
import sys
import threading
from functools import partial

import pytest

from gdrive_wa.core.limits import collect_garbage_seldom, limit_reached
from gdrive_wa.core.threads import SerialWorker, ThreadExecutor, Workers


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "not enough memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "not enough memory"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "too many open files"),
        (ImportError("_x.so: cannot open: Too many open files"), "too many open files"),
        (RuntimeError("can't start new thread"), "another thread or process"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "another thread"),
    ],
)
def test_each_limit_is_named_with_a_hint(error: Exception, said: str) -> None:
    for met in (error, wrapped(error)):
        found = limit_reached(met)
        assert found is not None
        assert said in found.message
        assert found.hints


def wrapped(error: Exception) -> Exception:
    outer = ValueError("something else")
    outer.__cause__ = error
    return outer


def test_other_errors_are_no_limits() -> None:
    for error in (ValueError("x"), RuntimeError("x"), OSError(errno.ENOENT, "x"), KeyError("x")):
        assert limit_reached(error) is None


@pytest.fixture(params=[0, 1])
def allowed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many more threads the system allows."""
    usual, left = threading.Thread.start, [int(request.param)]

    def start(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        usual(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    return int(request.param)


def test_all_tasks_run_in_the_threads_that_are_allowed(allowed: int) -> None:
    workers = Workers(16, "test")
    futures = [workers.submit(partial(pow, number, 2)) for number in range(50)]
    assert [future.result(5) for future in futures] == [number**2 for number in range(50)]
    assert workers.alone == (allowed == 0)
    workers.close(wait=5)


def test_an_executor_gives_results_and_errors(allowed: int) -> None:
    with ThreadExecutor(4, "test") as executor:
        assert executor.submit(divmod, 7, 2).result(5) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 7, 0).result(5)
    assert allowed in (0, 1)


def test_what_is_cancelled_does_not_run() -> None:
    begun, go_on, ran = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        go_on.wait(5)

    with ThreadExecutor(1, "test") as executor:
        executor.submit(first)
        begun.wait(5)
        second = executor.submit(lambda: ran.append(1))
        assert second.cancel()
        go_on.set()
        assert executor.submit(lambda: 3).result(5) == 3
    assert ran == []


def test_items_are_processed_in_order(allowed: int) -> None:
    seen: list[int] = []
    with SerialWorker(seen.append) as worker:
        for number in range(20):
            worker.put(number)
    assert seen == list(range(20))
    assert allowed in (0, 1)


FRAGMENTED = """
import sys
from gdrive_wa.core.limits import release_memory, use_one_arena

def resident():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * 4096

use_one_arena()
held = [bytes(900) for _ in range(40_000)]
held = held[::100]
before = resident()
release_memory()
print(before - resident())
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps what lies between used pieces"
)
def test_memory_between_pieces_that_are_used_goes_back() -> None:
    command = [sys.executable, "-c", FRAGMENTED]
    said = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    assert int(said) > 10_000_000


def test_garbage_is_looked_for_after_thousands_of_new_objects() -> None:
    before = gc.get_threshold()
    try:
        collect_garbage_seldom()
        assert gc.get_threshold() == (10_000, *before[1:])
    finally:
        gc.set_threshold(*before)
