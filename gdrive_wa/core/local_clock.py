"""Convert thousands of times to local time with two look-ups of the time zone for each day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECONDS = 86_400


def local_time(moment: datetime | None, timezone: tzinfo | None) -> datetime | None:
    """`moment` in `timezone` (None: this machine's); in UTC at the ends of the calendar."""
    if moment is None:
        return None
    try:
        return moment.astimezone(timezone)
    except (OverflowError, OSError):  # a phone's clock in the year 1 or 9999
        return moment.astimezone(UTC)


class LocalClock:
    """Finds out by how much local time is ahead of UTC, and remembers it for each day.

    Args:
        timezone: the time zone of the local time; None for this machine's.
    """

    def __init__(self, timezone: tzinfo | None) -> None:
        self._timezone = timezone
        self._ahead: dict[int, int | None] = {}

    def ahead(self, moment: datetime) -> int:
        """By how many seconds local time is ahead of UTC at `moment`; may be negative."""
        return self.seconds(moment)[1]

    def seconds(self, moment: datetime) -> tuple[int, int]:
        """The seconds of local time since 1970 at `moment`, and by how many it is ahead of UTC."""
        if moment.tzinfo is None:
            moment = moment.astimezone(UTC)
        since = moment - _EPOCH
        day = since.days
        ahead = self._ahead[day] if day in self._ahead else self._of_day(day)
        if ahead is None:
            ahead = _ahead_at(moment, self._timezone) // timedelta(seconds=1)
        return day * _SECONDS + since.seconds + ahead, ahead

    def _of_day(self, day: int) -> int | None:
        """By how many seconds local time is ahead on the whole of a day in UTC; None if the clocks
        change on that day. No time zone has changed its clocks forth and back within a day.
        """
        try:
            start = _EPOCH + day * _DAY
            first, last = (_ahead_at(each, self._timezone) for each in (start, start + _DAY))
        except OverflowError:  # the last day of the calendar
            first, last = timedelta(0), _DAY
        known = first == last and not first.microseconds
        self._ahead[day] = ahead = first // timedelta(seconds=1) if known else None
        return ahead


def _ahead_at(moment: datetime, timezone: tzinfo | None) -> timedelta:
    local = local_time(moment, timezone)
    return (local and local.utcoffset()) or timedelta(0)
