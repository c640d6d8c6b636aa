"""How fast requests may follow each other: as fast as they come, until Google says otherwise.

A rate limit holds every thread of a session back, and lets them go on one by one, at an interval
that doubles with each further limit and shrinks again with each answer that was good. So a
session finds the rate that Google bears, and does not come back as a crowd.
"""

from __future__ import annotations

import math
import time
from threading import Event, Lock

from gdrive_wa.errors import NetworkError

FIRST_INTERVAL = 0.02
LONGEST_INTERVAL = 2.0
"""Seconds between two requests, after the first rate limit and at most."""
_RECOVERY = 0.95
_NEGLIGIBLE = 0.001


class Pace:
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
        self._limited_at = -math.inf

    def turn(self) -> float:
        """Wait for this thread's turn; the moment at which it came (monotonic, seconds).

        Raises:
            NetworkError: the session was closed meanwhile.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                at = max(now, self._resume_at, self._next_turn)
                self._next_turn = at + self.interval
            self.rest(at - now)
            now = time.monotonic()
            if self._resume_at <= now:  # nobody was limited while this thread waited
                return now

    def limited(self, begun: float, pause: float) -> None:
        """A request that began at `begun` met a rate limit: nobody asks anything for `pause`.

        Requests that were under way together meet the limit together; they count once.
        """
        with self._lock:
            now = time.monotonic()
            self._resume_at = max(self._resume_at, now + pause)
            if begun >= self._limited_at:
                self._limited_at = now
                self.interval = min(max(2 * self.interval, FIRST_INTERVAL), LONGEST_INTERVAL)

    def good(self) -> None:
        """A request was answered."""
        if not self.interval:
            return
        with self._lock:
            self.interval *= _RECOVERY
            if self.interval < _NEGLIGIBLE:
                self.interval = 0.0

    def rest(self, seconds: float) -> None:
        """Wait, but not beyond the end of the session.

        Raises:
            NetworkError: it was closed.
        """
        if seconds > 0:
            self._closed.wait(seconds)
        if self._closed.is_set():
            raise NetworkError("the connection to Google was closed")

    def close(self) -> None:
        """Everybody who waits goes home."""
        self._closed.set()
