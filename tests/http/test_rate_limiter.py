"""The turns that the threads of a session take."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.http.rate_limiter import (
    FIRST_INTERVAL,
    LONGEST_INTERVAL,
    SHARED_MINIMUM,
    RateLimiter,
)


class Clock:
    """In place of the machine's: it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Watched(RateLimiter):
    """By the clock of the test: who waits moves it on, and may see something happen meanwhile."""

    def __init__(self, clock: Clock, *, moves: bool = True) -> None:
        super().__init__()
        self.clock = clock
        self.moves = moves
        self.meanwhile: Callable[[], None] = lambda: None
        self.waited: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.meanwhile()
        self.clock.now += seconds if self.moves else 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("gdrive_wa.http.rate_limiter.time", made)
    return made


def crowd(pace: RateLimiter, pause: float = 0.0) -> None:
    """As many requests as it takes, one after the other, meet the limit."""
    now = pace.clock.monotonic if isinstance(pace, Watched) else time.monotonic
    for _ in range(SHARED_MINIMUM):
        pace.report_limited(now(), pause)


def test_one_file_that_meets_a_limit_holds_nobody_else() -> None:
    pace = RateLimiter()
    for _ in range(20):
        pace.report_good()
    for _ in range(3):
        pace.report_limited(time.monotonic(), 60)
        for _ in range(8):
            pace.report_good()
    begun = time.monotonic()
    assert pace.wait_turn() < begun + 30
    assert pace.interval == 0


def test_a_limit_that_many_meet_holds_everybody() -> None:
    pace = RateLimiter()
    begun = time.monotonic()
    crowd(pace, 0.3)
    assert pace.wait_turn() >= begun + 0.3
    assert pace.interval == FIRST_INTERVAL


def test_requests_that_met_the_limit_together_count_once() -> None:
    pace = RateLimiter()
    together = [pace.wait_turn() for _ in range(8)]
    for begun in together:
        pace.report_limited(begun, 0)
    assert pace.interval == FIRST_INTERVAL


def test_where_nothing_was_good_the_interval_doubles_up_to_a_bound() -> None:
    pace = RateLimiter()
    crowd(pace)
    crowd(pace)
    assert pace.interval == 2 * FIRST_INTERVAL
    for _ in range(20):
        crowd(pace)
    assert pace.interval == LONGEST_INTERVAL


def test_what_is_tried_next_is_less_than_what_was_borne(clock: Clock) -> None:
    pace = Watched(clock)
    for _ in range(6):
        pace.report_good()
        clock.now += 0.05
    borne = 6 / 0.3
    crowd(pace)
    assert 0.5 * borne < 1 / pace.interval < 0.9 * borne


def test_good_answers_win_the_full_speed_back(clock: Clock) -> None:
    pace = Watched(clock)
    crowd(pace)
    slowest = pace.interval
    clock.now += 0.1
    pace.report_good()
    assert 0 < pace.interval < slowest
    until = clock.now + 30
    while pace.interval and clock.now < until:
        clock.now += 0.02
        pace.report_good()
    assert pace.interval == 0


def test_after_a_limit_threads_leave_apart(clock: Clock) -> None:
    pace = Watched(clock, moves=False)  # all come at once
    crowd(pace)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: pace.wait_turn(), range(6)))
    assert sorted(pace.waited) == pytest.approx([FIRST_INTERVAL * place for place in range(6)])


def test_a_limit_holds_those_who_wait_already(clock: Clock) -> None:
    pace = Watched(clock)
    crowd(pace, 0.1)
    begun = clock.now
    pace.meanwhile = lambda: crowd(pace, 0.3) if len(pace.waited) == 1 else None
    assert pace.wait_turn() >= begun + 0.3
    assert pace.waited[0] == pytest.approx(0.1)


def test_who_waits_for_a_turn_really_waits() -> None:
    pace = RateLimiter()
    begun = time.monotonic()
    crowd(pace)
    pace.wait_turn()
    assert pace.wait_turn() >= begun + 0.9 * FIRST_INTERVAL


def test_a_closed_pace_lets_nobody_go_on() -> None:
    pace = RateLimiter()
    pace.close()
    with pytest.raises(NetworkError, match="was closed"):
        pace.wait_turn()
