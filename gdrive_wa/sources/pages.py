"""Bound a listing that is read page by page: the server's word alone does not end it."""

from __future__ import annotations

from gdrive_wa.core.errors import NetworkError

MOST_ENTRIES = 2_000_000
"""Most entries of one listing; the largest backups have a few hundred thousand."""
MOST_PAGES = 20_000
MOST_IDLE_PAGES = 50
"""Most pages in a row that bring nothing new."""
LONGEST_TOKEN = 16 << 10
"""Most characters of the token of the next page."""


class PageGuard:
    """Watches over the pages of one listing.

    Args:
        what: the listing, in words.
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
            NetworkError: the listing does not come to an end.
        """
        if token in self._tokens:
            raise NetworkError(f"Google sends the same page of {self._what} again and again")
        self._idle = 0 if new else self._idle + 1
        endless = known > MOST_ENTRIES or len(self._tokens) >= MOST_PAGES
        if endless or self._idle >= MOST_IDLE_PAGES or len(token) > LONGEST_TOKEN:
            raise NetworkError(f"{self._what} does not come to an end")
        self._tokens.add(token)
