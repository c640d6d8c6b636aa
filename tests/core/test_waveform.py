"""A waveform in a byte for each value behaves like the tuple of its values."""

from __future__ import annotations

import copy

import pytest

from gdrive_wa.core.waveform import Waveform, compact

VALUES = tuple(range(0, 128, 2))


def test_it_is_equal_to_a_tuple_both_ways() -> None:
    drawn = Waveform(VALUES)
    assert drawn == VALUES
    assert drawn == VALUES
    assert drawn == Waveform(VALUES) != Waveform(VALUES[1:])
    assert drawn != list(VALUES)
    assert drawn != VALUES[:-1]
    assert hash(drawn) == hash(VALUES)
    assert repr(drawn) == repr(VALUES)


def test_it_is_a_sequence() -> None:
    drawn = Waveform(VALUES)
    assert (len(drawn), drawn[3], drawn[-1], drawn[:3]) == (64, 6, 126, (0, 2, 4))
    assert list(drawn) == list(VALUES)
    assert bytes(drawn) == bytes(VALUES)
    assert copy.deepcopy(drawn) == VALUES


@pytest.mark.parametrize("values", [(), (256, 1), (-1,)])
def test_what_does_not_fit_stays_a_tuple(values: tuple[int, ...]) -> None:
    assert type(compact(values)) is tuple
    assert compact(values) == values


def test_what_fits_is_compact() -> None:
    assert isinstance(compact([0, 100, 255]), Waveform)
