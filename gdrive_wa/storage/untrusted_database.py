"""The only way to open an SQLite database that this program did not write.

A database can act like an untrusted program: a view may never end, a virtual table runs its own
code, pages may form a circle, and thousands of rows may share one large value. So only genuine
tables are listed, an authorizer allows nothing else, no index is trusted, and a progress handler
limits the work and reacts to Ctrl-C.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from gdrive_wa.core import interruption
from gdrive_wa.core.errors import DatabaseError, Interrupted

FAILURES = (sqlite3.Error, OverflowError, UnicodeError, MemoryError)
"""Errors of the driver; a ``UnicodeError`` if SQLite's own message quotes damaged bytes."""

_CACHE = -8 * 1024
"""KiB of pages kept (negative: SQLite's way to say KiB)."""

_STEPS_PER_CALL = 50_000
"""Steps of SQLite's virtual machine between two calls of the progress handler."""
_MIN_STEPS = 1_000_000
"""Steps that any file may take: far more than an intact one needs."""
_STEPS_PER_BYTE = 50
"""Additional steps for each byte of the file. This limits pages that form a circle."""

_MIN_SECONDS = 60.0
"""Processor time that reading any file may take. Not wall-clock time, which includes sleep."""
_SECONDS_PER_BYTE = 2e-6
"""Additional processor time for each byte of the file."""

_MIN_BYTES = 32 << 20
"""Bytes of long texts and blobs that any file may return: its rows may share a large value."""
_VALUES_PER_BYTE = 16
"""Additional bytes of such values for each byte of the file."""
_LONG_TEXT = 256
"""Bytes of a text that is long enough to be counted."""

_SMALLEST_ROW = 4
"""Minimum bytes of a row."""
_LARGEST_VALUE = 16 << 20
_MOST_TABLES = 5000
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LARGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 1000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_FUNCTIONS = {"count", "like"}
_PRAGMAS = {"table_xinfo", "wal_checkpoint", "journal_mode", "shrink_memory"}
_ACTIONS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION}

_TABLE = re.compile(
    r"""CREATE TABLE (?:"(\w+)"|'(\w+)'|`(\w+)`|\[(\w+)\]|(\w+))(?=[\s(/-])""", re.ASCII
)
"""The beginning of a table's SQL: SQLite itself writes these words, whatever the app wrote."""
NO_TABLE = "it has no table"
"""The beginning of :meth:`UntrustedDatabase.lack` if there is no table of that name."""
_ODD = {"table": "a virtual table", "view": "a view", "index": "an index"}
_OTHER = "something else"
_ORDINARY = 0
"""The value in ``table_xinfo`` for a stored column, as opposed to a computed one."""


