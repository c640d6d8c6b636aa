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
        longest: maximum wait between attempts, in seconds, unless a server requests more.
        max_retry_after: longest wait, in seconds, that a server may request.
    """

    attempts: int = 6
    base: float = 0.5
    longest: float = 32.0
    max_retry_after: float = MAX_RETRY_AFTER

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds to wait after `attempt`, with jitter; `asked` by the server takes precedence."""
        if asked is not None:
            return min(asked, self.max_retry_after)
        most = min(self.longest, self.base * 2.0 ** (attempt - 1))
        return most * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
