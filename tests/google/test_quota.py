"""Quotas per minute and per day, over real HTTP, with a clock that the test controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from gdrive_wa.core.errors import QuotaError
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.session import RETRY_POLICY, Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.rate_limiter import LONGEST_INTERVAL, RateLimiter


@dataclass
class Clock:
    """In place of the machine's clock: sleeping advances it and may trigger an action."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += max(0.0, seconds)
        self.meanwhile()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("gdrive_wa.http.rate_limiter.time", made)
    monkeypatch.setattr(RateLimiter, "sleep", lambda _, seconds: made.sleep(seconds))
    return made


@pytest.fixture
def patient(sample: SampleAccount, clock: Clock) -> Iterator[Session]:
    """A session like the user's, but with the test's clock."""
    assert clock
    made = Session(GivenToken(sample.token))
    yield made
    made.close()


def limit(*, reason: str = "rateLimitExceeded", wait: float | None = None) -> Fault:
    return Fault(kind=FaultKind.STATUS, status=429, reason=reason, times=None, retry_after=wait)


@pytest.mark.parametrize("wait", [None, 0, 1], ids=["unsaid", "at once", "a second"])
def test_a_quota_per_minute_is_waited_out_and_reported(
    patient: Session, emulator: Emulator, backups: str, clock: Clock, wait: float | None
) -> None:
    said: list[str] = []
    patient.say = said.append
    emulator.faults = limit(wait=wait)
    begun = clock.now

    def passes() -> None:
        if clock.now >= begun + 74:
            emulator.faults = None

    clock.meanwhile = passes
    assert patient.get_json(backups, what="a page")["backups"]
    assert begun + 74 <= clock.now < begun + 95
    assert "waiting until it allows more" in said[0]
    assert "Ctrl-C" in said[0]
    assert len(said) <= 5
    assert said[-1].startswith("Google answers again: continuing, more slowly")


def test_after_a_quota_the_rate_is_that_of_a_full_minute(
    patient: Session, emulator: Emulator, backups: str, clock: Clock
) -> None:
    for _ in range(120):
        clock.now += 0.1
        patient.get_json(backups, what="a page")
    emulator.faults = limit()
    begun = clock.now
    clock.meanwhile = lambda: setattr(emulator, "faults", None) if clock.now > begun + 50 else None
    patient.get_json(backups, what="a page")
    assert patient.rate_limiter.interval == pytest.approx(60 / 120, rel=0.1)
    for _ in range(200):
        patient.get_json(backups, what="a page")
    assert patient.rate_limiter.interval < 60 / 120 / 4


def test_a_quota_that_stays_ends_and_the_next_requests_do_not_wait_for_it_again(
    patient: Session, emulator: Emulator, backups: str, clock: Clock
) -> None:
    emulator.faults = limit()
    begun = clock.now
    with pytest.raises(QuotaError, match="still limits the rate"):
        patient.get_json(backups, what="a page")
    waited = clock.now - begun
    assert RETRY_POLICY.rate_patience <= waited < RETRY_POLICY.rate_patience + 20
    asked = emulator.counts.request_count("*")
    with pytest.raises(QuotaError):
        patient.get_json(backups, what="a page")
    assert emulator.counts.request_count("*") == asked + 1
    assert clock.now - begun < waited + 2 * LONGEST_INTERVAL


def test_a_daily_limit_is_not_waited_out(
    patient: Session, emulator: Emulator, backups: str, clock: Clock
) -> None:
    for fault in (
        limit(wait=7200),
        Fault(kind=FaultKind.STATUS, status=403, times=None, reason="dailyLimitExceeded"),
    ):
        emulator.faults = fault
        begun = clock.now
        with pytest.raises(QuotaError, match="limit for today") as caught:
            patient.get_json(backups, what="a page")
        assert clock.now - begun <= LONGEST_INTERVAL
        assert "run the same command again after" in caught.value.hint


def test_the_limit_of_a_single_file_is_not_reported_repeatedly(
    patient: Session, emulator: Emulator, blob: str, clock: Clock
) -> None:
    said: list[str] = []
    patient.say = said.append
    emulator.faults = Fault(
        kind=FaultKind.STATUS, status=429, times=5, path="*/files/*", reason="rateLimitExceeded"
    )
    clock.meanwhile = patient.rate_limiter.report_good
    patient.stream(blob, what="a file").close()
    assert len(said) <= 2
