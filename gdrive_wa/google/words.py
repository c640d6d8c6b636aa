"""Google's words for errors, in any spelling.

One of its services writes ``rateLimitExceeded``, another ``RATE_LIMIT_EXCEEDED``, and a third
``RateLimitExceeded``. Words are compared by their letters and digits alone.
"""

from __future__ import annotations

from collections.abc import Iterable


def fold(word: str) -> str:
    """The letters and digits of `word`, in lower case."""
    return "".join(filter(str.isalnum, word)).casefold()


def folded(words: Iterable[str]) -> frozenset[str]:
    """All of `words`, folded."""
    return frozenset(map(fold, words))