class UntrustedDatabase(sqlite3.Connection):
    """A connection with limits, made by :func:`open_untrusted`.

    Attributes:
        used_up: True once the file has caused more work than any intact file of its size.
        most_rows: the maximum number of rows that fit into a file of that size.
    """

    used_up = False
    most_rows = 0
    _steps = _bytes = 0
    _deadline = 0.0

    def bound(self, size: int) -> None:
        """Set the limits for a file of `size` bytes. Call it once, before anything is read."""
        self._steps = _MIN_STEPS + _STEPS_PER_BYTE * size
        self._bytes = _MIN_BYTES + _VALUES_PER_BYTE * size
        self._deadline = time.thread_time() + _MIN_SECONDS + _SECONDS_PER_BYTE * size
        self.most_rows = size // _SMALLEST_ROW + 1
        self.text_factory = self._text
        for limit, value in _LIMITS.items():
            self.setlimit(limit, value)
        self.set_progress_handler(self._tick, _STEPS_PER_CALL)
        for setting in ("trusted_schema = OFF", "automatic_index = OFF", "temp_store = MEMORY"):
            self.execute(f"PRAGMA {setting}")
        self.execute(f"PRAGMA cache_size = {_CACHE}")
        self.set_authorizer(_authorise)

    def _tick(self) -> int:
        self._steps -= _STEPS_PER_CALL
        if self._steps <= 0 or time.thread_time() > self._deadline:
            self.used_up = True
        return int(self.used_up or interruption.requested())

    def charge(self, row: tuple[Any, ...]) -> None:
        """Count the blobs of a row. Long texts are counted as they are read.

        Raises:
            sqlite3.OperationalError: the values are larger than in any intact file of this size.
        """
        for value in row:
            if type(value) is bytes:
                self._spend(len(value))

    def _text(self, raw: bytes) -> str:
        if len(raw) > _LONG_TEXT:
            self._spend(len(raw))
        return raw.decode("utf-8", "replace")

    def _spend(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            self.used_up = True
            raise _UsedUpError("the values are larger than the file")

    def stopped(self, error: Exception) -> bool:
        """True if a limit caused `error`.

        Raises:
            Interrupted, KeyboardInterrupt: the user's request to stop caused it.
        """
        if isinstance(error, MemoryError):
            self.used_up = True
        elif not isinstance(error, sqlite3.Error) or code_of(error) != sqlite3.SQLITE_INTERRUPT:
            return False
        elif interruption.requested():
            raise Interrupted("stopped") from error
        elif not self.used_up:
            raise KeyboardInterrupt from error  # SQLite swallowed it in the progress handler
        return True

    def tables(self) -> dict[str, list[tuple[str, str, int]]]:
        """The genuine tables, with the name, declared type and place in the primary key of each
        stored column. Views, virtual tables and computed columns are not among them.

        Raises:
            sqlite3.Error: they cannot be read, or there are more than in any genuine database.
        """
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' LIMIT ?"
        listed = self.execute(query, (_MOST_TABLES + 1,)).fetchall()
        if len(listed) > _MOST_TABLES:
            raise sqlite3.DatabaseError("it has more tables than any genuine database")
        return {name: self._columns(name) for name, sql in listed if _is_table(name, sql)}

    def lack(self, table: str, *columns: str) -> str | None:
        """The reason why rows of `table` with `columns` cannot be read; None if they can.

        Raises:
            sqlite3.Error: as for :meth:`tables`.
        """
        if (known := self.tables().get(table)) is not None:
            names = {name for name, _, _ in known}
            absent = [column for column in columns if column not in names]
            return f"its table '{table}' has no column '{absent[0]}'" if absent else None
        query = "SELECT type FROM sqlite_master WHERE name = ? LIMIT 1"
        found = self.execute(query, (table,)).fetchone()
        if found is None:
            return f"{NO_TABLE} '{table}'"
        return f"'{table}' in it is {_ODD.get(found[0], _OTHER)}, not an ordinary table"

    def _columns(self, table: str) -> list[tuple[str, str, int]]:
        return [
            (str(name), str(kind).upper(), int(key))
            for _, name, kind, _, _, key, hidden in self.execute(f'PRAGMA table_xinfo("{table}")')
            if hidden == _ORDINARY
        ]


class _LackError(sqlite3.DatabaseError):
    """A required table or column is missing."""


class _UsedUpError(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_INTERRUPT


@contextmanager
def open_untrusted(path: Path, *, our_copy: bool = False) -> Iterator[UntrustedDatabase]:
    """Open an untrusted database, read-only, and close it at the end.

    Args:
        path: a regular file.
        our_copy: the file is a copy made by this program, which may be changed.

    Raises:
        sqlite3.Error: the file is not a database.
    """
    with closing(connect_untrusted(path, our_copy=our_copy)) as database:
        yield database


def connect_untrusted(path: Path, *, our_copy: bool = False) -> UntrustedDatabase:
    """Like :func:`open_untrusted`, but the caller closes the connection."""
    mode = "mode=rw" if our_copy else "mode=ro&immutable=1"
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        factory=UntrustedDatabase,
    )
    try:
        database.bound(path.stat().st_size)
    except BaseException:
        database.close()
        raise
    return database


def read_table(
    path: Path, table: str, columns: tuple[str, ...], where: Mapping[str, tuple[str | int, ...]]
) -> Iterator[tuple[Any, ...]]:
    """Rows of one table of a database, with None as the value of a missing column.

    Args:
        path: path of the database.
        table: name of the table.
        columns: names of the columns to return.
        where: for the names of some columns, the values that a row must have one of.

    Raises:
        DatabaseError: the file is not a database, lacks the table or a column in `where`, or cannot
            be read to its end.
    """
    try:
        with open_untrusted(path) as database:
            try:
                yield from _rows(database, table, columns, where)
            except FAILURES as error:
                database.stopped(error)
                raise
    except FAILURES as error:
        raise DatabaseError(f"'{path.name}' cannot be read ({shown_error(error)})") from error


def _rows(
    database: UntrustedDatabase,
    table: str,
    columns: tuple[str, ...],
    where: Mapping[str, tuple[str | int, ...]],
) -> Iterator[tuple[Any, ...]]:
    if (lack := database.lack(table, *where)) is not None:
        raise _LackError(lack)
    names = {name for name, _, _ in database.tables()[table]}
    chosen = ", ".join(f'"{name}"' if name in names else "NULL" for name in columns)
    wanted = "".join(
        f' AND "{name}" IN ({", ".join("?" for _ in values)})' for name, values in where.items()
    )
    query = f'SELECT {chosen} FROM "{table}" NOT INDEXED WHERE 1{wanted} LIMIT ?'  # noqa: S608 - only names of ours
    values = [value for each in where.values() for value in each]
    for row in database.execute(query, (*values, database.most_rows)):
        database.charge(row)
        yield row


def _authorise(
    action: int, one: str | None, two: str | None, database: str | None, source: str | None
) -> int:
    """Allow only the queries of this program itself; `source` is a view or trigger."""
    if source is None and (
        action in _ACTIONS
        or database == "temp"  # the row numbers that are looked for
        or (action == sqlite3.SQLITE_FUNCTION and two in _FUNCTIONS)
        or (action == sqlite3.SQLITE_PRAGMA and one in _PRAGMAS)
    ):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _is_table(name: object, sql: object) -> bool:
    """False for a view or a virtual table, whatever its row claims."""
    found = _TABLE.match(sql) if isinstance(sql, str) else None
    return found is not None and found[found.lastindex or 0] == name


def code_of(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code for an error; None for an error of the driver."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def shown_error(error: Exception) -> str:
    """The driver's text of an error, as part of a message."""
    if isinstance(error, _LackError):
        return str(error)
    return "not enough memory" if isinstance(error, MemoryError) else str(error).lower()
