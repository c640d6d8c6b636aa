"""Malicious databases: each is refused, or gives its genuine content, at once."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gdrive_wa.chats.tables import Tables
from gdrive_wa.core import interruption
from gdrive_wa.core.errors import DatabaseError, Interrupted
from gdrive_wa.storage.untrusted_database import open_untrusted, read_table
from gdrive_wa.storage.write_ahead import merge_own_log

ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x AS a FROM r"
SECONDS = 10


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    begun = time.thread_time()
    yield
    assert time.thread_time() - begun < SECONDS


def made(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
    return path


def lying(path: Path, script: str, change: str) -> Path:
    """A database whose list of tables was written by hand."""
    made(path, script)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        assert database.execute(f"UPDATE sqlite_master SET {change}").rowcount  # noqa: S608 - a test's own
    return path


def rows(path: Path, table: str = "t") -> list[object]:
    return list(read_table(path, table, ("a",), {}))


def test_the_values_of_a_table_are_read(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2), (3, 4);")
    assert list(read_table(path, "t", ("a", "none"), {"b": (4, 5)})) == [(3, None)]


@pytest.mark.parametrize(
    "script",
    [
        f"CREATE VIEW t AS {ENDLESS}",
        "CREATE VIEW t AS SELECT 1 AS a",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "CREATE TABLE other (a)",
        "CREATE TABLE t (x, a AS (hex(x)))",
        "CREATE TABLE t (x, a AS (hex(x)) STORED)",
    ],
    ids=["endless view", "view", "virtual table", "no table", "computed", "stored computed"],
)
def test_only_stored_values_of_genuine_tables_are_read(tmp_path: Path, script: str) -> None:
    path = made(tmp_path / "x.db", script)
    with pytest.raises(DatabaseError):
        list(read_table(path, "t", ("a",), {"a": (1,)}))
    with Tables(path) as tables:
        assert list(tables.rows("t", ("a",), '"a" IS 1' if tables.has("t", "a") else "1")) == []


@pytest.mark.parametrize(
    "change",
    [
        f"type = 'table', name = 't' , sql = 'CREATE VIEW t AS {ENDLESS}' WHERE name = 'v'",
        f"type = 'table', sql = 'create /* TABLE t */ view t AS {ENDLESS}' WHERE name = 'v'",
        f"name = 'zz', sql = 'CREATE VIEW t AS {ENDLESS}' WHERE name = 'v'",
        "sql = 'create/**/virtual/**/table t using fts5(a)', rootpage = 0 WHERE name = 'v'",
        "sql = 'CREATE TABLE \"t\"\"x\" (a)' WHERE name = 't'",
        "sql = 'CREATE TABLE other (a)' WHERE name = 't'",
        "sql = 'CREATE TABLE t (a AS (hex(zeroblob(900000000))))' WHERE name = 't'",
    ],
)
def test_a_forged_list_of_tables_leads_to_no_view(tmp_path: Path, change: str) -> None:
    view = f"CREATE VIEW v AS {ENDLESS};"
    path = lying(tmp_path / "x.db", f"CREATE TABLE t (a); {view}", change)
    with contextlib.suppress(DatabaseError):
        assert rows(path) in ([], [(None,)])
    with contextlib.suppress(DatabaseError), Tables(path) as tables:
        assert list(tables.rows("t", ("a",))) == []


def test_views_and_functions_are_not_authorised(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", f"CREATE TABLE t (a); CREATE VIEW v AS {ENDLESS};")
    with open_untrusted(path) as database:
        for query in (
            "SELECT a FROM v",
            "SELECT hex(a) FROM t",
            "ATTACH 'other.db' AS other",
            "CREATE TABLE u (a)",
            "DELETE FROM t",
            "PRAGMA writable_schema = ON",
            ENDLESS,
        ):
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                database.execute(query)


def test_an_index_is_not_used_in_place_of_its_table(tmp_path: Path) -> None:
    path = made(
        tmp_path / "x.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 5), (2, 6);"
        "CREATE INDEX i ON t (a);",
    )
    with closing(sqlite3.connect(path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'i'").fetchone()
    raw = bytearray(path.read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(raw)
    with Tables(path) as tables:
        tables.select_ids([6])
        assert list(tables.rows("t", ("id", "a"), wanted="a")) == [(2, 6)]
        assert not tables.damaged


def test_a_value_shared_by_many_rows_does_not_fill_the_memory(tmp_path: Path) -> None:
    count, size = 1500, 508 * 2952 + 33  # so that little of it lies in the row's own page
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA page_size = 512")
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
        database.execute("INSERT INTO t VALUES (1, ?)", ("x" * size,))
        values = ((row, "y" * 600) for row in range(2, count))
        database.executemany("INSERT INTO t VALUES (?, ?)", values)
        database.commit()
    raw = bytearray(path.read_bytes())
    share(raw, size)
    path.write_bytes(raw)
    with Tables(path) as tables:
        read = sum(len(value) for (value,) in tables.rows("t", ("a",)))
        assert tables.damaged
    assert 32 << 20 < read < (36 << 20) + 16 * len(raw)
    with pytest.raises(DatabaseError):
        rows(path)


def share(raw: bytearray, size: int) -> None:
    """Let each row of the leaf pages be as large as the first, with the first's overflow pages."""
    chain, first = b"", (b"", b"")
    for at in range(512, len(raw), 512):
        if raw[at] != 13:
            continue
        for number in range(struct.unpack_from(">H", raw, at + 3)[0]):
            cell = at + struct.unpack_from(">H", raw, at + 8 + 2 * number)[0]
            payload, after = varint(raw, cell)
            _, content = varint(raw, after)
            local = local_size(payload)
            if payload > size:
                chain = bytes(raw[content + local : content + local + 4])
                first = bytes(raw[cell:after]), bytes(raw[content : content + local])
            elif chain and payload > 600:
                new = first[0] + bytes(raw[after:content]) + first[1] + chain
                raw[cell : cell + len(new)] = new


