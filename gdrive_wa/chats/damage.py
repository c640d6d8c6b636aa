"""The rows of a table, read around its damaged pages.

A damaged page hides its rows, and those of every page that only it refers to. All other rows can
still be found by number: SQLite goes from the root to a row, and reads no other page. Reading row
after row is faster, but ends at the first damaged page, and damaged bytes that look like a row
number make it skip others. So after the first error, rows are requested one by one; after many
numbers without a row, the next row is searched for.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator
from typing import Any

from gdrive_wa.storage.untrusted_database import FAILURES, UntrustedDatabase

_FIRST, _LAST = -(1 << 63) - 1, (1 << 63) - 1
_GAP = 64
"""Numbers without a row after which the next row is searched for; doubled if that finds none."""
_MAX_GAP = 4096
"""The limit of that doubling."""
_MAX_CONSECUTIVE_LOST = 50_000
"""More rows than one page of page numbers covers. After a longer series of failures, the next
readable number is searched for; without one, the table has ended."""


class _OutOfOrderError(sqlite3.DatabaseError):
    """A row was read twice: the pages form a cycle."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class TableReader:
    """Reads one table once.

    Args:
        database: an open database.
        table: the name of the table.
        chosen: the columns, as SQL.
        where: a condition, as SQL.
        ids: the condition asks for the row numbers in ``temp.wanted``, so that after an error
            these can be requested one by one.

    Attributes:
        lost: row numbers that could not be read. Some may never have been used.
        cut: the end of the table could not be read; its rows are not counted in `lost`.
    """

    def __init__(
        self, database: UntrustedDatabase, table: str, chosen: str, where: str, *, ids: bool
    ) -> None:
        self.lost = 0
        self.cut = False
        self._database = database
        self._ids = ids
        rows = f'FROM "{table}" NOT INDEXED WHERE'
        self._query = f"SELECT rowid, {chosen} {rows} {where} ORDER BY rowid"
        self._next_query = f"SELECT rowid {rows} rowid > ? ORDER BY rowid"
        self._exists_query = f"SELECT 1 {rows} rowid = ?"
        self._row_query = f"SELECT {chosen} {rows} rowid = ? AND ({where})"
        self._read = array("q")

    def rows(self, can_continue: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """The rows, in the order of their numbers unless something is damaged.

        Args:
            can_continue: raises errors other than damage; False if nothing more can be read.
        """
        charge, record = self._database.charge, self._read.append
        last = _FIRST
        try:
            for row in self._database.execute(self._query):
                number = row[0]
                if number <= last:
                    raise _OutOfOrderError("rows out of order")
                last = number
                record(number)
                if bytes in map(type, row):
                    charge(row)
                yield row[1:]
        except FAILURES as error:
            if not can_continue(error):
                self.cut = True
                return
            yield from (
                self._one_by_one(can_continue) if self._ids else self._by_number(can_continue)
            )

    def _row(self, number: int) -> list[tuple[Any, ...]]:
        found = self._database.execute(self._row_query, (number,)).fetchmany(1)
        for row in found:
            self._database.charge(row)
        return found

    def _one_by_one(self, can_continue: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """The rows of ``temp.wanted`` that have not been read yet."""
        read = set(self._read)
        numbers = self._database.execute("SELECT id FROM temp.wanted ORDER BY id").fetchall()
        for (number,) in numbers:
            try:
                yield from () if number in read else self._row(number)
            except FAILURES as error:
                if not can_continue(error):
                    self.cut = True
                    return
                self.lost += 1

    def _by_number(self, can_continue: Callable[[Exception], bool]) -> Iterator[tuple[Any, ...]]:
        """Every row that has not been read yet, by counting up."""
        read = set(self._read)
        number, missed, gap, failed = 0, 0, _GAP, 0
        while number < _LAST:
            number += 1
            try:
                found = [] if number in read else self._row(number)
            except FAILURES as error:
                if not can_continue(error):
                    self.cut = True
                    return
                self.lost, failed = self.lost + 1, failed + 1
                if failed >= _MAX_CONSECUTIVE_LOST:
                    readable = self._skip_damage(number, can_continue)
                    if readable is None:
                        self.lost -= failed
                        self.cut = True
                        return
                    self.lost, number, failed = self.lost + readable - number - 1, readable - 1, 0
                continue
            yield from found
            missed = 0 if found or number in read else missed + 1
            failed = 0
            if missed >= gap:
                beyond, sure = self._next(number, can_continue)
                if beyond is None:
                    return
                number = beyond - 1 if sure else number
                missed, gap = 0, _GAP if sure else min(gap * 2, _MAX_GAP)

    def _skip_damage(self, bad: int, can_continue: Callable[[Exception], bool]) -> int | None:
        """The next number that can be requested; None if there is none."""
        step = 1
        while not self._is_readable(bad + step, can_continue):
            bad, step = bad + step, step * 2
            if bad + step > _LAST // 2:
                return None
        good = bad + step
        while good - bad > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._is_readable(middle, can_continue) else (good, middle)
        return good

    def _is_readable(self, number: int, can_continue: Callable[[Exception], bool]) -> bool:
        try:
            self._row(number)
        except FAILURES as error:
            can_continue(error)
            return False
        return True

    def _next(
        self, number: int, can_continue: Callable[[Exception], bool]
    ) -> tuple[int | None, bool]:
        """The next row's number, and whether there is a row; None after the last one."""
        try:
            found = self._database.execute(self._next_query, (number,)).fetchmany(1)
            beyond = found[0][0] if found else None
            if not isinstance(beyond, int) or beyond <= number:
                return (None, True) if beyond is None else (number, False)
            return beyond, bool(self._database.execute(self._exists_query, (beyond,)).fetchmany(1))
        except FAILURES as error:
            return number if can_continue(error) else None, False
