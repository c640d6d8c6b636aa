from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.moments import END_SECONDS, moment_at, moment_in

ZONES = [timezone(timedelta(hours=hours)) for hours in (-14, 0, 14)]


@pytest.mark.parametrize(
    "seconds",
    [-1, END_SECONDS, 10**40, -(10**40), 253402300799, math.inf, -math.inf, math.nan, None],
)
def test_a_time_outside_the_calendar_is_none(seconds: float | None) -> None:
    assert moment_at(seconds) is None


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "1969-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "soon",
        "",
        7,
        None,
    ],
)
def test_a_date_outside_the_calendar_is_none(text: object) -> None:
    assert moment_in(text) is None


def test_a_date_is_in_utc() -> None:
    assert moment_in("2024-03-01T12:00:00+02:00") == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert moment_in("2024-03-01T12:00:00") == datetime(2024, 3, 1, 12, tzinfo=UTC)


@given(st.floats() | st.integers() | st.datetimes().map(datetime.isoformat) | st.text())
def test_every_accepted_time_can_be_shown_in_every_zone(value: float | str) -> None:
    found = moment_in(value) if isinstance(value, str) else moment_at(value)
    if found is not None:
        assert all(found.astimezone(zone).timestamp() == found.timestamp() for zone in ZONES)
