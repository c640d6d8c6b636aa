"""Parse dates from outside: the result is a date that every time zone can show, or None.

Python's calendar ends in the years 1 and 9999, that of file systems and Windows sooner, and a time
zone can shift a date beyond the end. Real backups have no such dates, so only those from 1970 to
2099 are accepted. :func:`iso` writes them for lists and reports.
"""

from __future__ import annotations

from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The earliest accepted date."""

END_SECONDS = 4_102_444_800
"""The beginning of the year 2100, in seconds since 1970: no backup has a later date."""


def moment_at(seconds: float | None) -> datetime | None:
    """The time at `seconds` since 1970, as UTC; None outside the calendar."""
    if seconds is None or not 0 <= seconds < END_SECONDS:  # NaN is outside too
        return None
    return datetime.fromtimestamp(seconds, UTC)


def moment_in(text: object) -> datetime | None:
    """A time in RFC 3339 or ISO 8601, as UTC; None for anything else and outside the calendar.

    Without a zone it is UTC.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())  # RFC 3339 allows t and z
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment_at(moment.timestamp()) else None


def iso(moment: datetime | None) -> str | None:
    """A moment in UTC as ISO 8601, ending in ``Z``; None for None."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
