"""The rows of a table, read around its damaged pages.

A page that is damaged hides the rows in it, and those of every page that only it leads to. All
others can still be reached by their number: SQLite goes from the root to a row, and looks at no
page beside that way. Reading row after row is quicker, but ends at the first damaged page, and
rotten bytes that look like a row's number lead it past others. So from the first error on, rows are
asked for one by one; only where nothing comes for a while is the next one looked for.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator
from typing import Any

_LAST = (1 << 63) - 1
_PATIENCE = 64
_MOST_PATIENCE = 4096
"""Numbers without a row after which the next row is looked for; more where that led nowhere."""
_MOST_LOST_IN_A_ROW = 50_000
"""More than one page of page numbers leads to: what fails longer than that is the table's end,
or a hole that is leapt over."""

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
        self._query = f'SELECT rowid, {chosen} FROM "{table}" WHERE {where} ORDER BY rowid'  # noqa: S608 - only names of ours
        self._beyond = f'SELECT rowid FROM "{table}" WHERE rowid > ? ORDER BY rowid'  # noqa: S608 - only names of ours
        self._there = f'SELECT 1 FROM "{table}" WHERE rowid = ?'  # noqa: S608 - only names of ours
        self._one = f'SELECT {chosen} FROM "{table}" WHERE rowid = ? AND ({where})'  # noqa: S608 - only names of ours
        self._read = array("q")

    def rows(self, passable: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """The rows: in the order of their numbers, as far as nothing is damaged.

        Args:
            passable: raises what is not damage; False when nothing more can be read.
        """
        try:
            for row in self._database.execute(self._query):
                if self._read and row[0] <= self._read[-1]:
                    raise _OutOfOrderError("rows out of order")
                self._read.append(row[0])
                yield row[1:]
        except _FAILURES as error:
            if not passable(error):
                self.cut = True
                return
            yield from self._one_by_one(passable) if self._ids else self._by_number(passable)

    def _at(self, number: int) -> list[tuple[Any, ...]]:
        return self._database.execute(self._one, (number,)).fetchmany(1)

    def _one_by_one(self, passable: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """The rows of ``temp.wanted`` that were not read yet."""
        read = set(self._read)
        asked = self._database.execute("SELECT id FROM temp.wanted ORDER BY id").fetchall()
        for (number,) in asked:
            try:
                yield from () if number in read else self._at(number)
            except _FAILURES as error:
                if not passable(error):
                    self.cut = True
                    return
                self.lost += 1

    def _by_number(self, passable: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """Every row that was not read yet, by counting up."""
        read = set(self._read)
        number, missed, patience, failed = 0, 0, _PATIENCE, 0
        while number < _LAST:
            number += 1
            try:
                found = [] if number in read else self._at(number)
            except _FAILURES as error:
                if not passable(error):
                    self.cut = True
                    return
                self.lost, failed = self.lost + 1, failed + 1
                if failed >= _MOST_LOST_IN_A_ROW:
                    sound = self._leap(number, passable)
                    if sound is None:
                        self.lost -= failed
                        self.cut = True
                        return
                    self.lost, number, failed = self.lost + sound - number - 1, sound - 1, 0
                continue
            yield from found
            missed = 0 if found or number in read else missed + 1
            failed = 0
            if missed >= patience:
                beyond, sure = self._next(number, passable)
                if beyond is None:
                    return
                number = beyond - 1 if sure else number
                missed, patience = 0, _PATIENCE if sure else min(patience * 2, _MOST_PATIENCE)

    def _leap(self, bad: int, passable: Callable[[Exception], bool]) -> int | None:
        """The next number that can be asked for; None when none can."""
        step = 1
        while not self._is_sound(bad + step, passable):
            bad, step = bad + step, step * 2
            if bad + step > _LAST // 2:
                return None
        good = bad + step
        while good - bad > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._is_sound(middle, passable) else (good, middle)
        return good

    def _is_sound(self, number: int, passable: Callable[[Exception], bool]) -> bool:
        try:
            self._at(number)
        except _FAILURES as error:
            passable(error)
            return False
        return True

    def _next(self, number: int, passable: Callable[[Exception], bool]) -> tuple[int | None, bool]:
        """The next row's number, and whether a row is there; None behind the last one."""
        try:
            found = self._database.execute(self._beyond, (number,)).fetchmany(1)
            beyond = found[0][0] if found else None
            if not isinstance(beyond, int) or beyond <= number:
                return (None, True) if beyond is None else (number, False)
            return beyond, bool(self._database.execute(self._there, (beyond,)).fetchmany(1))
        except _FAILURES as error:
            return number if passable(error) else None, False
