"""An untrusted database, read without ever changing it.

Tables and columns differ between versions of WhatsApp; values may be of any type, text in any
encoding, pages damaged. All readable rows are read, and the others are counted.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gdrive_wa.chats.damage import TableReader
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.storage.untrusted_database import (
    FAILURES,
    code_of,
    connect_untrusted,
    shown_error,
)

WANTED = "(SELECT id FROM temp.wanted)"
"""The ids of :meth:`Tables.select_ids`, as part of an SQL condition."""


class Tables:
    """One SQLite database, opened read-only and immutable. A context manager.

    Attributes:
        path: the file.
        damaged: some rows could not be read.
        lost: the number of unreadable row numbers of each table, as far as it is known.
        cut: tables with an unreadable end, where lost rows cannot be counted.

    Raises:
        DatabaseError: the file does not exist, or is not a database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = False
        self.lost: Counter[str] = Counter()
        self.cut: set[str] = set()
        if not path.is_file():
            raise DatabaseError(
                f"no database named '{path}'", hint="check the spelling of the path"
            )
        try:
            self._database = connect_untrusted(path)
        except FAILURES as error:
            raise self._unreadable(error) from error
        try:
            self._columns, self._keys = self._introspect()
        except FAILURES as error:
            try:
                self._database.stopped(error)
            finally:
                self._database.close()
            raise self._unreadable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def has(self, table: str, *columns: str) -> bool:
        """True if `table` exists, with all of `columns`."""
        return table in self._columns and set(columns) <= self._columns[table]

    def names(self) -> frozenset[str]:
        """The names of the tables that can be read."""
        return frozenset(self._columns)

    def lack(self, table: str, *columns: str) -> str | None:
        """The reason why rows of `table` with `columns` cannot be read; None if they can.

        Raises:
            DatabaseError: the database cannot be read.
        """
        try:
            return self._database.lack(table, *columns)
        except FAILURES as error:
            self._database.stopped(error)
            raise self._unreadable(error) from error

    def columns(self, table: str) -> frozenset[str]:
        """The names of the columns of `table`; none if it does not exist."""
        return frozenset(self._columns.get(table, ()))

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        where: str = "1",
        *,
        wanted: str | None = None,
        last: int | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of `table` in their order, with None for a missing column.

        Around damaged pages every row that can be looked up is read; :attr:`damaged` is set and
        :attr:`lost` counted.

        Args:
            table: the name of the table; a missing table has no rows.
            columns: the names of the columns.
            where: an SQL condition; it must never contain a value from outside.
            wanted: only rows with one of the ids of :meth:`select_ids` in the column of this name.
            last: only this number of rows, from the end backwards.
        """
        known = self._columns.get(table)
        if known is None or (wanted is not None and wanted not in known):
            return
        chosen = ", ".join(f'"{name}"' if name in known else "NULL" for name in columns)
        if wanted is not None:
            where = f'({where}) AND "{wanted}" IN {WANTED}'
        if last is not None:
            yield from self._last(table, chosen, where, last)
        elif not self._numbered(table):
            yield from self._unnumbered(table, chosen, where)
        else:
            ids = wanted is not None and wanted == self._keys.get(table)
            reader = TableReader(self._database, table, chosen, where, ids=ids)
            try:
                yield from reader.rows(self._can_continue)
            finally:
                self._record_loss(table, reader)

    def select_ids(self, ids: Iterable[int]) -> None:
        """Set the ids of the condition ``… IN wanted``."""
        try:
            self._database.execute("DROP TABLE IF EXISTS temp.wanted")
            self._database.execute("CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)")
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR IGNORE INTO temp.wanted VALUES (?)", ((number,) for number in ids)
            )
            self._database.execute("COMMIT")
        except FAILURES as error:
            self._database.stopped(error)
            raise self._unreadable(error) from error

    def release(self) -> None:
        """Free cached memory; the database stays open."""
        try:
            self._database.execute("DROP TABLE IF EXISTS temp.wanted")
            self._database.execute("PRAGMA shrink_memory")
        except FAILURES as error:
            self._can_continue(error)

    def count(self, table: str, where: str) -> int:
        """The number of rows of `table` that match `where`; 0 if they cannot be counted."""
        if table not in self._columns:
            return 0
        rows = f'SELECT 1 FROM "{table}" NOT INDEXED WHERE {where} LIMIT ?'  # noqa: S608 - names of ours
        try:
            found = self._database.execute(
                f"SELECT count(*) FROM ({rows})",  # noqa: S608 - likewise
                (self._database.most_rows,),
            ).fetchone()
        except FAILURES as error:
            self._can_continue(error)
            return 0
        return int(found[0])

    def _last(self, table: str, chosen: str, where: str, last: int) -> Iterator[tuple[Any, ...]]:
        order = "ORDER BY rowid DESC" if self._numbered(table) else ""
        query = f'SELECT {chosen} FROM "{table}" NOT INDEXED WHERE {where} {order} LIMIT ?'  # noqa: S608 - only names of ours
        try:
            for row in self._database.execute(query, (min(last, self._database.most_rows),)):
                self._database.charge(row)
                yield row
        except FAILURES as error:
            self._can_continue(error)

    def _unnumbered(self, table: str, chosen: str, where: str) -> Iterator[tuple[Any, ...]]:
        try:
            query = f'SELECT {chosen} FROM "{table}" NOT INDEXED WHERE {where}'  # noqa: S608 - only names of ours
            rows = self._database.execute(query)
            for row in islice(rows, self._database.most_rows):
                self._database.charge(row)
                yield row
            if rows.fetchone() is not None:
                self.damaged = True
                self.cut.add(table)
        except FAILURES as error:
            self._can_continue(error)
            self.cut.add(table)

    def _record_loss(self, table: str, reader: TableReader) -> None:
        if reader.lost or reader.cut:
            self.damaged = True
            self.lost[table] = max(self.lost[table], reader.lost)
        if reader.cut:
            self.cut.add(table)

    def _can_continue(self, error: Exception) -> bool:
        """Record an error after which reading can continue; raise any other one as ours.

        Returns:
            False if nothing more can be read.
        """
        if self._database.stopped(error):
            self.damaged = True
            return False
        if not _is_damage(error):
            raise self._unreadable(error) from error
        self.damaged = True
        return True

    def _numbered(self, table: str) -> bool:
        """False for a table made ``WITHOUT ROWID``, or with a column of that name."""
        named = [name for name in self._columns[table] if name.lower() == "rowid"]
        if named and named != [self._keys.get(table)]:
            return False
        try:
            self._database.execute(f'SELECT rowid FROM "{table}" LIMIT 0')  # noqa: S608 - a name of ours
        except FAILURES as error:
            return _is_damage(error)
        return True

    def _introspect(self) -> tuple[dict[str, set[str]], dict[str, str]]:
        """The columns of each table, and the column with its row number, if any."""
        columns: dict[str, set[str]] = {}
        keys: dict[str, str] = {}
        for table, listed in self._database.tables().items():
            columns[table] = {name for name, _, _ in listed}
            own = [name for name, kind, key in listed if key and kind == "INTEGER"]
            if len(own) == sum(1 for _, _, key in listed if key) == 1:
                keys[table] = own[0]
        return columns, keys

    def _unreadable(self, error: Exception) -> DatabaseError:
        return DatabaseError(
            f"the database '{self.path}' cannot be read ({shown_error(error)})",
            hint="decrypt it again from the backup, or from an older one",
        )


def _is_damage(error: Exception) -> bool:
    if isinstance(error, UnicodeError):
        return True
    return isinstance(error, sqlite3.Error) and code_of(error) in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_TOOBIG,
    )
