from __future__ import annotations

import math

import pytest

from gdrive_wa.core.numbers import LARGEST, whole_number


@pytest.mark.parametrize(("value", "number"), [(0, 0), (7, 7), (7.0, 7), (LARGEST, LARGEST)])
def test_a_whole_number_within_bounds_is_taken(value: object, number: int) -> None:
    assert whole_number(value) == number


@pytest.mark.parametrize(
    "value",
    [-1, LARGEST + 1, 10**40, 1e300, 0.5, math.nan, math.inf, True, "7", b"7", None, [], {}],
)
def test_anything_else_is_none(value: object) -> None:
    assert whole_number(value) is None


def test_the_bounds_can_be_chosen() -> None:
    assert whole_number(-5, least=-5) == -5
    assert whole_number(6, most=5) is None
