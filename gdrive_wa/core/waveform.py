"""The loudness of a voice note over time, in a byte for each value: a tuple needs eight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload


class Waveform(Sequence[int]):
    """Values of 0..255, equal to a tuple of the same values.

    Args:
        values: the values.

    Raises:
        ValueError: one of them is out of range.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[int]) -> None:
        self._values = bytes(values)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[int]:
        return iter(self._values)

    def __bytes__(self) -> bytes:
        return self._values

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[int, ...]: ...
    def __getitem__(self, at: int | slice) -> int | tuple[int, ...]:
        return tuple(self._values[at]) if isinstance(at, slice) else self._values[at]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Waveform):
            return self._values == other._values
        if isinstance(other, tuple):
            return len(other) == len(self._values) and other == tuple(self._values)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._values))

    def __repr__(self) -> str:
        return repr(tuple(self._values))


def compact(values: Iterable[int]) -> Sequence[int]:
    """`values` as a :class:`Waveform`; as a tuple if one is out of range, or there are none."""
    values = tuple(values)
    try:
        return Waveform(values) if values else ()
    except ValueError:
        return values
