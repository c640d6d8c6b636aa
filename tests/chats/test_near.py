"""Messages far from every note are left to SQLite, whatever types their values have."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gdrive_wa.chats.phone import PhoneDatabases
from gdrive_wa.chats.read import read_phone
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.timeline import DAY, ContextWindow, Timeline
from gdrive_wa.core.model import VoiceNote
from tests.chats.store import MUM, SENT, media, message, modern

_TIMES = ("_id", "chat_row_id", "timestamp", "received_timestamp")


def _said(number: int, **changes: Any) -> dict[str, Any]:
    return message(number, text_data=f"n{number}", message_type=0, origin=0) | changes


def _note_in(path: Path, zone: str = "UTC") -> VoiceNote:
    databases = PhoneDatabases(msgstores=(path,))
    [note] = read_phone(databases, ContextWindow(30, ZoneInfo(zone))).notes
    return note


def _around(path: Path, zone: str = "UTC") -> list[str]:
    note = _note_in(path, zone)
    return [each.text for each in (*note.before, *note.after)]


_ODD_TIMES = (
    float(SENT), SENT + 0.75, str(SENT), f" {SENT} ", str(SENT).encode(), SENT // 1000,
    None, "2 o'clock", -1, 2**63 - 1, float("inf"),
)  # fmt: skip


@pytest.mark.parametrize("declared", ["", "TEXT", "INTEGER", "REAL", "BLOB"])
@pytest.mark.parametrize(
    ("column", "values"), [("timestamp", _ODD_TIMES), ("chat_row_id", (1.0, "1", b"1", 1.9))]
)
def test_values_of_other_types_are_as_near(
    tmp_path: Path, declared: str, column: str, values: tuple[object, ...]
) -> None:
    numbers = range(1, len(values) + 1)
    rows = [_said(number) for number in numbers] + [message(99)]
    path = modern(tmp_path / "msgstore.db", rows, [media(99)])
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"ALTER TABLE message RENAME COLUMN {column} TO former")
        database.execute(f"ALTER TABLE message ADD COLUMN {column} {declared}")
        database.execute(f"UPDATE message SET {column} = former")  # noqa: S608 - a test's own
        for number, value in zip(numbers, values, strict=True):
            changed = f"UPDATE message SET {column} = ? WHERE _id = ?"  # noqa: S608 - likewise
            database.execute(changed, (value, number))
        database.commit()
    assert sorted(_around(path)) == sorted(f"n{number}" for number in numbers)


def test_only_messages_of_the_days_of_notes_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [_said(10 + day, timestamp=SENT + day * DAY) for day in range(-5, 6)]
    rows += [_said(30, chat_row_id=2), _said(31), message(40)]
    read: list[int] = []
    original = Tables.rows

    def rows_of(self: Tables, table: str, columns: Any, *args: Any, **more: Any) -> Iterator[Any]:
        for row in original(self, table, columns, *args, **more):
            if columns == _TIMES:
                read.append(row[0])
            yield row

    monkeypatch.setattr(Tables, "rows", rows_of)
    assert _around(modern(tmp_path / "msgstore.db", rows, [media(40)])) == ["n10", "n31"]
    assert read == [10, 31, 40]


@pytest.mark.parametrize("copies", [1, 7, 8, 300])
def test_a_chat_in_many_rows_is_one_chat(tmp_path: Path, copies: int) -> None:
    chats = [{"_id": number, "jid_row_id": 1} for number in range(1, copies + 1)]
    rows = [_said(1, chat_row_id=copies), _said(2, chat_row_id=copies + 1), message(3)]
    assert _around(modern(tmp_path / "msgstore.db", rows, [media(3)], chat=chats)) == ["n1"]


def test_messages_without_a_column_of_times_have_none(tmp_path: Path) -> None:
    rows = [_said(1), message(2)]
    for row in rows:
        del row["timestamp"]
    path = modern(tmp_path / "msgstore.db", rows, [media(2)])
    assert _around(path) == ["n1"]  # received within the same second


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
def test_the_day_of_a_zone_is_two_days_of_utc(tmp_path: Path, zone: str) -> None:
    times = {number: SENT + (number - 20) * 3 * 3_600_000 for number in range(1, 40)}
    rows = [_said(number, timestamp=at) for number, at in times.items()]
    rows.append(message(50, timestamp=SENT))
    path = modern(tmp_path / "msgstore.db", rows, [media(50)])
    days = {
        number: datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date()
        for number, at in times.items()
    }
    same = [f"n{number}" for number, day in days.items() if day == days[20]]
    assert _around(path, zone) == same


def test_a_day_that_a_clock_shows_twice_keeps_its_notes() -> None:
    """In 2010, clocks in Newfoundland went back from 00:01 on 7 November to 23:01 on the 6th."""
    midnight = datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    moments = [midnight + timedelta(minutes=each) for each in (-700, 0.5, 30, 90, 700)]
    notes = [
        VoiceNote(chat="", chat_jid=MUM, sender="", from_me=True, sent_at=at) for at in moments
    ]

    def timeline() -> Timeline:
        made = Timeline(ContextWindow(9, ZoneInfo("America/St_Johns")), {MUM})
        add = made.adder(MUM)
        assert add is not None
        for number, moment in enumerate(moments):
            add(int(moment.timestamp() * 1000), number)
        return made

    shared = timeline()
    together = [shared.around(note, number) for number, note in enumerate(notes)]
    assert together == [timeline().around(note, number) for number, note in enumerate(notes)]


def test_a_note_is_not_around_itself_if_only_an_older_database_knows_it_as_one(
    tmp_path: Path,
) -> None:
    rows = [_said(1), message(2, origin=0), _said(3)]
    file = media(2, mime_type="audio/mpeg", file_path="Media/WhatsApp Audio/a.mp3")
    newest = modern(tmp_path / "msgstore.db", rows, [file])
    older = modern(tmp_path / "older.db", [message(2)], [media(2)])
    databases = PhoneDatabases(msgstores=(newest, older))
    [note] = read_phone(databases, ContextWindow(9, ZoneInfo("UTC"))).notes
    assert [each.text for each in (*note.before, *note.after)] == ["n1", "n3"]
