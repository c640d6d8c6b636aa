"""The turns that the threads of a session take."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gdrive_wa.errors import NetworkError
from gdrive_wa.google.pace import FIRST_INTERVAL, LONGEST_INTERVAL, Pace


def test_requests_that_met_the_limit_together_count_once() -> None:
    pace = Pace()
    together = [pace.turn() for _ in range(8)]
    for begun in together:
        pace.limited(begun, 0)
    assert pace.interval == FIRST_INTERVAL


def test_each_further_limit_doubles_the_interval_up_to_a_bound() -> None:
    pace = Pace()
    pace.limited(time.monotonic(), 0)
    pace.limited(time.monotonic(), 0)
    assert pace.interval == 2 * FIRST_INTERVAL
    for _ in range(20):
        pace.limited(time.monotonic(), 0)
    assert pace.interval == LONGEST_INTERVAL


def test_good_answers_win_the_full_speed_back() -> None:
    pace = Pace()
    pace.limited(time.monotonic(), 0)
    slowest = pace.interval
    pace.good()
    assert pace.interval < slowest
    for _ in range(200):
        pace.good()
    assert pace.interval == 0


def test_after_a_limit_threads_leave_apart() -> None:
    pace = Pace()
    pace.limited(time.monotonic(), 0.05)
    with ThreadPoolExecutor(6) as pool:
        turns = sorted(pool.map(lambda _: pace.turn(), range(6)))
    assert turns[-1] - turns[0] >= 5 * FIRST_INTERVAL * 0.9


def test_a_limit_holds_those_who_wait_already() -> None:
    pace = Pace()
    pace.limited(time.monotonic(), 0.1)
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pace.turn)
        pace.limited(begun, 0.3)
        assert waiting.result() >= begun + 0.3


def test_a_closed_pace_lets_nobody_go_on() -> None:
    pace = Pace()
    pace.close()
    with pytest.raises(NetworkError, match="was closed"):
        pace.turn()
