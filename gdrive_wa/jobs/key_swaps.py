"""Find two digits, or two groups of digits, that were swapped when a key was typed.

Only the 63 swaps of two neighbours and the 120 swaps of two groups are tried, on the user's own
file. There is no other search for keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from gdrive_wa.crypt.key_text import strip_separators
from gdrive_wa.crypt.keys import ROOT_KEY_SIZE, RootKey

GROUP = 4
"""Digits of a group, as the phone shows them."""
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class SwapFix:
    """Two digits or two groups of a typed key that are swapped.

    Attributes:
        typed: the 64 digits as they were typed.
        right: the 64 digits that open the file.
    """

    typed: str
    right: str

    @property
    def groups(self) -> dict[int, tuple[str, str]]:
        """The groups that differ, by their number from 1: as typed, and as they should be."""
        both = zip(_in_groups(self.typed), _in_groups(self.right), strict=True)
        return {number: pair for number, pair in enumerate(both, 1) if pair[0] != pair[1]}

    def __repr__(self) -> str:
        return f"SwapFix(groups={list(self.groups)})"

    def words(self) -> tuple[str, str]:
        """What is wrong, and what to do."""
        groups = self.groups
        whole = len(groups) == 2 and sum(a != b for a, b in zip(self.typed, self.right)) > 2  # noqa: B905 - both have 64
        changes = [
            f"in group {number} of 16, write {right} in place of {typed}"
            for number, (typed, right) in groups.items()
        ]
        return ("two groups are" if whole else "two digits are") + " swapped", "; ".join(changes)

    def correct(self, _typed: str) -> str:
        """The 64 digits with the swap undone."""
        return self.right


def find_swap(typed: str, authenticates: Callable[[RootKey], bool]) -> SwapFix | None:
    """The swap, if undoing exactly one swap authenticates.

    Args:
        typed: 64 hexadecimal digits without spaces.
        authenticates: whether a key opens the user's own file.
    """
    digits = strip_separators(typed).lower()
    if len(digits) != 2 * ROOT_KEY_SIZE or not _HEX.issuperset(digits):
        return None
    found = [
        SwapFix(digits, right)
        for right in dict.fromkeys(_swaps(digits))
        if authenticates(RootKey.from_hex(right))
    ]
    return found[0] if len(found) == 1 else None


def _swaps(digits: str) -> Iterator[str]:
    for at in range(len(digits) - 1):
        if digits[at] != digits[at + 1]:
            yield digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    groups = _in_groups(digits)
    for one, other in combinations(range(len(groups)), 2):
        if groups[one] != groups[other]:
            swapped = list(groups)
            swapped[one], swapped[other] = groups[other], groups[one]
            yield "".join(swapped)


def _in_groups(digits: str) -> list[str]:
    return [digits[at : at + GROUP] for at in range(0, len(digits), GROUP)]
