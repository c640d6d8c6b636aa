"""The rows of a table, read around its damaged pages.

A page that is damaged hides the rows in it, and those of every page that only it leads to. All
others can still be reached by their number: SQLite goes from the root to a row, and looks at no
page beside that way. So from the first error on, row numbers are read in windows, which halve
when one fails and double when one is read; a number that fails alone is lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

_LAST = (1 << 63) - 1
_WIDEST = 1 << 60
_MOST_LOST_IN_A_ROW = 50_000
"""More than one page of page numbers leads to: what fails longer than that is the table's end,
or a hole that is stepped over."""

_FAILURES = (sqlite3.Error, OverflowError, UnicodeError)


class _OutOfOrderError(sqlite3.DatabaseError):
    """A row comes again: the pages lead in a circle."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class Walk:
    """One reading of one table.

    Args:
        database: an open one.
        table: its name.
        chosen: the columns, as SQL.
        where: a condition, as SQL.
        ids: the condition asks for the row numbers in ``temp.wanted``, so that after an error
            these can be asked for one by one.

    Attributes:
        lost: row numbers that could not be read. Some may never have been used.
        cut: the end of the table could not be read, and is not in `lost`.
    """

    def __init__(
        self, database: sqlite3.Connection, table: str, chosen: str, where: str, *, ids: bool
    ) -> None:
        self.lost = 0
        self.cut = False
        self._database = database
        self._ids = ids
        self._query = (
            f'SELECT rowid, {chosen} FROM "{table}" '  # noqa: S608 - only names of ours
            f"WHERE rowid > ? AND rowid <= ? AND ({where}) ORDER BY rowid"
        )
        self._one = f'SELECT {chosen} FROM "{table}" WHERE rowid = ? AND ({where})'  # noqa: S608 - only names of ours
        self._after = -_LAST - 1

    def rows(self, passable: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """The rows in the order of their numbers.

        Args:
            passable: raises what is not damage; False when nothing more can be read.
        """
        try:
            yield from self._between(_LAST)
        except _FAILURES as error:
            if not passable(error):
                self.cut = True
                return
            yield from self._one_by_one(passable) if self._ids else self._around(passable)

    def _between(self, last: int) -> Iterator[tuple[Any, ...]]:
        for row in self._database.execute(self._query, (self._after, last)):
            if row[0] <= self._after:
                raise _OutOfOrderError("rows out of order")
            self._after = row[0]
            yield row[1:]

    def _at(self, number: int) -> Iterator[tuple[Any, ...]]:
        """One row. It is not asked for as a window is: SQLite looks for the next one at once, and
        if that is damaged, it hands out neither."""
        yield from self._database.execute(self._one, (number,)).fetchmany(1)

    def _one_by_one(self, passable: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        asked = self._database.execute(
            "SELECT id FROM temp.wanted WHERE id > ? ORDER BY id", (self._after,)
        ).fetchall()
        for (number,) in asked:
            try:
                yield from self._at(number)
            except _FAILURES as error:
                if not passable(error):
                    self.cut = True
                    return
                self.lost += 1

    def _around(self, passable: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        self._after = max(self._after, 0)
        window, failed = 1, 0
        while self._after < _LAST:
            last = min(self._after + window, _LAST)
            try:
                yield from self._between(last) if window > 1 else self._at(last)
            except _FAILURES as error:
                if not passable(error):
                    self.cut = True
                    return
                if window > 1:
                    window //= 2
                    continue
                self.lost, failed, self._after = self.lost + 1, failed + 1, self._after + 1
                if failed >= _MOST_LOST_IN_A_ROW and not self._leap(passable, failed):
                    return
            else:
                self._after, window, failed = last, min(window * 2, _WIDEST), 0

    def _leap(self, passable: Callable[[Exception], bool], failed: int) -> bool:
        """Go on where numbers can be read again; False when none can."""
        bad, step = self._after, 1
        while step < _WIDEST and not self._sound(bad + step, passable):
            bad, step = bad + step, step * 2
        if step >= _WIDEST:
            self.lost -= failed
            self.cut = True
            return False
        good = bad + step
        while good - bad > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._sound(middle, passable) else (good, middle)
        self.lost += bad - self._after
        self._after = bad
        return True

    def _sound(self, number: int, passable: Callable[[Exception], bool]) -> bool:
        try:
            list(self._at(number))
        except _FAILURES as error:
            passable(error)
            return False
        return True
