"""How often something that may pass is tried again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["MAX_RETRY_AFTER", "RetryPolicy"]

MAX_RETRY_AFTER = 300.0
"""Seconds that a server may ask to wait and be obeyed."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The tries of one thing: a request, or the stream of an entry.

    Attributes:
        attempts: tries in all.
        base: seconds before the second try, at most; doubles with each further one.
        longest: seconds between two tries, at most, unless a server asks for more.
        max_retry_after: seconds that a server may ask to wait and be obeyed.
    """

    attempts: int = 6
    base: float = 0.5
    longest: float = 32.0
    max_retry_after: float = MAX_RETRY_AFTER

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds before try `attempt` + 1, scattered; what a server asked for wins."""
        if asked is not None:
            return min(asked, self.max_retry_after)
        most = min(self.longest, self.base * 2.0 ** (attempt - 1))
        return most * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
