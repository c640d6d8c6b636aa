"""Arguments of callers: dates, paths, numbers, time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.core.arguments import (
    DateLike,
    as_count,
    as_moment,
    as_path,
    as_span,
    as_zone,
)
from gdrive_wa.core.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = date(2025, 3, 1)


@pytest.mark.parametrize("value", ["2025-03-01", " 20250301 ", MARCH])
def test_a_day_is_its_first_moment_and_at_the_end_of_a_span_its_last(value: DateLike) -> None:
    assert as_moment(value, "since", zone=UTC) == datetime(2025, 3, 1, tzinfo=UTC)
    last = as_moment(value, "until", zone=UTC, end=True)
    assert last == datetime(2025, 3, 2, tzinfo=UTC) - timedelta(microseconds=1)


def test_a_moment_is_in_the_zone_unless_it_says_its_own() -> None:
    noon = datetime(2025, 3, 1, 11, tzinfo=UTC)
    assert as_moment("2025-03-01 12:00", "since", zone=BERLIN) == noon
    assert as_moment(datetime(2025, 3, 1, 12), "since", zone=BERLIN) == noon  # noqa: DTZ001
    there = datetime(2025, 3, 1, 8, tzinfo=timezone(timedelta(hours=-3)))
    assert as_moment(there, "since", zone=BERLIN) == noon
    assert as_moment("2025-03-01T11:00Z", "until", zone=BERLIN, end=True) == noon


def test_dates_may_be_as_far_off_as_dates_go() -> None:
    first, last = as_span("0001-01-01", "9999-12-31", zone=ZoneInfo("Asia/Tokyo"))
    assert first is not None
    assert last is not None
    assert first.year == 1
    assert last.year == 9999


def test_a_span_the_wrong_way_round_is_refused_in_the_callers_words() -> None:
    with pytest.raises(UsageError, match=r"2025-03-01\) is later than") as raised:
        as_span("2025-03-01", "2025-02-01", names=("--since", "--until"))
    assert raised.value.hint.startswith("use the earlier date for --since")


def test_an_invalid_date_is_named() -> None:
    with pytest.raises(UsageError, match="since is not a date: 'yesterday'"):
        as_moment("yesterday", "since")


def test_a_zone_goes_by_its_name() -> None:
    assert as_zone("Europe/Berlin") == BERLIN
    assert as_zone(None) is None
    with pytest.raises(UsageError, match="unknown time zone 'Mars/Olympus'"):
        as_zone("Mars/Olympus")


@pytest.mark.parametrize("name", ["a." * 2000 + "b/c", "../UTC", "/etc/localtime", "Europe", "é"])
def test_what_only_looks_like_a_zone(name: str) -> None:
    with pytest.raises(UsageError, match="unknown time zone"):
        as_zone(name)


def test_a_path_may_be_text_and_may_not_be_empty() -> None:
    assert as_path("a/b", "src") == as_path(Path("a/b"), "src") == Path("a/b")
    for value in ("", "a\0b"):
        with pytest.raises(UsageError, match="src: the path"):
            as_path(value, "src")


def test_a_count_is_a_whole_number_and_not_a_flag() -> None:
    assert as_count(3, "jobs") == 3
    for value in (0, -1, True):
        with pytest.raises(UsageError, match="jobs: expected"):
            as_count(value, "jobs")
