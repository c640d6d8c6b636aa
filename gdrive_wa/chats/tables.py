"""A database that somebody else wrote, read without ever changing it.

Tables and columns come and go between versions of WhatsApp; values may be of any type, text of
any encoding, pages damaged. What can be read is read; what cannot is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gdrive_wa.core.errors import DatabaseError

_CACHE = -8 * 1024
"""KiB of pages kept (negative: SQLite's way to say KiB)."""

_FAILURES = (sqlite3.Error, OverflowError, UnicodeError)
"""What the driver raises; the last when SQLite's own message quotes rotten bytes."""

_LONGEST_STEP = 1 << 16
_MOST_GAPS = 200


class Tables:
    """One SQLite database, opened read-only and immutable. A context manager.

    Attributes:
        path: the file.
        damaged: some rows could not be read.

    Raises:
        DatabaseError: there is no such file, or it is no database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = False
        if not path.is_file():
            raise DatabaseError(f"there is no database {path}")
        with self._errors():
            self._database = sqlite3.connect(
                path.absolute().as_uri() + "?mode=ro&immutable=1", uri=True, isolation_level=None
            )
            self._database.text_factory = _text
        try:
            with self._errors():
                self._database.execute("PRAGMA trusted_schema = OFF")
                self._database.execute("PRAGMA temp_store = MEMORY")
                self._database.execute(f"PRAGMA cache_size = {_CACHE}")
                self._columns = self._introspect()
        except DatabaseError:
            self._database.close()
            raise

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
        """True when `table` is there, with all of `columns`."""
        return table in self._columns and set(columns) <= self._columns[table]

    def rows(
        self, table: str, columns: Sequence[str], where: str = "1"
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of `table` in the order they lie in, None for a column that is not there.

        Around damaged pages, the rows on either side are read and :attr:`damaged` is set.

        Args:
            table: its name; nothing comes when it is not there.
            columns: their names.
            where: an SQL condition; never with a value from outside in it.
        """
        known = self._columns.get(table)
        if known is None:
            return
        chosen = ", ".join(f'"{name}"' if name in known else "NULL" for name in columns)
        number, order = ("rowid", "ORDER BY rowid") if self._numbered(table) else ("0", "")
        query = (
            f'SELECT {number}, {chosen} FROM "{table}" '  # noqa: S608 - only names of ours
            f"WHERE {number} > ? AND ({where}) {order}"
        )
        after, step, gaps = -(1 << 63), 1, 0
        while True:
            try:
                for row in self._database.execute(query, (after,)):
                    after, step = row[0], 1
                    yield row[1:]
            except _FAILURES as error:
                if not _is_damage(error):
                    raise self._unreadable(error) from error
                self.damaged = True
                gaps += 1 if order else _MOST_GAPS
                after = max(after, 0) + step
                step = min(step * 4, _LONGEST_STEP)
                if gaps >= _MOST_GAPS:
                    return
            else:
                return

    def want(self, ids: Iterable[int]) -> None:
        """From now on the condition ``… IN wanted`` means these ids."""
        with self._errors():
            self._database.execute("DROP TABLE IF EXISTS temp.wanted")
            self._database.execute("CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)")
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR IGNORE INTO temp.wanted VALUES (?)", ((number,) for number in ids)
            )
            self._database.execute("COMMIT")

    def count(self, table: str, where: str) -> int:
        """How many rows of `table` fulfil `where`; 0 where it cannot be told."""
        if table not in self._columns:
            return 0
        try:
            found = self._database.execute(
                f'SELECT count(*) FROM "{table}" WHERE {where}'  # noqa: S608 - names of ours
            ).fetchone()
        except _FAILURES:
            self.damaged = True
            return 0
        return int(found[0])

    def _numbered(self, table: str) -> bool:
        """False for a table that was made ``WITHOUT ROWID``."""
        try:
            self._database.execute(f'SELECT rowid FROM "{table}" LIMIT 0')  # noqa: S608 - a name of ours
        except _FAILURES as error:
            return _is_damage(error)
        return True

    def _introspect(self) -> dict[str, set[str]]:
        tables = [
            row[0]
            for row in self._database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND sql NOT LIKE 'CREATE VIRTUAL%'"
            )
        ]
        return {
            table: {
                row[0]
                for row in self._database.execute("SELECT name FROM pragma_table_info(?)", (table,))
            }
            for table in tables
            if isinstance(table, str)
        }

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DatabaseError:
        return DatabaseError(
            f"this database cannot be read: {self.path} ({str(error).lower()})",
            hint="decrypt it again from the backup, or from an older one",
        )


def _is_damage(error: Exception) -> bool:
    if isinstance(error, UnicodeError):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
