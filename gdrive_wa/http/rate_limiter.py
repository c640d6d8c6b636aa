"""Limit the rate of requests, once the server asks for it.

A single request that meets a rate limit is retried by itself. If many of the last requests met
one, the limit applies to the whole session: all threads pause, then continue one at a time at a
lower rate than the one that worked before. While no limit is met, that rate doubles every few
seconds. So a session finds the rate that the server accepts, and its threads do not all return at
the same moment.

A quota per minute behaves differently: it allows a burst and then nothing until the minute has
passed. If every request was refused for that long, the session continues at the rate that a full
minute allowed, and increases its speed slowly.
"""

from __future__ import annotations

import math
import time
from collections import deque
from threading import Event, Lock
from typing import Protocol

from gdrive_wa.core.errors import NetworkError

FIRST_INTERVAL = 0.02
"""Minimum seconds between two requests after a shared limit."""
LONGEST_INTERVAL = 2.0
"""Maximum seconds between two requests."""
WINDOW = 24
"""Number of the most recent answers that decide whether a limit is shared by all requests."""
SHARED_FRACTION = 0.25
"""A limit is shared if at least this fraction of those answers met one."""
SHARED_MINIMUM = 3
"""Minimum number of those answers that must have met one."""
_REDUCTION = 0.7
"""The next rate, as a fraction of the rate that worked."""
_MEASURED_SECONDS = 5.0
"""Seconds over which the rate that worked is measured."""
_HALVED_SECONDS = 2.0
"""Seconds of successful answers after which the interval is halved."""
_NEGLIGIBLE = 0.001
"""Seconds between two requests below which the limit is lifted."""
LONG_BLOCK = 10.0
"""Seconds without a successful answer after which a limit counts as a quota per minute."""
MINUTE = 60.0
QUOTA_INTERVAL = 1.0
"""Seconds between two requests after a long block with hardly any answer before it."""
_HALVED_SECONDS_OF_QUOTA = 20.0
"""Like `_HALVED_SECONDS`, but after a quota per minute."""
_NOTIFY_AFTER = 3.0
"""Seconds of a block after which the listener is notified."""
_NOTIFY_EVERY = 30.0
"""Seconds between two notifications about the same block."""


class LimitListener(Protocol):
    """Receives events about long waits of requests. Called from any thread."""

    def blocked(self, seconds: float) -> None:
        """No request has been answered for `seconds`; all are waiting."""

    def resumed(self, interval: float) -> None:
        """Requests are answered again; they will be `interval` seconds apart for now."""


class RateLimiter:
    """Coordinates the requests of all threads of one session.

    Attributes:
        interval: current seconds between two requests; 0 without a limit.
        listener: receives events about long waits.
    """

    def __init__(self) -> None:
        self.interval = 0.0
        self.listener: LimitListener | None = None
        self._blocked_since: float | None = None
        self._notified_at = -math.inf
        self._notified = False
        self._halved_seconds = _HALVED_SECONDS
        self._lock = Lock()
        self._closed = Event()
        self._resume_at = 0.0
        self._next_turn = 0.0
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._good_at: deque[float] = deque(maxlen=4096)
        self._since = time.monotonic()
        self._limited_at = -math.inf

    def wait_turn(self) -> float:
        """Wait for this thread's turn, and return the time (monotonic, seconds).

        Raises:
            NetworkError: the session was closed while waiting.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                at = max(now, self._resume_at, self._next_turn)
                self._next_turn = at + self.interval
            self.sleep(at - now)
            now = time.monotonic()
            if self._resume_at <= now:  # no limit was met while this thread waited
                return now

    def report_limited(self, begun: float, pause: float) -> None:
        """Report that a request that began at `begun` (monotonic) met a rate limit, and that it is
        retried after `pause` seconds.

        If many did, all threads pause for that long. Requests that were sent at the same time meet
        the limit together, so they lower the rate only once.
        """
        self._report_block(pause)
        with self._lock:
            self._last.append(True)
            if sum(self._last) < max(SHARED_MINIMUM, SHARED_FRACTION * len(self._last)):
                return
            now = time.monotonic()
            self._resume_at = max(self._resume_at, now + pause)
            if begun < self._limited_at:
                return
            rate = self._recent_rate(now)
            interval = 1 / (_REDUCTION * rate) if rate else 2 * self.interval
            self.interval = min(max(interval, FIRST_INTERVAL), LONGEST_INTERVAL)
            self._limited_at = self._since = now
            self._last.clear()

    def report_good(self) -> None:
        """Report that a request was answered."""
        with self._lock:
            now = time.monotonic()
            resumed = self._end_block(now)
            self._last.append(False)
            if self.interval:
                passed = now - max(self._since, self._good_at[-1] if self._good_at else 0.0)
                self.interval *= 0.5 ** (min(max(passed, 0.0), 1.0) / self._halved_seconds)
                if self.interval < _NEGLIGIBLE:
                    self.interval, self._halved_seconds = 0.0, _HALVED_SECONDS
            self._good_at.append(now)
        if resumed and self.listener is not None:
            self.listener.resumed(self.interval)

    def blocked_seconds(self) -> float:
        """Seconds since the first of a series of refused requests; 0 if the last one succeeded."""
        with self._lock:
            return 0.0 if self._blocked_since is None else time.monotonic() - self._blocked_since

    def _report_block(self, pause: float) -> None:
        """Record that all threads wait, and notify the listener regularly."""
        with self._lock:
            now = time.monotonic()
            if self._blocked_since is None:
                self._blocked_since = now
            blocked = now - self._blocked_since
            due = max(blocked, pause) >= _NOTIFY_AFTER and now - self._notified_at >= _NOTIFY_EVERY
            if due:
                self._notified_at, self._notified = now, True
        if due and self.listener is not None:
            self.listener.blocked(blocked)

    def _end_block(self, now: float) -> bool:
        """Record a successful answer. True if the listener was notified of the block it ended."""
        since, notified = self._blocked_since, self._notified
        self._blocked_since, self._notified = None, False
        if since is not None and now - since >= LONG_BLOCK:
            count = sum(since - MINUTE <= at <= since for at in self._good_at)
            allowed = MINUTE / count if count else QUOTA_INTERVAL
            self.interval = min(max(allowed, self.interval, FIRST_INTERVAL), LONGEST_INTERVAL)
            self._halved_seconds = _HALVED_SECONDS_OF_QUOTA
            self._since = self._limited_at = now
        return notified

    def _recent_rate(self, now: float) -> float:
        """Successful answers per second since the last limit, within the measured time."""
        since = max(self._since, now - _MEASURED_SECONDS)
        count = sum(at >= since for at in self._good_at)
        return count / max(now - since, 0.1)

    def sleep(self, seconds: float) -> None:
        """Sleep, but only until the session is closed.

        Raises:
            NetworkError: the session was closed.
        """
        if seconds > 0:
            self._closed.wait(seconds)
        if self._closed.is_set():
            raise NetworkError("the connection was closed")

    def close(self) -> None:
        """Wake all waiting threads with an error."""
        self._closed.set()
