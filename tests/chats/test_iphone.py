"""Voice notes of an iPhone's database, whatever is missing from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.chats.iphone import read_iphone_links, read_iphone_notes
from gdrive_wa.core.errors import DatabaseError
from tests.sources.apple import Spoken, write_chats, write_small_database


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


def test_notes_are_in_order_of_time_with_sender_and_chat(chats: Path) -> None:
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
def test_a_missing_table_loses_only_its_own_facts(chats: Path, table: str) -> None:
    execute(chats, f"DROP TABLE {table}")
    assert len(read_iphone_notes(chats)) == (0 if table == "ZWAMEDIAITEM" else 2)


@pytest.mark.parametrize(
    "column", ["ZMESSAGEDATE", "ZSTANZAID", "ZGROUPMEMBER", "ZFROMJID", "ZSTARRED", "ZMEDIAITEM"]
)
def test_a_missing_column_is_not_an_error(chats: Path, column: str) -> None:
    execute(chats, f"ALTER TABLE ZWAMESSAGE DROP COLUMN {column}")
    assert len(read_iphone_notes(chats)) == 2


@pytest.mark.parametrize("value", ["'text'", "x'ff00'", "1e300", "-1e300", "9e999", "NULL"])
def test_a_date_of_any_kind_is_not_an_error(chats: Path, value: str) -> None:
    execute(chats, f"UPDATE ZWAMESSAGE SET ZMESSAGEDATE = {value}, ZFROMJID = {value}")  # noqa: S608 - of the row above
    assert {note.sent_at for note in read_iphone_notes(chats)} == {None}


ODD = {
    "": "it has no table 'ZWAMESSAGE'",
    "CREATE VIEW ZWAMESSAGE AS SELECT 1 AS ZCHATSESSION": "'ZWAMESSAGE' in it is a view, not",
    "CREATE VIRTUAL TABLE ZWAMESSAGE USING fts5(ZCHATSESSION)": "'ZWAMESSAGE' in it is a virtual ",
    "CREATE TABLE ZWAMESSAGE (Z_PK)": "its table 'ZWAMESSAGE' has no column 'ZCHATSESSION'",
    "CREATE TABLE message (_id)": "it is the database of an Android phone",
}


@pytest.mark.parametrize("statement", ODD)
def test_a_database_without_messages_is_explained_with_a_hint_that_helps(
    chats: Path, statement: str
) -> None:
    execute(chats, "DROP TABLE ZWAMESSAGE")
    execute(chats, statement)
    with pytest.raises(DatabaseError) as caught:
        read_iphone_notes(chats)
    assert f"'ChatStorage.sqlite' holds no messages: {ODD[statement]}" in caught.value.message
    assert caught.value.hints
    assert not any("ChatStorage.sqlite" in hint for hint in caught.value.hints)


@pytest.mark.parametrize("table", ["ZWAMEDIAITEM", "ZWACHATSESSION"])
def test_another_table_that_cannot_be_read_is_reported(chats: Path, table: str) -> None:
    execute(chats, f"DROP TABLE {table}")
    execute(chats, f"CREATE VIEW {table} AS SELECT 1 AS Z_PK")
    [warning] = read_iphone_notes(chats).warnings
    assert warning.startswith(f"ChatStorage.sqlite: '{table}' in it is a view, not an ordinary")


def test_a_database_without_messages_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    execute(path, "CREATE TABLE other (x)")
    with pytest.raises(DatabaseError, match="holds no messages"):
        read_iphone_notes(path)
    path.write_bytes(b"not a database, and longer than a header" * 9)
    with pytest.raises(DatabaseError):
        read_iphone_notes(path)


BOOK = """
CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, ZWHATSAPPID VARCHAR,
    ZPHONENUMBER VARCHAR, ZLID VARCHAR, ZFULLNAME VARCHAR, ZGIVENNAME VARCHAR, ZLASTNAME VARCHAR,
    ZBUSINESSNAME VARCHAR, ZUSERNAME VARCHAR);
INSERT INTO ZWAADDRESSBOOKCONTACT VALUES
    (1, '15550103@s.whatsapp.net', '+1 555 0103', '900103', 'Cleo Marsh', 'Cleo', 'Marsh', NULL,
     NULL),
    (2, NULL, '+1 (555) 0105', NULL, NULL, 'Ed', 'Fox', NULL, NULL),
    (3, '15550106@s.whatsapp.net', NULL, '900106@lid', NULL, NULL, NULL, 'Fox & Son', NULL);
"""
LIDS = """
CREATE TABLE ZWAZACCOUNT (Z_PK INTEGER PRIMARY KEY, ZIDENTIFIER VARCHAR, ZPHONENUMBER VARCHAR);
INSERT INTO ZWAZACCOUNT VALUES (1, '900101@lid', '15550101');
CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, ZLID VARCHAR, ZPHONENUMBER VARCHAR);
INSERT INTO ZWAPHONENUMBERLIDPAIR VALUES (1, '900105', '+15550105');
"""
HIDDEN = """
ALTER TABLE ZWACHATSESSION ADD COLUMN ZCONTACTIDENTIFIER VARCHAR;
INSERT INTO ZWACHATSESSION VALUES (11, '900101@lid', '+1 555 0101', 0, NULL),
    (12, '900103@lid', '\u202a+1\u00a0555\u00a00103\u202c', 0, NULL),
    (13, '900105@lid', NULL, 0, NULL),
    (14, '900106@lid', NULL, 0, NULL), (15, '900107@lid', NULL, 0, '15550107@s.whatsapp.net'),
    (16, '900108@lid', '❤️', 0, NULL), (17, '900109@lid', NULL, 0, NULL);
