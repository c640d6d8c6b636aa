"""Select the messages around a voice note: the nearest ones in its chat, on the same day.

Only times and numbers of messages are kept here, 16 bytes for each; texts are read afterwards, for
the selected messages only.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from operator import le
from typing import TypeAlias

from gdrive_wa.core.frozen import replace
from gdrive_wa.core.message_pool import Messages
from gdrive_wa.core.model import VoiceNote

_LAST = (1 << 63) - 1
DAY = 86_400_000
"""Milliseconds in a day."""

Places: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""The numbers of the messages before a note and after it."""
NOWHERE: Places = ((), ())
"""The places of a note without messages around it."""


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """The number of messages read around a note.

    Attributes:
        count: the number of messages before the note, and of those after it.
        zone: the time zone in which a day begins; None for this machine's.
    """

    count: int
    zone: tzinfo | None = None

    def local_day(self, moment: datetime) -> date:
        """The day of a moment in UTC."""
        return moment.astimezone(self.zone).date()

    def bounds(self, day: date) -> tuple[int, int]:
        """The beginning of a day and of the next one, in milliseconds since 1970 UTC."""
        start, end = (self._midnight(each) for each in (day, day + timedelta(days=1)))
        return start, end

    def _midnight(self, day: date) -> int:
        local = datetime.combine(day, time())
        local = local.astimezone() if self.zone is None else local.replace(tzinfo=self.zone)
        return milliseconds(local)


def milliseconds(moment: datetime) -> int:
    """A moment in milliseconds since 1970 UTC."""
    since = moment - _EPOCH
    return since.days * DAY + since.seconds * 1000 + since.microseconds // 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Chat:
    times: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("q"))
    ordered: bool = False

    def sort(self) -> None:
        if self.ordered:
            return
        self.ordered = True
        times, numbers = self.times, self.numbers
        if all(map(le, times, islice(times, 1, None))) and all(
            map(le, numbers, islice(numbers, 1, None))
        ):
            return
        order = sorted(zip(times, numbers, strict=True))
        self.times = array("q", (moment for moment, _ in order))
        self.numbers = array("q", (number for _, number in order))


class Timeline:
    """The messages of the chats with notes, by time and then by number.

    Args:
        window: how many messages are read around each note.
        chats: the jids of the chats with notes; messages of others are not kept.
    """

    def __init__(self, window: ContextWindow, chats: Iterable[str]) -> None:
        self._window = window
        self._chats = {jid: _Chat() for jid in chats}
        self._bounds: dict[date, tuple[int, int]] = {}
        self._latest = (0, 0)

    def adder(self, chat_jid: str | None) -> Callable[[int, int], None] | None:
        """A function that records the time in milliseconds and the number of each message of a
        chat; None for a chat without notes."""
        chat = self._chats.get(chat_jid or "")
        if chat is None:
            return None
        times, numbers = chat.times.append, chat.numbers.append

        def add(moment: int, number: int) -> None:
            times(moment)
            numbers(number)

        return add

    def arrays(self, chat_jid: str) -> tuple[array[int], array[int]] | None:
        """The arrays to which the time in milliseconds and the number of each message of a chat
        can be appended without a call for each; None for a chat without notes."""
        chat = self._chats.get(chat_jid)
        return None if chat is None else (chat.times, chat.numbers)

    def around(self, note: VoiceNote, number: int | None) -> Places:
        """The numbers of the messages around `note`.

        Args:
            note: a voice note.
            number: its message number; None if it is not among the messages.
        """
        chat = self._chats.get(note.chat_jid)
        if chat is None or note.sent_at is None:
            return NOWHERE
        chat.sort()
        times, numbers = chat.times, chat.numbers
        moment, count = milliseconds(note.sent_at), self._window.count
        start, end = self._day(note.sent_at, moment)
        first = bisect_left(times, moment)
        last = bisect_right(times, moment, first)
        at = bisect_left(numbers, _LAST if number is None else number, first, last)
        after = at + (at < last and numbers[at] == number)
        lowest = bisect_left(times, start, max(at - count, 0), at)
        highest = bisect_left(times, end, after, min(after + count, len(times)))
        if lowest == at and after == highest:
            return NOWHERE
        return tuple(numbers[lowest:at]), tuple(numbers[after:highest])

    def days(self, notes: Iterable[VoiceNote]) -> dict[str, set[int]]:
        """The days on which messages of each chat may be around `notes`, as numbers since 1970 in
        UTC. A day in another time zone overlaps with two of them."""
        found: dict[str, set[int]] = {jid: set() for jid in self._chats}
        for note in notes:
            if note.sent_at is not None:
                start, end = self._day(note.sent_at, milliseconds(note.sent_at))
                found[note.chat_jid].update(range(start // DAY, (end - 1) // DAY + 1))
        return found

    def _day(self, moment: datetime, at: int) -> tuple[int, int]:
        """The bounds of the day of `moment`, in milliseconds; `at` is `moment` in milliseconds."""
        if self._latest[0] <= at < self._latest[1]:
            return self._latest
        day = self._window.local_day(moment)
        if day not in self._bounds:
            self._bounds[day] = self._window.bounds(day)
        start, end = found = self._bounds[day]
        if end - start == DAY:  # on other days the clock changes, and may go back to the day before
            self._latest = found
        return found


def with_messages(note: VoiceNote, places: Places, messages: Messages) -> VoiceNote:
    """`note` with the readable messages around it."""
    if places is NOWHERE:
        return note
    before, after = map(messages.sequence, places)
    return replace(note, before=before, after=after) if before or after else note
