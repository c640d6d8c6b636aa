"""The local time of a page is that of the time zone, on days when clocks are changed too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.core.local_clock import LocalClock

_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, whatever the zone
_STARTS = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2010, 11, 6, 12, tzinfo=UTC),
    datetime(2024, 3, 30, 12, tzinfo=UTC),
    datetime(2099, 10, 30, 12, tzinfo=UTC),
)


@pytest.mark.parametrize(
    "zone",
    [
        UTC,
        ZoneInfo("Europe/Berlin"),
        ZoneInfo("America/St_Johns"),
        ZoneInfo("Asia/Kathmandu"),
        ZoneInfo("Australia/Lord_Howe"),
        timezone(timedelta(hours=-3, seconds=-1)),
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize("start", _STARTS, ids=str)
def test_seconds_and_offset_are_those_of_the_zone(start: datetime, zone: ZoneInfo | None) -> None:
    clock = LocalClock(zone)
    for step in range(600):
        moment = start + step * timedelta(minutes=7, milliseconds=1)
        local = moment.astimezone(zone)
        ahead = local.utcoffset() or timedelta(0)
        expected = (local.replace(tzinfo=None) - _LOCAL_EPOCH) // timedelta(seconds=1)
        assert clock.seconds(moment) == (expected, ahead // timedelta(seconds=1))
        assert clock.ahead(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == clock.ahead(moment)


@pytest.mark.parametrize("hours", [-14, 0, 14])
def test_where_the_calendar_ends_the_time_is_that_of_utc(hours: int) -> None:
    clock = LocalClock(timezone(timedelta(hours=hours)))
    for moment in (datetime.min, datetime.max):  # noqa: DTZ901 - what is tested
        seconds = (moment - _LOCAL_EPOCH) // timedelta(seconds=1)
        ahead = hours * 3600 if (hours > 0) == (moment.year == 1) else 0
        assert clock.seconds(moment.replace(tzinfo=UTC)) == (seconds + ahead, ahead)


def test_a_moment_without_a_zone_is_of_this_machine() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - what is tested
    assert LocalClock(UTC).seconds(moment) == (int(moment.timestamp()), 0)
