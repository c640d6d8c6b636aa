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
    """In place of the machine's clock: it stands still until a test advances it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Watched(RateLimiter):
    """Uses the test's clock: waiting advances it, and may trigger an action."""

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


def crowd(limiter: RateLimiter, pause: float = 0.0) -> None:
    """Report enough limited requests, one after the other, to slow all down."""
    now = limiter.clock.monotonic if isinstance(limiter, Watched) else time.monotonic
    for _ in range(SHARED_MINIMUM):
        limiter.report_limited(now(), pause)


def test_the_limit_of_one_file_does_not_delay_others() -> None:
    limiter = RateLimiter()
    for _ in range(20):
        limiter.report_good()
    for _ in range(3):
        limiter.report_limited(time.monotonic(), 60)
        for _ in range(8):
            limiter.report_good()
    begun = time.monotonic()
    assert limiter.wait_turn() < begun + 30
    assert limiter.interval == 0


def test_a_limit_of_many_requests_delays_all() -> None:
    limiter = RateLimiter()
    begun = time.monotonic()
    crowd(limiter, 0.3)
    assert limiter.wait_turn() >= begun + 0.3
    assert limiter.interval == FIRST_INTERVAL


def test_requests_limited_together_count_once() -> None:
    limiter = RateLimiter()
    together = [limiter.wait_turn() for _ in range(8)]
    for begun in together:
        limiter.report_limited(begun, 0)
    assert limiter.interval == FIRST_INTERVAL


def test_without_successes_the_interval_doubles_up_to_a_limit() -> None:
    limiter = RateLimiter()
    crowd(limiter)
    crowd(limiter)
    assert limiter.interval == 2 * FIRST_INTERVAL
    for _ in range(20):
        crowd(limiter)
    assert limiter.interval == LONGEST_INTERVAL


def test_the_next_rate_is_lower_than_the_last_accepted_one(clock: Clock) -> None:
    limiter = Watched(clock)
    for _ in range(6):
        limiter.report_good()
        clock.now += 0.05
    accepted = 6 / 0.3
    crowd(limiter)
    assert 0.5 * accepted < 1 / limiter.interval < 0.9 * accepted


def test_successes_restore_the_full_speed(clock: Clock) -> None:
    limiter = Watched(clock)
    crowd(limiter)
    slowest = limiter.interval
    clock.now += 0.1
    limiter.report_good()
    assert 0 < limiter.interval < slowest
    until = clock.now + 30
    while limiter.interval and clock.now < until:
        clock.now += 0.02
        limiter.report_good()
    assert limiter.interval == 0


def test_after_a_limit_threads_start_one_by_one(clock: Clock) -> None:
    limiter = Watched(clock, moves=False)  # all come at once
    crowd(limiter)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: limiter.wait_turn(), range(6)))
    assert sorted(limiter.waited) == pytest.approx([FIRST_INTERVAL * place for place in range(6)])


def test_a_limit_delays_threads_that_wait_already(clock: Clock) -> None:
    limiter = Watched(clock)
    crowd(limiter, 0.1)
    begun = clock.now
    limiter.meanwhile = lambda: crowd(limiter, 0.3) if len(limiter.waited) == 1 else None
    assert limiter.wait_turn() >= begun + 0.3
    assert limiter.waited[0] == pytest.approx(0.1)


def test_waiting_for_a_turn_takes_real_time() -> None:
    limiter = RateLimiter()
    begun = time.monotonic()
    crowd(limiter)
    limiter.wait_turn()
    assert limiter.wait_turn() >= begun + 0.9 * FIRST_INTERVAL


def test_a_closed_limiter_stops_all() -> None:
    limiter = RateLimiter()
    limiter.close()
    with pytest.raises(NetworkError, match="was closed"):
        limiter.wait_turn()
