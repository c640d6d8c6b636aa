"""Find out which of a backup's databases are copies of one another.

A phone keeps dated daily copies of its chats next to the newest ones, and leftovers of older
formats; people and programs put further copies elsewhere. Of each group, one becomes the database
of the archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gdrive_wa.archive.layout import database_name
from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.junk import is_trashed, without_trash
from gdrive_wa.core.kinds import is_encrypted
from gdrive_wa.core.model import Entry

CHATS = "msgstore.db"
NAMES = "wa.db"
_INCREMENT = re.compile(r"msgstore.*increment", re.IGNORECASE | re.DOTALL)
_CHATS = re.compile(r"msgstore", re.IGNORECASE)
_NAMES = re.compile(r"wa([ ._(-].*)?\.db", re.IGNORECASE | re.DOTALL)
_IPHONE = re.compile(r"(?:.*/)?(ChatStorage|LID|ContactsV2)\.sqlite", re.IGNORECASE | re.DOTALL)
_LOG = "-wal"
_SIDECARS = (_LOG, "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class DatabaseGroup:
    """Databases of which only one is used.

    Attributes:
        name: the name of the file in the archive.
        entries: the databases: those in the bin last, and otherwise the newest file first.
        logs: the write-ahead logs of unencrypted databases, by the database's `stored_as`.
    """

    name: str
    entries: tuple[Entry, ...]
    logs: dict[str, Entry] = field(default_factory=dict)

    @property
    def alone(self) -> bool:
        """True for one database under its usual name, as in ordinary backups."""
        (first, *others) = self.entries
        return not others and not self.logs and _name_of(first) == self.name


def is_increment(path: str) -> bool:
    """True if a file is named like an increment, in any spelling."""
    return _INCREMENT.match(path.rsplit("/", 1)[-1]) is not None


def group_databases(databases: Iterable[Entry]) -> list[DatabaseGroup]:
    """Group the databases; the group of the databases of chats comes first."""
    found: dict[str, list[Entry]] = {CHATS: [], NAMES: []}
    sidecars: dict[str, Entry] = {}
    for entry in databases:
        owner, target = _owner_of(entry), _target_of(entry)
        if owner is not None and (target in (CHATS, NAMES) or _IPHONE.fullmatch(owner)):
            sidecars[entry.stored_as] = entry
        else:
            found.setdefault(target, []).append(entry)
    return [
        DatabaseGroup(
            name,
            tuple(sorted(entries, key=_likeliest_first)),
            {
                entry.stored_as: log
                for entry in entries
                if (log := sidecars.get(entry.stored_as + _LOG)) is not None
                and log.size
                and not is_encrypted(entry.stored_as)
            },
        )
        for name, entries in found.items()
        if entries
    ]


def _owner_of(entry: Entry) -> str | None:
    for suffix in _SIDECARS:
        if entry.stored_as.endswith(suffix):
            return entry.stored_as.removesuffix(suffix)
    return None


def _target_of(entry: Entry) -> str:
    name = without_trash(_name_of(entry))
    if _INCREMENT.match(name):
        return name
    if _CHATS.match(name):
        return CHATS
    return NAMES if _NAMES.match(name) else name


def _name_of(entry: Entry) -> str:
    try:
        return database_name(entry.path)
    except UnsafeNameError:  # refused when it is placed
        return entry.path


def _likeliest_first(entry: Entry) -> tuple[bool, float, bool, str]:
    modified = 0.0 if entry.modified is None else entry.modified.timestamp()
    return (
        is_trashed(entry.path),
        -modified,
        _name_of(entry) not in (CHATS, NAMES),
        entry.stored_as,
    )
