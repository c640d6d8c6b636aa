"""The values of listings: parsing is total."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.sources.drive_list import DriveFile
from gdrive_wa.sources.fields import parse_md5, parse_moment, parse_object, parse_size, parse_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ITEM_KEYS = st.sampled_from(
    [
        "id", "name", "mimeType", "parents", "size", "md5Checksum", "modifiedTime",
        "headRevisionId", "description", "appProperties", "shortcutDetails",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("0", 0),
        ("42", 42),
        (42, 42),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("9" * 5000, None),
        (42.0, 42),
        (" 42 ", 42),
        (42.5, None),
        (1e300, None),
        (float("nan"), None),
        ("4e1", None),
    ],
)
def test_sizes(value: object, size: int | None) -> None:
    assert parse_size(value) == size


def test_hashes_in_base64_and_hex() -> None:
    assert parse_md5("AAAAAAAAAAAAAAAAAAAAAA==") == "0" * 32
    assert parse_md5("AB" * 16) == "ab" * 16
    assert parse_md5("AAAA") is None


def test_moments_become_utc() -> None:
    assert parse_moment("2025-01-01T02:00:00+02:00") == datetime(2025, 1, 1, tzinfo=UTC)
    assert parse_moment("2025-01-01T00:00:00.123456789Z") == datetime(
        2025, 1, 1, 0, 0, 0, 123456, UTC
    )
    assert parse_moment("2025-01-01T00:00:00") == datetime(2025, 1, 1, tzinfo=UTC)
    assert parse_moment("2025-01-01t00:00:00z") == datetime(2025, 1, 1, tzinfo=UTC)


def test_an_object_is_found_in_a_string_of_a_string() -> None:
    for value in ({"a": 1}, '{"a": 1}', '\ufeff{"a": 1}', '"{\\"a\\": 1}"'):
        assert parse_object(value) == {"a": 1}


@given(JSON)
def test_any_value_gives_a_good_one_or_none(value: object) -> None:
    size, md5, moment = parse_size(value), parse_md5(value), parse_moment(value)
    assert size is None or 0 <= size < 10**18
    assert md5 is None or len(bytes.fromhex(md5)) == 16
    assert moment is None or moment.utcoffset() == timedelta(0)
    assert isinstance(parse_object(value), dict)
    assert parse_text(value) in (None, value)


@given(JSON | st.dictionaries(ITEM_KEYS, JSON))
def test_any_item_is_a_file_of_drive_or_nothing(item: object) -> None:
    file = DriveFile.parse(item)
    assert file is None or (file.id and file.name and file.entry("x", None).locator == file.id)
