"""The traits by their names, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.phones.model import Note, Phone

Change = Callable[[Phone, Random], None]


@dataclass(frozen=True)
class Trait:
    """Something that some phones show.

    Attributes:
        name: of its function.
        change: applies it.
        chance: how many phones show it, of 1; in a group, its weight.
        group: of traits of which a phone has exactly one; None for a trait on its own.
    """

    name: str
    change: Change
    chance: float
    group: str | None = None


TRAITS: dict[str, Trait] = {}
_ORDER = ("people", "notes", "schemas", "databases", "folders")
"""The modules of traits: what comes later may depend on what came before."""


def trait(chance: float, *, group: str | None = None) -> Callable[[Change], Change]:
    """Register a function as a trait."""

    def register(change: Change) -> Change:
        name = change.__name__
        TRAITS[name] = Trait(name, change, chance, group)
        in_order = sorted(TRAITS.values(), key=_place)
        TRAITS.clear()
        TRAITS.update({each.name: each for each in in_order})
        return change

    return register


def _place(each: Trait) -> int:
    return _ORDER.index(each.change.__module__.rpartition(".")[2])


def choose(dice: Random) -> tuple[str, ...]:
    """The traits of one phone."""
    groups: dict[str, list[Trait]] = {}
    for each in TRAITS.values():
        if each.group is not None:
            groups.setdefault(each.group, []).append(each)
    chosen = {
        dice.choices(traits, [each.chance for each in traits])[0].name for traits in groups.values()
    }
    return tuple(
        each.name
        for each in TRAITS.values()
        if each.name in chosen or (each.group is None and dice.random() < each.chance)
    )


def some_note(phone: Phone, dice: Random) -> Note | None:
    """A note that no trait has changed yet, and that none will change after this one."""
    left = phone.plain_notes()
    if not left:
        return None
    note = dice.choice(left)
    note.odd = True
    return note
