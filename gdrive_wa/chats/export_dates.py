"""The date and time that begin each message of an exported chat, in the forms of all languages.

Android writes ``01/03/2024, 09:00 - Ana: text``, an iPhone ``[01/03/2024, 09:00:00] Ana: text``.
Both write the date in the format of the phone's region, so the position of the day is not known:
:class:`DateOrders` derives it from the entire file.
"""

# ruff: noqa: RUF001 - dashes and marks are what is looked for

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from gdrive_wa.chats.export_months import MONTH, month_named
from gdrive_wa.chats.export_words import is_afternoon

MARKS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
"""Invisible characters that only change the direction of writing."""
_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")
FIRST_YEAR = 2009
"""WhatsApp began in 2009."""

_DATE = r"(?P<a>\d{1,4})(?P<s1> ?[./年년-] ?)(?P<b>\d{1,2})(?P<s2> ?[./月월-] ?)(?P<c>\d{1,4})"
_TIME = r"(?P<h>\d{1,2})(?P<t>[:.]| ?h ?)(?P<m>\d\d)(?:(?:[:.]| min )(?P<s>\d\d))?"
_WORDS = r"[^\d\[\]:]{1,24}?"
_MARKER = r"(?:[^\d\[\]:–-]{1,20})?"
_END = r"(?(open)\] ?|(?: ?[-–] |: ))"
_DATE_FIRST = re.compile(
    rf"(?P<open>\[ ?)?{_DATE}(?P<gap>{_WORDS}){_TIME}(?P<after>{_MARKER}){_END}"
)
_TIME_FIRST = re.compile(
    rf"(?P<open>\[ ?)?{_TIME}(?P<gap>{_WORDS}){_DATE}(?P<after>{_MARKER}){_END}"
)
_NAMED = "month"
"""Stands for the separator in the form of a date that has the name of a month."""
_NAMED_ORDER = "DMY"
"""The order of the fields of such a date, however it is written."""
_BETWEEN = r"(?: de |[ ./-]{1,2})"
_NAMED_DATE = (
    rf"(?:(?P<d1>\d{{1,2}})\.?{_BETWEEN}(?P<m1>{MONTH})\.?,?{_BETWEEN}(?P<y1>\d{{4}}|\d\d)"
    rf"|(?P<m2>{MONTH})\.? (?P<d2>\d{{1,2}}),? (?P<y2>\d{{4}})"
    rf"|(?P<y3>\d{{4}})\.?{_BETWEEN}(?P<m3>{MONTH})\.?{_BETWEEN}(?P<d3>\d{{1,2}})\.?)"
)
_MONTH_NAMED = re.compile(
    rf"(?P<open>\[ ?)?{_NAMED_DATE}(?P<gap>{_WORDS}){_TIME}(?P<after>{_MARKER}){_END}"
)
_STARTS = re.compile(rf"\[|\d|{MONTH}\.? \d")
_YEARS = range(1980, 2100)
"""The years that are accepted: a wide range, because messages with a wrong clock are kept."""
_BUDDHIST = 543
_BUDDHIST_YEARS = range(2500, 2700)
_PERSIAN_YEARS = range(1380, 1480)


@dataclass(frozen=True, slots=True)
class Head:
    """The date and time before a message, not yet understood.

    Attributes:
        form: the pattern that all messages of a file share.
        fields: the three numbers of the date, in their order.
        padded: the first number has a leading zero.
        at: the time of day.
        latin_marker: the time has ``AM`` or ``PM`` in capitals.
        end: the end of the head in the text that it was read from, without marks.
    """

    form: tuple[object, ...]
    fields: tuple[int, int, int]
    padded: bool
    at: time
    latin_marker: bool
    end: int


def without_marks(text: str) -> str:
    """`text` without marks of direction, and with ordinary spaces."""
    return text if text.isascii() else _SPACES.sub(" ", MARKS.sub("", text))


def read_head(text: str) -> Head | None:
    """Parse the date and time at the beginning of `text`; None for the continuation of a message.

    Args:
        text: a line without marks.
    """
    if _STARTS.match(text) is None:
        return None
    for time_first, pattern in enumerate((_DATE_FIRST, _TIME_FIRST)):
        found = pattern.match(text)
        if found is not None and (clock := _clock(found)) is not None:
            return Head(
                (found["open"] is not None, time_first, found["s1"].strip(), found["s"] is None),
                (int(found["a"]), int(found["b"]), int(found["c"])),
                found["a"].startswith("0"),
                clock,
                bool(re.search(r"[AP]M", found["after"] or "")),
                found.end(),
            )
    return _named_head(text)


