"""Hundreds of generated phones: no note lost, none invented, who and when right."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet

from tests.phones.generator import TRAITS, make_phone, seed_faults, shrink
from tests.phones.one_chat import faults_of_one_chat

pytestmark = pytest.mark.slow

PHONES = 300
TOGETHER = 20
"""Phones of one test."""


def by_the_score(phones: int) -> list[ParameterSet]:
    """The first seed of each test. Only the first test counts for the coverage: the others run the
    same lines, and counting them takes nearly as long as running them."""
    others = range(TOGETHER, phones, TOGETHER)
    uncounted = (pytest.param(first, marks=pytest.mark.no_cover) for first in others)
    return [pytest.param(0), *uncounted]


@pytest.mark.parametrize("first", by_the_score(PHONES))
def test_every_note_of_a_phone_is_restored_with_its_who_and_when(first: int) -> None:
    faulty = [seed for seed in range(first, first + TOGETHER) if seed_faults(seed)]
    if faulty:
        seed = faulty[0]
        traits, faults = shrink(seed)
        shown = "\n".join(faults[:20])
        pytest.fail(
            f"phones {faulty}; the fewest traits of {seed}: {','.join(traits)}\n{shown}\n"
            f"look at it: python -m tests.phones {seed} FOLDER --traits {','.join(traits)}"
        )


@pytest.mark.parametrize("first", by_the_score(PHONES // 5))
def test_one_chat_is_restored_without_anything_of_the_others(first: int) -> None:
    seeds = range(first, first + TOGETHER)
    faulty = {
        seed: faults for seed in seeds if (faults := seed_faults(seed, None, faults_of_one_chat))
    }
    assert faulty == {}


def test_every_trait_is_shown_by_several_phones() -> None:
    shown = [name for seed in range(PHONES) for name in make_phone(seed).traits]
    assert {name for name in TRAITS if shown.count(name) < 5} == set()


def test_a_phone_is_the_same_every_time() -> None:
    one, other = make_phone(7), make_phone(7)
    assert one.traits == other.traits
    assert [note.message_id for note in one.notes] == [note.message_id for note in other.notes]
    assert one.recordings() == other.recordings()
