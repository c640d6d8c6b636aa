"""An increment of a backup: the messages that came after the last full database.

Format facts: proto/README.md, "Increments". An increment decrypts to a ZIP;
this reads the voice notes and names in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gdrive_wa.chats import increment_zip
from gdrive_wa.chats.increment_messages import IncrementMessage
from gdrive_wa.chats.increment_notes import IncrementNote, MessageReader
from gdrive_wa.chats.people import Jids, bare, is_person
from gdrive_wa.chats.values import as_int, name_text, text
from gdrive_wa.core.model import VoiceNote

__all__ = [
    "Increment",
    "IncrementNote",
    "in_order",
    "increment_number",
    "read_increment",
]

_NAME = re.compile(
    r"^msgstore-increment-(\d{1,9})(?:-(\d{4}-\d\d-\d\d)(?:\.(\d{1,9}))?)?\.db(\.crypt1[45])?$"
)
_CURRENT = "9999-99-99"


def increment_number(name: str) -> tuple[str, int, int] | None:
    """The sort key from the name of an increment; None for any other name.

    Phones number the increments since the last full database from 1. When they write the next full
    one, they add a date to the names of the older increments. So dated ones come first, by date,
    and the others after them. A number after the date counts the copies of one day. See
    proto/README.md, "Increments".

    Returns:
        Day, number, copy; the day sorts last if the name has none.
    """
    match = _NAME.match(name.rsplit("/", 1)[-1])
    if match is None:
        return None
    return (match[2] or _CURRENT, int(match[1]), int(match[3] or 0))


def in_order(names: Iterable[str]) -> list[str]:
    """Those of `names` that are increments, in the order in which phones wrote them."""
    numbered = sorted((number, name) for name in names if (number := increment_number(name)))
    return [name for _, name in numbered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """One increment; iterating gives its voice notes, in its own order.

    Attributes:
        name: the name of its file.
        notes: the voice notes; their names are jids if the increment has no names.
        attached: how many audio messages are not voice notes.
        files: messages with a file that are not voice notes, named as `notes` are.
        newest: time of its latest message, UTC; None if no message has a time.
        saved_names: names that the owner's phone shows for people, by jid.
        push_names: names that people gave themselves, by jid.
        subjects: names of groups and channels, by jid.
        lid_numbers: hidden ids, and the numbers behind them.
        messages: all messages of people, in its order.
        rows: changed rows of other tables, as they are; row numbers are the database's.
        warnings: what could not be read, a line each.
    """

    name: str
    notes: tuple[IncrementNote, ...] = field(repr=False)
    attached: int = 0
    files: tuple[VoiceNote, ...] = field(default=(), repr=False)
    newest: datetime | None = None
    saved_names: dict[str, str] = field(default_factory=dict, repr=False)
    push_names: dict[str, str] = field(default_factory=dict, repr=False)
    subjects: dict[str, str] = field(default_factory=dict, repr=False)
    lid_numbers: dict[str, str] = field(default_factory=dict, repr=False)
    messages: tuple[IncrementMessage, ...] = field(default=(), repr=False)
    rows: tuple[tuple[str, dict[str, Any]], ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[IncrementNote]:
        return iter(self.notes)

    def __len__(self) -> int:
        return len(self.notes)

    def add_lids_to(self, jids: Jids) -> None:
        """Add the phone numbers of hidden ids to `jids`, unless it has them already."""
        own = self._own_jids()
        for hidden, number in self.lid_numbers.items():
            jids.add_lid(hidden, number)
        for row in self._of("jid_map"):
            _pair(jids, own, row.get("lid_row_id"), row.get("jid_row_id"))
        for row in self._of("chat"):
            _pair(jids, own, row.get("jid_row_id"), row.get("account_jid_row_id"))

    def names(self, jids: Jids) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """The names of people and groups, by the jids that `jids` resolves them to.

        Returns:
            Names that the owner's phone shows; those that people gave themselves; groups' names.
        """
        saved_names, push_names, subjects = (
            {jids.resolve(jid): name for jid, name in names.items()}
            for names in (self.saved_names, self.push_names, self.subjects)
        )
        own = self._own_jids()
        for row in self._of("chat"):
            jid, name = _resolve(jids, own, row.get("jid_row_id")), name_text(row.get("subject"))
            if jid is not None and name is not None and not is_person(jid):
                subjects[jids.resolve(jid)] = name
        for row in self._of("lid_display_name"):
            jid, name = (
                _resolve(jids, own, row.get("lid_row_id")),
                name_text(row.get("display_name")),
            )
            if jid is not None and name is not None:
                push_names.setdefault(jids.resolve(jid), name)
        return saved_names, push_names, subjects

    def _of(self, table: str) -> Iterator[dict[str, Any]]:
        return (row for name, row in self.rows if name == table)

    def _own_jids(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for row in self._of("jid"):
            user, server = text(row.get("user")), text(row.get("server"))
            jid = text(row.get("raw_string")) or (f"{user}@{server}" if user and server else None)
            number = as_int(row.get("_id"))
            if jid is not None and number is not None:
                found[number] = bare(jid)
        return found


def _resolve(jids: Jids, own: dict[int, str], row_id: object) -> str | None:
    return own.get(as_int(row_id) or 0) or jids.jid_as_stored(row_id)


def _pair(jids: Jids, own: dict[int, str], lid: object, number: object) -> None:
    hidden, known = _resolve(jids, own, lid), _resolve(jids, own, number)
    if hidden is not None and known is not None and hidden.endswith("@lid"):
        jids.add_lid(hidden, known)


def read_increment(path: str | Path) -> Increment:
    """Read a decrypted increment.

    Args:
        path: the ZIP that the increment decrypts to.

    Raises:
        UsageError: the file cannot be read.
        FormatError: the file is not a ZIP, or has no messages.
        UnsafeNameError: the name of a member leads out of its folder.
        PayloadError: a member is a link, or occurs twice; or the messages are invalid, or more
            than in any real increment.
    """
    path = Path(path)
    warnings: list[str] = []
    reader = MessageReader()
    with increment_zip.open_increment(path) as archive:
        with archive.open(increment_zip.MESSAGES) as file:
            notes = [
                note for sync in increment_zip.read_messages(file) for note in reader.notes(sync)
            ]
        rows = tuple(increment_zip.read_tables(archive, warnings))
    return Increment(
        name=path.name,
        notes=tuple(replace(each, note=reader.with_names(each.note)) for each in notes),
        attached=reader.attached,
        files=tuple(map(reader.with_names, reader.files)),
        newest=reader.newest,
        saved_names=reader.saved_names,
        push_names=reader.push_names,
        subjects=reader.subjects,
        lid_numbers=reader.lid_numbers,
        messages=tuple(reader.messages),
        rows=rows,
        warnings=tuple(warnings),
    )
