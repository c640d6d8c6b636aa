"""Increments that were made to grow, or dated outside the calendar."""

from __future__ import annotations

import json
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.chats.people import Jids
from gdrive_wa.chats.tables import Tables
from gdrive_wa.core import interruption
from gdrive_wa.core.errors import Interrupted
from tests.chats.store import make_database
from tests.chats.test_increments import by_numbers
from tests.chats.wire import SPOKEN, a_conversation, wire

CHAT = "15550101@s.whatsapp.net"


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"{}," * 1_300_000 + b"{}]",
        b"[" * 2_000_000,
        b"{}\n" * 1_300_000,
        b'[{"_id":' + b"9" * 4000 + b"}]",
        b'{"columns": [' + b"1," * 1_000_000 + b'1], "rows": []}',
    ],
    ids=["empty rows", "deep", "lines", "digits", "columns"],
)
def test_tables_that_grow_cost_little_time_and_memory(tmp_path: Path, content: bytes) -> None:
    path = by_numbers(tmp_path / "x.zip", a_conversation(CHAT))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"jid_modified_{number}.json", content)
    begun = time.thread_time()
    tracemalloc.start()
    increment = read_increment(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(increment.notes) == 1
    assert time.thread_time() - begun < 10
    assert peak < 200 << 20
    if b"9999" not in content:
        assert len(increment.warnings) == 30


@pytest.mark.parametrize("seconds", [253_402_300_799, 4_102_444_800, (1 << 63) - 1, (1 << 64) - 1])
def test_a_note_outside_the_calendar_is_undated(tmp_path: Path, seconds: int) -> None:
    raw = a_conversation(CHAT, sent=seconds) + a_conversation(CHAT, sent=1_709_280_000, number="2")
    increment = read_increment(by_numbers(tmp_path / "x.zip", raw))
    assert [note.note.sent_at is None for note in increment.notes] == [True, False]
    assert increment.newest is not None
    assert increment.newest.year == 2024


def test_an_absurd_size_is_left_out(tmp_path: Path) -> None:
    audio = wire(8, wire(4, (1 << 64) - 1) + wire(6, 1))
    increment = read_increment(by_numbers(tmp_path / "x.zip", a_conversation(CHAT, message=audio)))
    assert [note.note.size for note in increment.notes] == [None]


def test_half_a_surrogate_pair_in_a_name_is_written_out(tmp_path: Path) -> None:
    path = by_numbers(tmp_path / "x.zip", a_conversation("1555-1@g.us", message=SPOKEN))
    rows = [{"_id": 7, "user": "1555-1", "server": "g.us"}]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("jid_modified_1.json", json.dumps(rows))
        archive.writestr(
            "chat_modified_1.json", json.dumps([{"jid_row_id": 7, "subject": "A\ud800"}])
        )
    with Tables(make_database(tmp_path / "x.db", {"jid": [{"_id": 1}]})) as tables:
        _, _, subjects = read_increment(path).names(Jids(tables))
    assert subjects == {"1555-1@g.us": "A%ud800"}


def test_cancellation_stops_the_reading(tmp_path: Path) -> None:
    path = by_numbers(tmp_path / "x.zip", a_conversation(CHAT))
    interruption.request()
    try:
        with pytest.raises(Interrupted):
            read_increment(path)
    finally:
        interruption.withdraw()