def _named_head(text: str) -> Head | None:
    """A date and time with the name of a month."""
    found = _MONTH_NAMED.match(text)
    if found is None or (clock := _clock(found)) is None:
        return None
    day, word, year = (
        next(filter(None, (found[f"{part}{way}"] for way in "123"))) for part in "dmy"
    )
    month = month_named(word)
    if month is None:
        return None
    return Head(
        (found["open"] is not None, False, _NAMED, found["s"] is None),
        (int(day), month, int(year)),
        day.startswith("0"),
        clock,
        latin_marker=False,
        end=found.end(),
    )


def _clock(found: re.Match[str]) -> time | None:
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"] or 0)
    if hour > 24 or minute > 59 or second > 59:
        return None
    if hour <= 12:
        afternoon = _is_afternoon(found["gap"], found["after"] or "")
        if afternoon is not None:
            hour = hour % 12 + 12 * afternoon
    return time(hour % 24, minute, second)


@lru_cache(maxsize=64)
def _is_afternoon(gap: str, after: str) -> bool | None:
    return is_afternoon(after, gap)


_ORDERS = {"DMY": (2, 1, 0), "MDY": (2, 0, 1), "YMD": (0, 1, 2), "YDM": (0, 2, 1)}
"""Places of year, month and day among the numbers."""


class DateOrders:
    """Decides in which order a file writes day, month and year.

    A fault of an order is a date that is impossible with it, a step back in time (messages are in
    the order of sending), or an attachment with another day in its name. The order with the fewest
    faults is used; between equals, the one that the punctuation suggests.
    """

    def __init__(self) -> None:
        self._faults = dict.fromkeys(_ORDERS, 0)
        self._earliest: dict[str, date] = {}
        self._latest: dict[str, date] = {}
        self._last: dict[str, date] = {}
        self._fields: tuple[int, int, int] | None = None
        self._first: Head | None = None

    def add(self, head: Head) -> None:
        """Count the date of the next message."""
        self._first = self._first or head
        if head.fields == self._fields:
            return
        self._fields = head.fields
        for order in _ORDERS:
            day = _day(order, head.fields)
            if head.form[2] == _NAMED and order != _NAMED_ORDER:
                day = None
            if day is None or not FIRST_YEAR <= day.year <= _latest_year():
                self._faults[order] += 1
                continue
            last = self._last.get(order)
            if last is not None and day < last:
                self._faults[order] += 1
            self._last[order] = day
            self._earliest[order] = min(day, self._earliest.get(order, day))
            self._latest[order] = max(day, self._latest.get(order, day))

    def add_attachment(self, head: Head, named: date) -> None:
        """Count the day in the name of an attachment of the message with `head`."""
        for order in _ORDERS:
            day = _day(order, head.fields)
            if day is None or abs((day - named).days) > 1:
                self._faults[order] += 1

    def order(self) -> str:
        """The order, as one of ``DMY``, ``MDY``, ``YMD``, ``YDM``."""
        return min(_ORDERS, key=self._rank)

    def _rank(self, order: str) -> tuple[int, bool, int]:
        span = timedelta.max
        if order in self._earliest:
            span = self._latest[order] - self._earliest[order]
        return self._faults[order], self._is_unusual(order), span.days

    def _is_unusual(self, order: str) -> bool:
        """True for an order that is rarely used with this punctuation."""
        first = self._first
        if order == "YDM" or first is None:
            return True
        if order == "MDY":
            return not (first.form[2] == "/" and first.latin_marker and not first.padded)
        if order == "YMD":
            return first.fields[0] < 100 and first.form[2] not in ("-", "/")
        return first.form[2] == "/" and first.latin_marker and not first.padded


def day_of(order: str, head: Head) -> date | None:
    """The day of `head` with its numbers in `order`; None if that is not a date."""
    return _day(order, head.fields)


@lru_cache(maxsize=4096)
def _day(order: str, fields: tuple[int, int, int]) -> date | None:
    year, month, day = (fields[place] for place in _ORDERS[order])
    if year in _PERSIAN_YEARS:
        return _persian(year, month, day)
    if year in _BUDDHIST_YEARS:
        year -= _BUDDHIST
    elif year < 100:
        buddhist = year + 2500 - _BUDDHIST
        is_later = year + 2000 > _latest_year() and FIRST_YEAR <= buddhist <= _latest_year()
        year = buddhist if is_later else year + 2000
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _latest_year() -> int:
    return datetime.now(UTC).year + 1


def _persian(year: int, month: int, day: int) -> date | None:
    """A day of the Persian calendar: six months of 31 days, then months of 30.

    Its year begins on the day of the spring equinox; leap years follow the cycle of 33 years,
    which is exact for the years of WhatsApp.
    """
    if not (1 <= month <= 12 and 1 <= day <= 31 - (month > 6)):
        return None
    passed = year - 1380
    leaps = sum((1380 + each) % 33 in (1, 5, 9, 13, 17, 22, 26, 30) for each in range(passed))
    in_year = (month - 1) * 31 - max(0, month - 7) + day - 1
    return date(2001, 3, 21) + timedelta(days=passed * 365 + leaps + in_year)
