"""Merge a database and its write-ahead log into a copy.

While an app has its database open, SQLite keeps the newest changes in a separate file, with a
name that ends in ``-wal``. A copy made while the app was running has the last messages only there.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from gdrive_wa.chats.tables import Tables
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.storage.untrusted_database import FAILURES
from gdrive_wa.storage.write_ahead import LogUse, merge_own_log

_KNOWN = frozenset(
    {
        "message",
        "messages",
        "wa_contacts",
        "wa_address_book",
        "ZWAMESSAGE",
        "ZWAADDRESSBOOKCONTACT",
        "ZWAZACCOUNT",
        "ZWAPHONENUMBERLIDPAIR",
    }
)
_OF_ANOTHER = LogUse(reason="it does not belong to the database next to it")


def merge_log(database: Path, log: Path, folder: Path) -> tuple[Path, LogUse]:
    """Copy a database, and merge its log into the copy. Neither original is changed.

    Damage in the log loses only the changes after it.

    Args:
        database: for example ``msgstore.db``.
        log: the file with a name that ends in ``-wal``.
        folder: the folder for the copy, which gets the database's name. The caller removes it.

    Returns:
        The copy's path, and the merged part of the log.

    Raises:
        DatabaseError: a file cannot be read, or the copy cannot be written.
    """
    copy, beside = folder / database.name, folder / f"{database.name}-wal"
    try:
        shutil.copyfile(database, copy)
        shutil.copyfile(log, beside)
        try:
            use = merge_own_log(copy)
        except FAILURES:
            use = _OF_ANOTHER
        if use is _OF_ANOTHER or (_is_known(database) and not _is_known(copy)):
            use = _OF_ANOTHER
            shutil.copyfile(database, copy)  # without the log
    except OSError as error:
        raise DatabaseError(
            f"'{log.name}' cannot be merged into '{database.name}' ({error.strerror})",
            hint="free space for a copy of the database, or check that both files can be read",
        ) from error
    finally:
        for suffix in ("-wal", "-shm"):
            with suppress(OSError):
                copy.with_name(f"{copy.name}{suffix}").unlink(missing_ok=True)
    return copy, use


def _is_known(database: Path) -> bool:
    """True for a database with one of WhatsApp's main tables. Other tables do not count, because
    updates of the app drop some of them."""
    try:
        with Tables(database) as tables:
            return not _KNOWN.isdisjoint(tables.names())
    except DatabaseError:
        return False
