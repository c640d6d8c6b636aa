"""Whether two databases belong to the same account."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.chats.same_account import same_phone
from tests.sources.apple import Spoken, write_chats, write_small_database

MODERN = "CREATE TABLE message (_id INTEGER PRIMARY KEY, from_me INTEGER, key_id TEXT);"
LEGACY = "CREATE TABLE messages (_id INTEGER PRIMARY KEY, key_from_me INTEGER, key_id TEXT);"


def modern(path: Path, *sent: str, heard: tuple[str, ...] = ()) -> Path:
    rows = [(1, key) for key in sent] + [(0, key) for key in heard]
    inserts = "".join(f"INSERT INTO message (from_me, key_id) VALUES {row};" for row in rows)  # noqa: S608 - ids of the rows below
    write_small_database(path, MODERN + inserts)
    return path


def test_a_later_backup_holds_what_the_owner_sent_before(tmp_path: Path) -> None:
    old = modern(tmp_path / "old.db", "A", "B")
    new = modern(tmp_path / "new.db", "B", "C", heard=("D",))
    assert same_phone(old, new) is True
    assert same_phone(new, old) is True


def test_what_others_sent_to_both_proves_nothing(tmp_path: Path) -> None:
    one = modern(tmp_path / "one.db", "A", heard=("GROUP", "B"))
    other = modern(tmp_path / "other.db", "B", heard=("GROUP", "A"))
    assert same_phone(one, other) is False


def test_the_old_schema_and_the_new_have_the_same_messages(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    write_small_database(old, LEGACY + "INSERT INTO messages VALUES (1, 1, 'A');")  # noqa: S608 - constants
    assert same_phone(old, modern(tmp_path / "new.db", "A")) is True
    assert same_phone(old, modern(tmp_path / "other.db", "B")) is False


def test_iphones_are_distinguished_too(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.sqlite" for number in range(3)]
    for path, number in zip(paths, (1, 1, 2), strict=True):
        write_chats(path, [Spoken(number=number, from_me=True)])
    assert same_phone(paths[0], paths[1]) is True
    assert same_phone(paths[0], paths[2]) is False


@pytest.mark.parametrize("content", [b"", b"not a database, and longer than a header" * 9])
def test_without_evidence_nothing_is_guessed(tmp_path: Path, content: bytes) -> None:
    good, silent = modern(tmp_path / "good.db", "A"), modern(tmp_path / "silent.db", heard=("A",))
    broken = tmp_path / "broken.db"
    broken.write_bytes(content)
    for other in (broken, silent, tmp_path / "none.db"):
        assert same_phone(good, other) is None
        assert same_phone(other, good) is None
