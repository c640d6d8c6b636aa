"""A database with its log, and the date of a database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdrive_wa.chats.newest import newest_message
from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.chats.write_ahead import merge_log
from gdrive_wa.core.errors import DatabaseError
from tests.chats.store import make_database, media, message, modern, old_message
from tests.sources.apple import Spoken, write_chats


@pytest.fixture
def live(tmp_path: Path) -> tuple[Path, Path]:
    """A database as on a running phone: messages 3 and 4 are only in the log."""
    path = modern(tmp_path / "live.db", [message(1), message(2)], [media(1)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        for number in (3, 4):
            insert(database, number)
            database.commit()
        folder = tmp_path / "phone"
        folder.mkdir()
        shutil.copyfile(path, folder / "msgstore.db")
        shutil.copyfile(f"{path}-wal", folder / "msgstore.db-wal")
    return folder / "msgstore.db", folder / "msgstore.db-wal"


def insert(database: sqlite3.Connection, number: int) -> None:
    row = message(number)
    marks = ", ".join("?" for _ in row)
    database.execute(f"INSERT INTO message VALUES ({marks})", list(row.values()))  # noqa: S608 - a test's own


def test_what_is_only_in_the_log_is_read_from_a_copy(
    live: tuple[Path, Path], tmp_path: Path
) -> None:
    before = [path.read_bytes() for path in live]
    work = tmp_path / "work"
    work.mkdir()
    assert len(read_voice_notes(live[0])) == 2
    copy, use = merge_log(*live, work)
    assert use.loss("msgstore.db-wal") is None
    assert [note.message_id[-1] for note in read_voice_notes(copy)] == ["1", "2", "3", "4"]
    assert [path.read_bytes() for path in live] == before
    assert sorted(path.name for path in live[0].parent.iterdir()) == [
        "msgstore.db",
        "msgstore.db-wal",
    ]
    assert [path.name for path in work.iterdir()] == ["msgstore.db"]


FRAME = 24 + 4096
"""A page in a log, with its header."""


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "cut": (lambda raw: raw[:-100], 1, "1 of its 2 changed pages could not be used (it ends in"),
    "cut a little": (lambda raw: raw[:-1], 1, "1 of its 2 changed pages could not be used (it en"),
    "rotten end": (lambda raw: raw[:-4000] + bytes(4000), 1, "1 of its 2 changed pages could not"),
    "a bit of the first page": (lambda raw: flipped(raw, 32 + 24 + 5), 0, "2 of its 2 changed"),
    "a bit of a checksum": (lambda raw: flipped(raw, 32 + FRAME + 16), 1, "(their checksums are"),
    "other salt": (lambda raw: flipped(raw, 32 + FRAME + 8), 1, "(pages of another log are in"),
    "header": (lambda raw: flipped(raw, 17), 0, "2 of its 2 changed pages could not be used (its"),
    "rubbish": (lambda _: b"not a log" * 1000, 0, "nothing in it could be used (it is not a wr"),
    "zeros": (lambda raw: bytes(len(raw)), 0, "nothing in it could be used (it is not a write-a"),
    "a few bytes": (lambda raw: raw[:20], 0, "nothing in it could be used (it is cut short)"),
    "header alone": (lambda raw: raw[:32], 0, ""),
    "pages far away": (
        lambda raw: raw[: 32 + FRAME] + bytes([0, 64, 0, 0]) + raw[36 + FRAME :],
        1,
        "1 of its 2 changed pages could not be used (page numbers in it are too large)",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_log_loses_only_its_own_messages_and_is_reported(
    live: tuple[Path, Path], tmp_path: Path, damage: str
) -> None:
    change, added, said = DAMAGE[damage]
    live[1].write_bytes(change(live[1].read_bytes()))
    (tmp_path / "work").mkdir()
    copy, use = merge_log(*live, tmp_path / "work")
    assert len(read_voice_notes(copy)) == 2 + added
    assert said in (use.loss("msgstore.db-wal") or "")
    assert bool(use.loss("")) == bool(said)


def test_what_an_earlier_round_of_the_log_left_behind_is_not_called_damaged(tmp_path: Path) -> None:
    path = modern(tmp_path / "live.db", [message(1)], [media(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        for number in range(2, 40):
            insert(database, number)
        database.execute("PRAGMA wal_checkpoint(RESTART)")
        insert(database, 40)
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", tmp_path / f"copy.db{suffix}")
    (tmp_path / "work").mkdir()
    copy, use = merge_log(tmp_path / "copy.db", tmp_path / "copy.db-wal", tmp_path / "work")
    assert len(read_voice_notes(copy)) == 40
    assert use.loss("copy.db-wal") is None


def test_a_log_that_drops_a_table_belongs_to_its_database(tmp_path: Path) -> None:
    path = modern(tmp_path / "live.db", [message(1)], [media(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE of_before (a)")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute("DROP TABLE of_before")
        insert(database, 2)
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", tmp_path / f"copy.db{suffix}")
    (tmp_path / "work").mkdir()
    copy, use = merge_log(tmp_path / "copy.db", tmp_path / "copy.db-wal", tmp_path / "work")
    assert (len(read_voice_notes(copy)), use.loss("copy.db-wal")) == (2, None)


def test_the_log_of_another_database_is_left_alone(live: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for number in range(30):
            database.execute(f"CREATE TABLE t{number} (a)")
        shutil.copyfile(f"{other}-wal", live[1])
    (tmp_path / "work").mkdir()
    copy, use = merge_log(*live, tmp_path / "work")
    assert len(read_voice_notes(copy)) == 2
    assert "(it does not belong to the database next to it)" in (use.loss("msgstore.db-wal") or "")


def test_a_missing_log_raises_our_error(live: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be merged"):
        merge_log(live[0], tmp_path / "nothing-wal", tmp_path)


def test_the_newest_message_dates_a_database(tmp_path: Path) -> None:
    rows = [message(number) for number in range(1, 3000)]
    current = modern(tmp_path / "current.db", rows, [])
    start = datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert newest_message(current) == start + timedelta(seconds=2999)
    old = make_database(tmp_path / "old.db", {"messages": [old_message(7)]})
    assert newest_message(old) == start + timedelta(seconds=7)
    apple = tmp_path / "ChatStorage.sqlite"
    write_chats(apple, [Spoken(number=1, sent=1_735_000_000, path="a.opus")])
    assert newest_message(apple) == datetime(2024, 12, 24, 0, 26, 40, tzinfo=UTC)


def test_a_database_without_messages_has_no_date(tmp_path: Path) -> None:
    assert newest_message(make_database(tmp_path / "wa.db", {"wa_contacts": [{"_id": 1}]})) is None
    assert newest_message(tmp_path / "nothing.db") is None
    assert newest_message(modern(tmp_path / "empty.db", [], [])) is None
    sentinel = message(1, chat_row_id=-1, timestamp=None, received_timestamp=-1)
    assert newest_message(modern(tmp_path / "sentinel.db", [sentinel], [])) is None


def test_a_database_with_a_damaged_end_still_has_a_date(tmp_path: Path) -> None:
    rows = [message(number, text_data="x" * 400) for number in range(1, 801)]
    path = modern(tmp_path / "msgstore.db", rows, [])
    with closing(sqlite3.connect(path)) as database:
        pages = database.execute(
            "SELECT pageno FROM dbstat WHERE name = 'message' AND pagetype = 'leaf' ORDER BY path"
        ).fetchall()
    raw = bytearray(path.read_bytes())
    raw[(pages[-1][0] - 1) * 4096 : pages[-1][0] * 4096] = b"\xee" * 4096
    path.write_bytes(raw)
    newest = newest_message(path)
    assert newest is not None
    assert newest > datetime(2024, 1, 1, 10, 12, tzinfo=UTC)
