"""Limit a listing that is read page by page, in case the server never ends it."""

from __future__ import annotations

from gdrive_wa.core.errors import NetworkError

MOST_ENTRIES = 2_000_000
"""Maximum number of entries in one listing; the largest backups have a few hundred thousand."""
MOST_PAGES = 20_000
"""Maximum number of pages of one listing."""
MOST_IDLE_PAGES = 50
"""Maximum number of pages in a row without a new entry."""
LONGEST_TOKEN = 16 << 10
"""Maximum number of characters in the token of the next page."""


class PageGuard:
    """Checks the pages of one listing.

    Args:
        what: the name of the listing, for errors.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._tokens: set[str] = set()
        self._idle = 0

    def turn(self, token: str, *, new: int, known: int) -> None:
        """Check before the next page is requested.

        Args:
            token: the token of the next page.
            new: how many entries of this page were not on an earlier one.
            known: how many entries there are so far.

        Raises:
            NetworkError: the listing repeats itself, or is longer than any real one.
        """
        if token in self._tokens:
            raise NetworkError(f"Google sends the same page of {self._what} again and again")
        self._idle = 0 if new else self._idle + 1
        endless = known > MOST_ENTRIES or len(self._tokens) >= MOST_PAGES
        if endless or self._idle >= MOST_IDLE_PAGES or len(token) > LONGEST_TOKEN:
            raise NetworkError(f"{self._what} does not come to an end")
        self._tokens.add(token)
