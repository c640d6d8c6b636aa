"""Encode the times of a transcript's words for the page: about one character for each word."""

from __future__ import annotations

import re
from collections.abc import Iterable

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
"""Six bits for each character."""
TICKS = 50
"""Ticks in a second. The start of each word is stored as ticks since the start of the last one."""

_WORD = re.compile(r"[^ \t\r\n]+")
_REACH = 60
"""How far after the last word the next one is looked for, in characters."""


def encode_numbers(numbers: Iterable[int]) -> str:
    """Non-negative numbers as text: five bits a character, lowest first; all characters of a number
    but the last have 32 added."""
    return "".join([_SMALL[number] if number < 1024 else _encode(number) for number in numbers])


def _encode(number: int) -> str:
    rest, text = number, ""
    while rest > 31:
        text += DIGITS[32 + (rest & 31)]
        rest >>= 5
    return text + DIGITS[rest]


_SMALL = [_encode(number) for number in range(1024)]


def unsigned(number: int) -> int:
    """Any whole number as a non-negative one: 0, -1, 1, -2 become 0, 1, 2, 3."""
    return 2 * number if number >= 0 else -2 * number - 1


def encode_words(text: str, words: Iterable[tuple[float, float, str]]) -> tuple[str, str]:
    """The starts of `words` and their places in `text`.

    Args:
        text: the transcript.
        words: start and end in seconds, and the word. A word that `text` does not contain at this
            point is left out.

    Returns:
        The starts, each in ticks since the last word's start; and for each word the number of
        characters before it and in it, or an empty text if the words are those that white space
        separates in `text`.
    """
    starts: list[int] = []
    spans: list[tuple[int, int]] = []
    last = end = 0
    for start, _, word in words:
        wanted = word.strip()
        at = text.find(wanted, end, end + len(wanted) + _REACH) if wanted else -1
        if at < 0:
            continue
        tick = max(round(start * TICKS), last)
        starts.append(tick - last)
        last = tick
        end = at + len(wanted)
        spans.append((at, end))
    plain = spans == [found.span() for found in _WORD.finditer(text)]
    return encode_numbers(starts), "" if plain else encode_numbers(_lengths(spans))


def _lengths(spans: Iterable[tuple[int, int]]) -> Iterable[int]:
    before = 0
    for start, end in spans:
        yield start - before
        yield end - start
        before = end
