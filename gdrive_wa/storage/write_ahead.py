"""Merge the write-ahead log of a database into a copy of ours."""

from __future__ import annotations

import struct
from pathlib import Path

from gdrive_wa.storage.untrusted_database import open_untrusted

_HEADER = struct.Struct(">8xI20x")
"""The size of a page, in the header of a log."""
_FRAME = struct.Struct(">II16x")
"""The number of a page, and how many pages the database then has; before each page of a log."""


def merge_own_log(copy: Path) -> bool:
    """Merge the write-ahead log beside a copy of ours into it, and remove the log.

    Returns:
        False if there is no log, or none of this database; then nothing is merged.

    Raises:
        sqlite3.Error: it cannot be merged; the copy may have changed.
    """
    log = copy.with_name(f"{copy.name}-wal")
    found = log.is_file() and _fits(copy, log)
    if not found:
        log.unlink(missing_ok=True)
    with open_untrusted(copy, our_copy=True) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        database.execute("PRAGMA journal_mode = DELETE").fetchall()
    return found


def _fits(database: Path, log: Path) -> bool:
    """False for a log with page numbers beyond both files, which would make the copy gigabytes."""
    size = log.stat().st_size
    with log.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return True  # SQLite ignores it
        page_size = _HEADER.unpack(header)[0]
        if not 512 <= page_size <= 65536:
            return True
        most = (database.stat().st_size + size) // page_size + 1
        for at in range(_HEADER.size, size - _FRAME.size, _FRAME.size + page_size):
            file.seek(at)
            number, pages = _FRAME.unpack(file.read(_FRAME.size))
            if max(number, pages) > most:
                return False
    return True