def varint(raw: bytearray, at: int) -> tuple[int, int]:
    value = 0
    while True:
        value = value << 7 | raw[at] & 0x7F
        at += 1
        if raw[at - 1] < 0x80:
            return value, at


def local_size(payload: int, usable: int = 512) -> int:
    least = (usable - 12) * 32 // 255 - 23
    if payload <= usable - 35:
        return payload
    rest = least + (payload - least) % (usable - 4)
    return rest if rest <= usable - 35 else least


@pytest.fixture
def with_log(tmp_path: Path) -> Path:
    live = tmp_path / "live.db"
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(live, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (1)")
        copy.write_bytes(live.read_bytes())
        copy.with_name("copy.db-wal").write_bytes(live.with_name("live.db-wal").read_bytes())
    return copy


def test_a_log_is_merged_into_a_copy_and_removed(with_log: Path) -> None:
    assert merge_own_log(with_log).loss("copy.db-wal") is None
    assert rows(with_log) == [(1,)]
    assert not with_log.with_name("copy.db-wal").exists()


def test_a_log_with_distant_pages_does_not_make_the_copy_huge(with_log: Path) -> None:
    log = with_log.with_name("copy.db-wal")
    raw = bytearray(log.read_bytes())
    struct.pack_into(">II", raw, 32, 1 << 22, 1 << 22)
    log.write_bytes(raw)
    assert "too large" in (merge_own_log(with_log).loss("copy.db-wal") or "")
    assert with_log.stat().st_size < 1 << 20
    assert not log.exists()


def endless(path: Path, table: str = "t", columns: str = "a PRIMARY KEY") -> Path:
    """An endless table that SQLite does not notice: its pages form a circle."""
    rows = f"INSERT INTO {table} ({columns.split(maxsplit=1)[0]}) VALUES (1), (2);"  # noqa: S608 - a test's own
    made(path, f"CREATE TABLE {table} ({columns}) WITHOUT ROWID; {rows}")
    raw = bytearray(path.read_bytes())
    leaf = raw[4096:8192]
    inner = bytearray(4096)
    cells = [4096 - 8 * (number + 1) for number in range(300)]
    for at in cells:
        inner[at : at + 8] = struct.pack(">I", 3) + bytes([3, 2, 1, 1])
    inner[:12] = struct.pack(">BHHHBI", 2, 0, len(cells), cells[-1], 0, 3)
    struct.pack_into(f">{len(cells)}H", inner, 12, *cells)
    pages = [raw[:4096], inner]
    pages += [bytearray(inner) for _ in range(3)] + [leaf]
    for number, page in enumerate(pages[1:5], 3):
        for at in cells:
            struct.pack_into(">I", page, at, number)
        struct.pack_into(">I", page, 8, number)
    struct.pack_into(">I", pages[0], 28, len(pages))
    path.write_bytes(b"".join(pages))
    return path


def test_pages_in_a_circle_do_not_hang(tmp_path: Path) -> None:
    path = endless(tmp_path / "x.db")
    with Tables(path) as tables:
        assert sum(1 for _ in tables.rows("t", ("a",))) <= path.stat().st_size
        assert tables.damaged
        assert tables.cut == {"t"}
        assert tables.count("t", "1") <= path.stat().st_size
        last = tables.rows("t", ("a",), last=1 << 40)
        assert sum(1 for _ in last) <= path.stat().st_size


def test_ctrl_c_ends_a_query(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", "CREATE TABLE t (a)")
    with open_untrusted(path) as database:
        database.set_authorizer(None)
        database._steps = 1 << 60
        killer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
        killer.start()
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute(f"{ENDLESS} LIMIT -1 OFFSET 1000000000").fetchall()
        with pytest.raises(KeyboardInterrupt):
            database.stopped(caught.value)


def test_cancellation_ends_a_query(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db", "CREATE TABLE t (a)")
    with closing(sqlite3.connect(path)) as database:
        database.executemany("INSERT INTO t VALUES (?)", [(1,)] * 20_000)
        database.commit()
    interruption.request()
    try:
        with pytest.raises(Interrupted):
            rows(path)
        with pytest.raises(Interrupted), Tables(path) as tables:
            list(tables.rows("t", ("a",)))
    finally:
        interruption.withdraw()


def test_one_ctrl_c_ends_a_restore_from_an_endless_database(tmp_path: Path) -> None:
    databases = tmp_path / "phone" / "Databases"
    databases.mkdir(parents=True)
    path = endless(databases / "msgstore.db", "message", "_id PRIMARY KEY, message_type")
    with path.open("ab") as file:  # so that it may have millions of rows
        file.truncate(128 << 20)
    process = subprocess.Popen(
        [sys.executable, "-m", "gdrive_wa", "restore", "out", "--folder", "phone"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    held = tmp_path / "out" / "Databases" / "msgstore.db"
    deadline = time.monotonic() + 120
    while not held.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert time.monotonic() - begun < 10
