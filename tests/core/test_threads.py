"""Threads do every piece in order, keep the first failure, and never hang; workers are bounded."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from gdrive_wa.core.threads import AHEAD, SerialWorker, Workers


@pytest.mark.parametrize("threaded", [True, False])
def test_pieces_are_done_in_order(threaded: bool) -> None:
    done: list[bytes] = []
    with SerialWorker(done.append, threaded=threaded) as worker:
        for number in range(50):
            worker.put(bytes([number]))
        assert worker.finish() is None
    assert done == [bytes([number]) for number in range(50)]


@pytest.mark.parametrize("threaded", [True, False])
def test_the_first_failure_is_kept_and_the_rest_passes_undone(threaded: bool) -> None:
    done: list[bytes] = []

    def work(piece: bytes) -> None:
        if piece == b"bad":
            raise ValueError(len(done))
        done.append(piece)

    with SerialWorker(work, threaded=threaded) as worker:
        for piece in (b"1", b"2", b"bad", b"3", b"bad", *[b"4"] * AHEAD * 3):
            worker.put(piece)
    assert isinstance(worker.failure, ValueError)
    assert worker.failure.args == (2,)
    assert done == [b"1", b"2"]


def test_leaving_by_an_error_ends_the_thread() -> None:
    others = set(threading.enumerate())
    worker: SerialWorker[bytes] = SerialWorker(len)

    def interrupted() -> None:
        with worker:
            worker.put(b"1")
            raise KeyboardInterrupt

    assert set(threading.enumerate()) - others
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not set(threading.enumerate()) - others
    assert worker.finish() is None


@pytest.mark.parametrize("threaded", [True, False])
def test_waiting_for_the_thread_raises_the_failure(threaded: bool) -> None:
    release = threading.Event()
    worker: SerialWorker[str] = SerialWorker(
        lambda item: release.wait(60) and int(item), threaded=threaded
    )
    if not threaded:
        release.set()
    assert worker.idle
    worker.put("1")
    assert worker.idle is not threaded
    release.set()
    worker.catch_up()
    assert worker.idle
    worker.put("one")
    with pytest.raises(ValueError, match="one"):
        worker.catch_up()
    assert isinstance(worker.finish(), ValueError)


def test_workers_are_bounded_and_return_results() -> None:
    here: set[int] = set()

    def work(number: int) -> int:
        here.add(threading.get_ident())
        return 60 // number

    workers = Workers(2, "test")
    futures = [workers.submit(partial(work, number)) for number in (1, 2, 3, 0)]
    assert [future.result(60) for future in futures[:3]] == [60, 30, 20]
    with pytest.raises(ZeroDivisionError):
        futures[3].result(60)
    workers.close(wait=60)
    assert 1 <= len(here) <= 2


def test_closed_workers_begin_nothing_new_and_are_not_waited_for() -> None:
    begun, release = threading.Event(), threading.Event()
    done: list[int] = []
    workers = Workers(1, "test")

    def slow() -> None:
        begun.set()
        release.wait(60)
        done.append(1)

    workers.start(slow)
    workers.start(partial(done.append, 2))
    assert begun.wait(60)
    workers.close()
    assert done == []
    release.set()
    workers.close(wait=60)
    assert done == [1]
