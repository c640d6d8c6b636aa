"""What an iPhone's database says, whatever is missing from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.chats.iphone import read_iphone_notes
from gdrive_wa.errors import DatabaseError
from tests.sources.apple import Spoken, write_chats


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    path = tmp_path / "ChatStorage.sqlite"
    rows = [
        Spoken(number=2, sent=1_735_000_100, path="Media/b.opus", audio=b"bb", starred=True),
        Spoken(number=1, chat=2, member=1, path="Media/a.opus", audio=b"a"),
        Spoken(number=3, path="Media/song.mp3", audio=b"c", mime_type="audio/mpeg"),
        Spoken(number=4, path="Media/photo.jpg", audio=b"c", kind=1),
    ]
    write_chats(path, rows)
    return path


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute(statement)
        database.commit()


def test_notes_come_by_time_with_who_and_where(chats: Path) -> None:
    first, second = read_iphone_notes(chats)
    assert (first.message_id, first.chat, first.sender) == ("STANZA1", "Sunday lunch", "Ben")
    assert first.sent_at == datetime(2024, 12, 24, 0, 26, 40, 500_000, tzinfo=UTC)
    assert (second.message_id, second.chat_jid) == ("STANZA2", "15550101@s.whatsapp.net")
    assert (second.size, second.duration, second.starred) == (2, 6, True)
    assert second.whatsapp_path == "Message/Media/b.opus"
    assert len(second.sha256 or "") == 64


def test_a_users_own_contacts_name_people_first(chats: Path, tmp_path: Path) -> None:
    card = tmp_path / "people.vcf"
    card.write_text("BEGIN:VCARD\nVERSION:3.0\nFN:Mother\nTEL:+15550101\nEND:VCARD\n")
    assert {note.chat for note in read_iphone_notes(chats, contacts=card)} == {
        "Mother",
        "Sunday lunch",
    }


@pytest.mark.parametrize(
    "table", ["ZWAMEDIAITEM", "ZWACHATSESSION", "ZWAGROUPMEMBER", "ZWAPROFILEPUSHNAME"]
)
def test_a_table_that_is_not_there_takes_only_what_it_told(chats: Path, table: str) -> None:
    execute(chats, f"DROP TABLE {table}")
    assert len(read_iphone_notes(chats)) == (0 if table == "ZWAMEDIAITEM" else 2)


@pytest.mark.parametrize(
    "column", ["ZMESSAGEDATE", "ZSTANZAID", "ZGROUPMEMBER", "ZFROMJID", "ZSTARRED", "ZMEDIAITEM"]
)
def test_a_column_that_is_not_there_is_not_missed(chats: Path, column: str) -> None:
    execute(chats, f"ALTER TABLE ZWAMESSAGE DROP COLUMN {column}")
    assert len(read_iphone_notes(chats)) == 2


@pytest.mark.parametrize("value", ["'text'", "x'ff00'", "1e300", "-1e300", "9e999", "NULL"])
def test_a_date_of_any_kind_is_no_error(chats: Path, value: str) -> None:
    execute(chats, f"UPDATE ZWAMESSAGE SET ZMESSAGEDATE = {value}, ZFROMJID = {value}")  # noqa: S608 - of the row above
    assert {note.sent_at for note in read_iphone_notes(chats)} == {None}


def test_what_holds_no_messages_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    execute(path, "CREATE TABLE other (x)")
    with pytest.raises(DatabaseError, match="holds no messages"):
        read_iphone_notes(path)
    path.write_bytes(b"no database at all, and long enough to tell" * 9)
    with pytest.raises(DatabaseError):
        read_iphone_notes(path)
