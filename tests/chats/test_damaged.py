"""Damaged and unusual databases: a result, or one error of ours."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, moment, positive, sha256_hex, text, waveform
from gdrive_wa.core.errors import DatabaseError
from tests.chats.store import make_database, media, message, modern, old_message

PAGE = 4096


def large(path: Path) -> Path:
    messages = [message(number, text_data="x" * 400) for number in range(1, 801)]
    return modern(path, messages, [media(number) for number in range(1, 801)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"SQLite format 3\x00",
        b"not a database at all" * 100,
        b"SQLite format 3\x00" + b"\xff" * 9000,
    ],
)
def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "msgstore.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError) as caught:
        read_voice_notes(path)
    assert caught.value.hints


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database named"):
        read_voice_notes(tmp_path / "msgstore.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        read_voice_notes(tmp_path)


def test_another_database_is_named_as_such(tmp_path: Path) -> None:
    store = make_database(tmp_path / "wa.db", {"wa_contacts": [{"_id": 1, "jid": "x"}]})
    with pytest.raises(DatabaseError, match="holds no messages") as caught:
        read_voice_notes(store)
    assert caught.value.hints == ("give msgstore.db, the database with the messages",)


def test_a_view_in_place_of_a_table_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE VIEW message AS WITH RECURSIVE n(_id) AS (SELECT 1 UNION ALL SELECT _id + 1 "
            "FROM n) SELECT _id, 2 AS message_type, 1 AS origin FROM n"
        )
    with pytest.raises(DatabaseError, match="holds no messages: 'message' in it is a view, not an"):
        read_voice_notes(path)


def test_an_iphones_database_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION)")
    with pytest.raises(DatabaseError, match="it is the database of an iPhone"):
        read_voice_notes(path)


def test_a_view_in_place_of_the_chats_is_reported(tmp_path: Path) -> None:
    path = modern(tmp_path / "msgstore.db", [message(1)], [media(1)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE chat")
        database.execute("CREATE VIEW chat AS SELECT 1 AS _id, 1 AS jid_row_id")
    chats = read_voice_notes(path)
    assert len(chats) == 1
    assert chats.warnings == (
        "msgstore.db: 'chat' in it is a view, not an ordinary table: the chats are unknown",
    )


def test_around_a_broken_page_the_rest_is_read_and_the_loss_is_reported(tmp_path: Path) -> None:
    path = large(tmp_path / "msgstore.db")
    with closing(sqlite3.connect(path)) as database:
        [(page,)] = database.execute(
            "SELECT pageno FROM dbstat WHERE name = 'message' AND pagetype = 'leaf' "
            "ORDER BY path LIMIT 1 OFFSET 20"
        )
    raw = bytearray(path.read_bytes())
    raw[(page - 1) * PAGE : page * PAGE] = b"\xee" * PAGE
    path.write_bytes(raw)
    chats = read_voice_notes(path)
    assert 780 < len(chats) < 800
    lost = 800 - len(chats)
    assert chats.warnings == (
        f"msgstore.db is damaged: up to {lost} rows of message could not be read",
    )


def test_a_database_cut_anywhere_gives_notes_or_one_error(tmp_path: Path) -> None:
    whole_file = large(tmp_path / "whole.db").read_bytes()
    path = tmp_path / "msgstore.db"
    for length in range(0, len(whole_file), 7 * PAGE + 13):
        path.write_bytes(whole_file[:length])
        try:
            notes = list(read_voice_notes(path))
        except DatabaseError:
            continue
        assert len(notes) <= 800


@pytest.mark.no_cover  # to count lines would double its time
def test_a_database_with_altered_bytes_gives_notes_or_one_error(tmp_path: Path) -> None:
    sound = bytearray(large(tmp_path / "whole.db").read_bytes())
    path = tmp_path / "msgstore.db"
    chance = random.Random(5)
    for _ in range(60):
        raw = bytearray(sound)
        for _ in range(chance.choice((1, 10, 1000))):
            raw[chance.randrange(16, len(raw))] = chance.randrange(256)
        path.write_bytes(raw)
        try:
            notes = list(read_voice_notes(path))
        except DatabaseError:
            continue
        assert len(notes) <= 801


ODD = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=80),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40),
    st.sampled_from(["1e999", "-0", "٣", "nan", "0x10", " 2 ", "9" * 30, b"\xff\xfe\x00"]),
).filter(
    lambda value: not (isinstance(value, str) and any(0xD800 <= ord(c) < 0xE000 for c in value))
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_values_of_any_type_anywhere(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("odd") / "msgstore.db"
    rows = [
        {name: value if name == "_id" else data.draw(ODD) for name, value in message(1).items()}
        | {"message_type": 2},
        message(2),
    ]
    files = [
        {
            name: value if name == "message_row_id" else data.draw(ODD)
            for name, value in media(1).items()
        },
        media(2),
    ]
    old = [
        {name: data.draw(ODD) for name in old_message(1) if name != "_id"} | {"media_wa_type": "2"}
    ]
    store = modern(
        path,
        rows,
        files,
        chat=[
            {
                "_id": 1,
                "jid_row_id": data.draw(ODD),
                "subject": data.draw(ODD),
                "account_jid_row_id": data.draw(ODD),
            }
        ],
        newsletter=[{"chat_row_id": data.draw(ODD), "name": data.draw(ODD)}],
        message_forwarded=[{"message_row_id": 1, "forward_score": data.draw(ODD)}],
        audio_data=[{"message_row_id": 2, "waveform": data.draw(ODD)}],
        props=[{"key": "user_push_name", "value": data.draw(ODD)}],
        lid_display_name=[{"lid_row_id": data.draw(ODD), "display_name": data.draw(ODD)}],
        jid_map=[{"lid_row_id": data.draw(ODD), "jid_row_id": data.draw(ODD)}],
    )
    with closing(sqlite3.connect(store)) as database:
        names = list(old[0])
        database.execute(f"CREATE TABLE messages ({', '.join(names)})")
        marks = ", ".join("?" for _ in names)
        database.execute(f"INSERT INTO messages VALUES ({marks})", list(old[0].values()))  # noqa: S608 - a test's own
        database.commit()
    columns = ("jid", "number", "display_name", "wa_name", "verified_name")
    named = {name: data.draw(ODD) for name in columns}
    tables = {key: [named] for key in ("wa_contacts", "wa_vnames", "wa_address_book")}
    wa = make_database(path.with_name("wa.db"), tables)
    notes = list(read_voice_notes(store, wa=wa))
    assert "3EB00002" in [note.message_id for note in notes]
    for note in notes:
        note.to_json()
        assert note.message_id
        assert "\x00" not in note.chat + note.sender


@given(ODD)
def test_any_value_is_converted_or_left_out(value: object) -> None:
    assert isinstance(as_int(value), int | None)
    assert isinstance(text(value), str | None)
    found = positive(value)
    assert found is None or found > 0
    sent = moment(value)
    assert sent is None or 1970 <= sent.year < 2101
    promised = sha256_hex(value)
    assert promised is None or len(promised) == 64
    assert len(waveform(value)) in (0, 64)


def test_a_waveform_is_64_values_from_0_to_100() -> None:
    assert waveform(bytes([0, 100] * 32)) == (0, 100) * 32
    for wrong in (bytes([0, 101] * 32), bytes(63), bytes(65), b"", "0" * 64, None):
        assert waveform(wrong) == ()


def test_the_valid_part_of_text_that_is_not_utf8_is_kept(tmp_path: Path) -> None:
    path = modern(tmp_path / "msgstore.db", [message(1)], [media(1)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE props SET value = CAST(x'416cff6578' AS TEXT)")
        database.execute("UPDATE message_media SET file_path = CAST(x'4dff' AS TEXT)")
        database.commit()
    chats = read_voice_notes(path)
    assert chats.owner == "Al�ex"
    assert [note.whatsapp_path for note in chats] == ["M�"]


def test_a_damaged_wa_db_costs_only_names(tmp_path: Path) -> None:
    store = modern(tmp_path / "msgstore.db", [message(1)], [])
    (tmp_path / "wa.db").write_bytes(b"rubbish")
    chats = read_voice_notes(store, wa=tmp_path / "wa.db")
    assert len(chats) == 1
    assert "wa.db" in chats.warnings[0]


def test_an_invalid_time_falls_back_to_the_time_of_receipt(tmp_path: Path) -> None:
    store = modern(
        tmp_path / "msgstore.db",
        [
            message(1, timestamp=0),
            message(2, timestamp=10**17),
            message(3, timestamp=-1, received_timestamp=None),
        ],
        [],
    )
    years = [
        None if note.sent_at is None else note.sent_at.year for note in read_voice_notes(store)
    ]
    assert sorted(map(str, years)) == ["2024", "2024", "None"]


def test_a_time_in_seconds_is_recognised(tmp_path: Path) -> None:
    store = modern(tmp_path / "msgstore.db", [message(1, timestamp=1_704_103_200)], [])
    [note] = read_voice_notes(store)
    assert note.sent_at == datetime(2024, 1, 1, 10, tzinfo=UTC)


def test_a_table_without_row_numbers_is_read_like_any_other(tmp_path: Path) -> None:
    path = modern(tmp_path / "msgstore.db", [message(1)], [media(1)])
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP TABLE props; CREATE TABLE props (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
            "INSERT INTO props VALUES ('user_push_name', 'Alex')"
        )
    assert read_voice_notes(path).owner == "Alex"


def overwrite(path: Path, table: str, *places: int, kind: str = "leaf") -> None:
    """Overwrite pages of a table, by their place among those of that kind."""
    with closing(sqlite3.connect(path)) as database:
        pages = [
            page
            for (page,) in database.execute(
                "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path",
                (table, kind),
            )
        ]
    raw = bytearray(path.read_bytes())
    for place in places:
        page = pages[place]
        raw[(page - 1) * PAGE : page * PAGE] = b"\xee" * PAGE
    path.write_bytes(raw)


def reachable(path: Path, table: str, last: int) -> set[int]:
    """The row numbers that SQLite itself can still look up."""
    found = set()
    with closing(sqlite3.connect(path)) as database:
        for number in range(1, last + 1):
            with contextlib.suppress(sqlite3.DatabaseError):
                found |= {
                    row[0]
                    for row in database.execute(
                        f'SELECT rowid FROM "{table}" WHERE rowid = ?',  # noqa: S608 - a test's own
                        (number,),
                    )
                }
    return found


@pytest.mark.parametrize("places", [(0,), (20,), (-1,), (3, 4, 30), (0, 10, 20, -1)])
def test_every_row_that_can_be_looked_up_is_read(tmp_path: Path, places: tuple[int, ...]) -> None:
    path = large(tmp_path / "msgstore.db")
    overwrite(path, "message", *places)
    kept = reachable(path, "message", 800)
    assert len(kept) < 800
    with Tables(path) as tables:
        assert {row[0] for row in tables.rows("message", ("_id",))} == kept
        missing = 800 - len(kept)
        assert tables.lost["message"] == missing or tables.cut == {"message"}
        assert tables.damaged


def test_a_row_is_read_although_most_numbers_before_it_were_never_used(tmp_path: Path) -> None:
    messages = [message(number * 1000, text_data="x" * 400) for number in range(1, 201)]
    path = modern(tmp_path / "msgstore.db", messages, [])
    overwrite(path, "message", 5)
    kept = reachable(path, "message", 200_000)
    with Tables(path) as tables:
        assert {row[0] for row in tables.rows("message", ("_id",))} == kept
    assert 150 < len(kept) < 200


def test_files_of_wanted_messages_are_read_around_a_broken_page(tmp_path: Path) -> None:
    path = large(tmp_path / "msgstore.db")
    overwrite(path, "message_media", 2, 5)
    kept = reachable(path, "message_media", 800)
    notes = read_voice_notes(path)
    assert len(notes) == 800
    assert sum(note.whatsapp_path is not None for note in notes) == len(kept) < 800


def test_pages_that_form_a_cycle_are_read_once(tmp_path: Path) -> None:
    path = large(tmp_path / "msgstore.db")
    with closing(sqlite3.connect(path)) as database:
        [(root,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message'")
    raw = bytearray(path.read_bytes())
    start = (root - 1) * PAGE
    cells = int.from_bytes(raw[start + 3 : start + 5], "big")
    at = [
        int.from_bytes(raw[start + 12 + 2 * cell : start + 14 + 2 * cell], "big")
        for cell in range(cells)
    ]
    for cell in at[1:]:  # each child is the first one again
        raw[start + cell : start + cell + 4] = raw[start + at[0] : start + at[0] + 4]
    path.write_bytes(raw)
    began = time.perf_counter()
    with Tables(path) as tables:
        found = [row[0] for row in tables.rows("message", ("_id",))]
    assert len(found) == len(set(found)) <= 800
    assert tables.damaged
    assert time.perf_counter() - began < 10


def test_a_table_folded_into_itself_ends_without_its_rows(tmp_path: Path) -> None:
    path = modern(tmp_path / "msgstore.db", [message(1, message_type=1)], [])
    with closing(sqlite3.connect(path)) as database:
        [(root,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message'")
    raw = path.read_bytes()
    pages = [raw[place : place + PAGE] for place in range(0, len(raw), PAGE)]
    pages.append(pages[root - 1])
    for _ in range(3):
        pages.append(inner_page(len(pages)))
    pages[root - 1] = inner_page(len(pages))
    pages[0] = pages[0][:28] + len(pages).to_bytes(4, "big") + pages[0][32:]
    path.write_bytes(b"".join(pages))
    began = time.perf_counter()
    chats = read_voice_notes(path)
    assert list(chats) == []
    assert "damaged" in chats.warnings[0]
    assert time.perf_counter() - began < 10


def inner_page(child: int) -> bytes:
    """A page that leads to the same page 300 times."""
    page, starts, end = bytearray(PAGE), [], PAGE
    for number in range(1, 301):
        key = number * 100_000
        varint = bytes([key >> 21 | 0x80, key >> 14 & 0x7F | 0x80, key >> 7 & 0x7F | 0x80])
        cell = child.to_bytes(4, "big") + varint + bytes([key & 0x7F])
        end -= len(cell)
        page[end : end + len(cell)] = cell
        starts.append(end)
    page[:12] = bytes([5, 0, 0]) + (300).to_bytes(2, "big") + end.to_bytes(2, "big") + b"\0"
    page[8:12] = child.to_bytes(4, "big")
    page[12 : 12 + 600] = b"".join(start.to_bytes(2, "big") for start in starts)
    return bytes(page)


@pytest.mark.parametrize("seed", range(12))
def test_all_reachable_rows_are_read_whichever_pages_are_damaged(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    spread = chance.choice((1, 1, 7))
    messages = [message(number * spread, text_data="x" * 300) for number in range(1, 601)]
    path = modern(tmp_path / "msgstore.db", messages, [media(n) for n in range(1, 601)])
    with closing(sqlite3.connect(path)) as database:
        pages = [
            page
            for (page,) in database.execute(
                "SELECT pageno FROM dbstat WHERE name = 'message' AND path != '/'"
            )
        ]
    raw = bytearray(path.read_bytes())
    for page in chance.sample(pages, chance.choice((1, 3, len(pages) // 2))):
        start = (page - 1) * PAGE + chance.choice((0, 0, 8, 1000))
        raw[start : start + 300] = chance.randbytes(300)
    path.write_bytes(raw)
    kept = reachable(path, "message", 600 * spread)
    with Tables(path) as tables:
        found = [row[0] for row in tables.rows("message", ("_id",))]
    assert len(found) == len(set(found))
    assert kept <= set(found)


def test_a_gap_of_any_size_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdrive_wa.chats.damage._MAX_CONSECUTIVE_LOST", 5)
    path = large(tmp_path / "msgstore.db")
    overwrite(path, "message", 10, 11, 12, 13, 40)
    kept = reachable(path, "message", 800)
    with Tables(path) as tables:
        assert {row[0] for row in tables.rows("message", ("_id",))} == kept
        assert tables.lost["message"] == 800 - len(kept)
