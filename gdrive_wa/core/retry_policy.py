"""How often to retry after temporary failures, and how long to wait."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["MAX_RETRY_AFTER", "RetryPolicy"]

MAX_RETRY_AFTER = 300.0
"""Longest wait, in seconds, that a server may request."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries of a request or of the stream of an entry.

    Attributes:
        attempts: total number of attempts.
        base: maximum wait before the second attempt, in seconds; doubles for each further one.
        max_pause: maximum wait between attempts, in seconds, unless a server requests more.
        max_retry_after: longest wait, in seconds, that a server may request.
        rate_patience: how long to wait for the end of a limit on the rate of requests, in seconds,
            however many attempts that takes. Six attempts are over before a quota per minute is.
        max_rate_pause: maximum wait between such attempts, in seconds.
    """

    attempts: int = 6
    base: float = 0.5
    max_pause: float = 32.0
    max_retry_after: float = MAX_RETRY_AFTER
    rate_patience: float = 0.0
    max_rate_pause: float = 16.0

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds to wait after `attempt`, with jitter; `asked` by the server takes precedence."""
        if asked is not None:
            return min(asked, self.max_retry_after)
        return self._own_pause(attempt, self.max_pause)

    def rate_pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds to wait after `attempt` reached a limit on the rate of requests.

        During the usual attempts, the wait that the server requests applies; afterwards, the longer
        of that wait and the usual one."""
        own = self._own_pause(attempt, min(self.max_pause, self.max_rate_pause))
        if asked is None:
            return own
        return self.pause(attempt, asked if attempt < self.attempts else max(asked, own))

    def _own_pause(self, attempt: int, max_pause: float) -> float:
        most = min(max_pause, self.base * 2.0 ** min(attempt - 1, 100))
        return most * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