"""


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    """Chats that go by hidden ids."""
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(
        path, [Spoken(number=chat, chat=chat, path=f"{chat}.opus") for chat in range(11, 18)]
    )
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.executescript(HIDDEN)
        database.commit()
    return path


def test_a_hidden_id_is_the_number_it_hides_and_goes_by_its_name(
    hidden: Path, tmp_path: Path
) -> None:
    lids, book = tmp_path / "LID.sqlite", tmp_path / "ContactsV2.sqlite"
    write_small_database(lids, LIDS)
    write_small_database(book, BOOK)
    found = {
        note.message_id.removeprefix("STANZA"): (note.chat_jid.partition("@")[0], note.sender)
        for note in read_iphone_notes(hidden, sidecars=(lids, book))
    }
    assert found == {
        "11": ("15550101", "Mum"),
        "12": ("15550103", "Cleo Marsh"),
        "13": ("15550105", "Ed Fox"),
        "14": ("15550106", "Fox & Son"),
        "15": ("15550107", "+1 5550107"),
        "16": ("900108", "❤️"),
        "17": ("900109", "Unknown (0109)"),
    }


def test_damaged_databases_of_names_lose_only_names(hidden: Path, tmp_path: Path) -> None:
    broken = tmp_path / "LID.sqlite"
    broken.write_bytes(b"not a database, and longer than a header" * 9)
    found = read_iphone_notes(hidden, sidecars=(broken, tmp_path / "none.sqlite"))
    assert len(found) == 7
    assert len(found.warnings) == 2
    assert "names come from elsewhere" in found.warnings[0]


@pytest.mark.parametrize("value", ["7", "x'ff00'", "1e300", "''", "'@lid'", "'+'", "NULL"])
def test_ids_and_names_of_any_kind_are_not_an_error(
    hidden: Path, tmp_path: Path, value: str
) -> None:
    book = tmp_path / "ContactsV2.sqlite"
    write_small_database(book, BOOK + LIDS)
    columns = ("ZWHATSAPPID", "ZPHONENUMBER", "ZLID", "ZFULLNAME", "ZBUSINESSNAME")
    for column in columns:
        execute(book, f"UPDATE ZWAADDRESSBOOKCONTACT SET {column} = {value}")  # noqa: S608 - of the row above
    execute(book, f"UPDATE ZWAZACCOUNT SET ZIDENTIFIER = {value}, ZPHONENUMBER = {value}")  # noqa: S608 - likewise
    assert len(read_iphone_notes(hidden, sidecars=[book])) == 7


def test_the_owner_has_the_name_in_the_phone(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(path, [Spoken(number=1, path="a.opus", from_me=True)])
    assert [note.sender for note in read_iphone_notes(path, owner="Alex")] == ["Alex"]
    assert [note.sender for note in read_iphone_notes(path)] == ["Me"]


@pytest.mark.parametrize("name", ["a.m4a", "a.aac", "a.caf", "a"])
@pytest.mark.parametrize(("origin", "spoken"), [(1, True), (0, False), (None, False)])
def test_the_database_decides_what_is_a_voice_note_in_any_format(
    tmp_path: Path, name: str, origin: int | None, *, spoken: bool
) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(path, [Spoken(number=1, path=name, mime_type="audio/mp4", origin=origin)])
    assert len(read_iphone_notes(path)) == spoken


KEY = bytes(range(32))
BLOB = b"\x0a\x20" + KEY + b"\x12\x20" + bytes(32) + b"\x18" + b"\x80\x80\x80\x80\x06" + bytes(2)


@pytest.mark.parametrize(
    ("blob", "key"),
    [(BLOB, KEY), (KEY, KEY), (b"\x0a\x20" + KEY[:30], b"\x0a\x20" + KEY[:30]), (BLOB[:20], None),
     (b"\x12\x20" + KEY, None), (b"", None), (None, None)],
)  # fmt: skip
def test_the_key_of_a_link_is_the_first_field_of_its_blob(
    tmp_path: Path, blob: bytes | None, key: bytes | None
) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    url = "https://mmg.whatsapp.net/d/f/A.enc"
    write_chats(path, [Spoken(number=1, audio=b"a", origin=1, url=url, media_key=blob)])
    found = [(link.media_key, link.url, link.message_id) for link in read_iphone_links(path)]
    assert found == ([] if key is None else [(key, url, "STANZA1")])


def test_a_status_chat_belongs_to_the_person_it_names(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    rows = [Spoken(number=1, chat=21, path="a.opus"), Spoken(number=2, chat=22, path="b.opus")]
    write_chats(path, [*rows, Spoken(number=3, chat=21, path="c.opus", from_me=True)])
    execute(path, "INSERT INTO ZWACHATSESSION VALUES (21, '15550108@status', 'Carl', 3)")
    execute(path, "INSERT INTO ZWACHATSESSION VALUES (22, '900109@status', NULL, 3)")
    lids = tmp_path / "LID.sqlite"
    write_small_database(
        lids,
        "CREATE TABLE ZWAZACCOUNT (ZIDENTIFIER, ZPHONENUMBER, ZDISPLAYNAME);"
        "INSERT INTO ZWAZACCOUNT VALUES ('900109@lid', '15550109', '\u200eDora\u200f');",
    )
    found = read_iphone_notes(path, sidecars=[lids], owner="Alex")
    assert {(note.chat, note.chat_jid) for note in found} == {("Status", "status@broadcast")}
    assert {(note.sender, note.sender_jid) for note in found} == {
        ("Carl", "15550108@s.whatsapp.net"),
        ("Dora", "15550109@s.whatsapp.net"),
        ("Alex", None),
    }


def test_a_status_chat_of_a_hidden_id_alone_has_no_number(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(path, [Spoken(number=1, chat=21, path="a.opus")])
    execute(path, "INSERT INTO ZWACHATSESSION VALUES (21, '900110@status', NULL, 3)")
    lids = tmp_path / "LID.sqlite"
    write_small_database(
        lids,
        "CREATE TABLE ZWAZACCOUNT (ZIDENTIFIER, ZPHONENUMBER, ZDISPLAYNAME);"
        "INSERT INTO ZWAZACCOUNT VALUES ('900110@lid', NULL, NULL);",
    )
    [note] = read_iphone_notes(path, sidecars=[lids])
    assert (note.sender, note.sender_jid) == ("Unknown (0110)", "900110@lid")


def test_an_account_without_a_number_is_named_and_marks_are_stripped(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(path, [Spoken(number=1, chat=2, member=9, path="a.opus"), Spoken(number=2)])
    execute(path, "INSERT INTO ZWAGROUPMEMBER VALUES (9, '900110@lid', NULL, NULL)")
    execute(path, "UPDATE ZWACHATSESSION SET ZPARTNERNAME = '\u200eFamily\u200f' WHERE Z_PK = 2")
    lids = tmp_path / "LID.sqlite"
    write_small_database(
        lids,
        "CREATE TABLE ZWAZACCOUNT (ZIDENTIFIER, ZPHONENUMBER, ZDISPLAYNAME);"
        "INSERT INTO ZWAZACCOUNT VALUES ('900110@lid', NULL, 'Dora Display');",
    )
    [note, _] = sorted(read_iphone_notes(path, sidecars=[lids]), key=lambda note: note.message_id)
    assert (note.chat, note.sender) == ("Family", "Dora Display")


def test_in_a_chat_of_two_a_list_is_not_the_sender(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(path, [Spoken(number=1, member=2, path="a.opus")])
    execute(path, "UPDATE ZWAMESSAGE SET ZFROMJID = '1555@broadcast'")
    [note] = read_iphone_notes(path)
    assert (note.sender, note.sender_jid) == ("Mum", "15550101@s.whatsapp.net")


def test_a_transcript_is_read_where_the_database_has_one(tmp_path: Path) -> None:
    path = tmp_path / "ChatStorage.sqlite"
    write_chats(path, [Spoken(number=1, path="a.opus"), Spoken(number=2, path="b.opus")])
    execute(path, "ALTER TABLE ZWAMEDIAITEM ADD COLUMN ZTRANSCRIPTION")
    execute(path, "ALTER TABLE ZWAMEDIAITEM ADD COLUMN ZTRANSCRIPTIONSTATE")
    execute(path, "UPDATE ZWAMEDIAITEM SET ZTRANSCRIPTION = 'hello', ZTRANSCRIPTIONSTATE = 3")
    execute(path, "UPDATE ZWAMEDIAITEM SET ZTRANSCRIPTION = NULL WHERE ZMESSAGE = 2")
    found = {note.message_id: note.transcript for note in read_iphone_notes(path)}
    assert found == {"STANZA1": "hello", "STANZA2": None}


def test_the_phones_own_address_book_names_people(tmp_path: Path) -> None:
    path, book = tmp_path / "ChatStorage.sqlite", tmp_path / "AddressBook.sqlitedb"
    write_chats(path, [Spoken(number=1, chat=3, path="a.opus")])
    write_small_database(
        book,
        "CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY, First, Last);"
        "CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id, property, value);"
        "INSERT INTO ABPerson VALUES (1, 'Cleo', 'Marsh');"
        "INSERT INTO ABMultiValue VALUES (1, 1, 3, '(555) 0103');",
    )
    assert [note.sender for note in read_iphone_notes(path)] == ["+1 5550103"]
    chats = read_iphone_notes(path, sidecars=[book])
    assert [note.sender for note in chats] == ["Cleo Marsh"]
    assert chats.nameless == ()
