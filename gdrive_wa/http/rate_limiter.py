"""How fast requests may follow each other: as fast as they come, until Google says otherwise.

One request in a while that meets a rate limit is that request's own affair: whoever made it waits
and asks again. When many of the last ones do, the limit is everybody's: all threads of the session
are held, and go on one by one, at less than the rate at which answers were good until then. That
rate doubles every few seconds for as long as it goes well. So a session finds what Google bears,
and does not come back as a crowd.
"""

from __future__ import annotations

import math
import time
from collections import deque
from threading import Event, Lock

from gdrive_wa.core.errors import NetworkError

FIRST_INTERVAL = 0.02
LONGEST_INTERVAL = 2.0
"""Seconds between two requests, after a limit that is everybody's: at least, and at most."""
WINDOW = 24
"""How many of the last answers tell whether a limit is everybody's,"""
SHARED_FRACTION = 0.25
"""and what share of them met one then,"""
SHARED_MINIMUM = 3
"""and how many at least."""
_REDUCTION = 0.7
"""Share of the rate that went well, which is tried next."""
_MEASURED_SECONDS = 5.0
_HALVED_SECONDS = 2.0
"""Seconds of good answers in which the interval halves."""
_NEGLIGIBLE = 0.001


class RateLimiter:
    """The turns of all threads of one session.

    Attributes:
        interval: seconds between two requests now; 0 while nothing limits them.
    """

    def __init__(self) -> None:
        self.interval = 0.0
        self._lock = Lock()
        self._closed = Event()
        self._resume_at = 0.0
        self._next_turn = 0.0
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._good_at: deque[float] = deque(maxlen=4096)
        self._since = time.monotonic()
        self._limited_at = -math.inf

    def wait_turn(self) -> float:
        """Wait for this thread's turn; the moment at which it came (monotonic, seconds).

        Raises:
            NetworkError: the session was closed meanwhile.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                at = max(now, self._resume_at, self._next_turn)
                self._next_turn = at + self.interval
            self.sleep(at - now)
            now = time.monotonic()
            if self._resume_at <= now:  # nobody was limited while this thread waited
                return now

    def report_limited(self, begun: float, pause: float) -> None:
        """A request that began at `begun` met a rate limit, and will be tried after `pause`.

        When many did, nobody asks anything for that long. Requests that were under way together
        meet the limit together; they slow the rest down once.
        """
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
        """A request was answered."""
        with self._lock:
            now = time.monotonic()
            self._last.append(False)
            if self.interval:
                passed = now - max(self._since, self._good_at[-1] if self._good_at else 0.0)
                self.interval *= 0.5 ** (min(max(passed, 0.0), 1.0) / _HALVED_SECONDS)
                if self.interval < _NEGLIGIBLE:
                    self.interval = 0.0
            self._good_at.append(now)

    def _recent_rate(self, now: float) -> float:
        """Good answers a second, since the last limit or as far back as is looked."""
        since = max(self._since, now - _MEASURED_SECONDS)
        count = sum(at >= since for at in self._good_at)
        return count / max(now - since, 0.1)

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end of the session.

        Raises:
            NetworkError: it was closed.
        """
        if seconds > 0:
            self._closed.wait(seconds)
        if self._closed.is_set():
            raise NetworkError("the connection was closed")

    def close(self) -> None:
        """Everybody who waits goes home."""
        self._closed.set()
