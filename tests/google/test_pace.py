"""The turns that the threads of a session take."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gdrive_wa.errors import NetworkError
from gdrive_wa.google.pace import FEWEST, FIRST_INTERVAL, LONGEST_INTERVAL, Pace


def crowd(pace: Pace, pause: float = 0.0) -> None:
    """As many requests as it takes, one after the other, meet the limit."""
    for _ in range(FEWEST):
        pace.limited(time.monotonic(), pause)


def test_one_file_that_meets_a_limit_holds_nobody_else() -> None:
    pace = Pace()
    for _ in range(20):
        pace.good()
    for _ in range(3):
        pace.limited(time.monotonic(), 60)
        for _ in range(8):
            pace.good()
    begun = time.monotonic()
    pace.turn()
    assert time.monotonic() - begun < 1
    assert pace.interval == 0


def test_a_limit_that_many_meet_holds_everybody() -> None:
    pace = Pace()
    crowd(pace, 0.3)
    begun = time.monotonic()
    pace.turn()
    assert time.monotonic() - begun >= 0.25
    assert pace.interval == FIRST_INTERVAL


def test_requests_that_met_the_limit_together_count_once() -> None:
    pace = Pace()
    together = [pace.turn() for _ in range(8)]
    for begun in together:
        pace.limited(begun, 0)
    assert pace.interval == FIRST_INTERVAL


def test_where_nothing_was_good_the_interval_doubles_up_to_a_bound() -> None:
    pace = Pace()
    crowd(pace)
    crowd(pace)
    assert pace.interval == 2 * FIRST_INTERVAL
    for _ in range(20):
        crowd(pace)
    assert pace.interval == LONGEST_INTERVAL


def test_what_is_tried_next_is_less_than_what_was_borne() -> None:
    pace = Pace()
    begun = time.monotonic()
    for _ in range(6):
        pace.good()
        time.sleep(0.05)
    borne = 6 / (time.monotonic() - begun)
    crowd(pace)
    assert 0.5 * borne < 1 / pace.interval < 0.9 * borne


def test_good_answers_win_the_full_speed_back() -> None:
    pace = Pace()
    crowd(pace)
    slowest = pace.interval
    time.sleep(0.1)
    pace.good()
    assert pace.interval < slowest
    until = time.monotonic() + 30
    while pace.interval and time.monotonic() < until:
        time.sleep(0.02)
        pace.good()
    assert pace.interval == 0


def test_after_a_limit_threads_leave_apart() -> None:
    pace = Pace()
    crowd(pace, 0.05)
    with ThreadPoolExecutor(6) as pool:
        turns = sorted(pool.map(lambda _: pace.turn(), range(6)))
    assert turns[-1] - turns[0] >= 5 * FIRST_INTERVAL * 0.9


def test_a_limit_holds_those_who_wait_already() -> None:
    pace = Pace()
    crowd(pace, 0.1)
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pace.turn)
        crowd(pace, 0.3)
        assert waiting.result() >= begun + 0.3


def test_a_closed_pace_lets_nobody_go_on() -> None:
    pace = Pace()
    pace.close()
    with pytest.raises(NetworkError, match="was closed"):
        pace.turn()
