"""The page is written note by note: memory does not hold it as a whole."""

from __future__ import annotations

import io
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdrive_wa.core.context import ContextMessage
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages.json_rows import JsonRows
from gdrive_wa.pages.page import render, write_page
from gdrive_wa.pages.page_words import encode_numbers
from tests.archive.phone import note
from tests.pages.test_page import data_of

START = datetime(2024, 3, 1, 9, tzinfo=UTC)


def with_message(number: int, at: datetime, text: str = "hello") -> VoiceNote:
    said = ContextMessage(sender="Ann", sent_at=at - timedelta(minutes=1), text=text)
    return replace(note(number), sent_at=at, before=(said,))


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1000])
def test_rows_are_one_json_array(count: int) -> None:
    rows = JsonRows(io.BytesIO())
    for number in range(count):
        rows.add([number, "</script>"])
    text = b"".join(rows.pieces()).decode()
    assert json.loads(text) == [[number, "</script>"] for number in range(count)]
    assert rows.count == count
    assert "<" not in text


def test_the_memory_for_a_page_is_far_less_than_the_page(tmp_path: Path) -> None:
    notes = [
        with_message(number, START + timedelta(hours=number), f"{number} " * 200)
        for number in range(4000)
    ]
    write_page(tmp_path, notes[:1])  # what is loaded once
    tracemalloc.start()
    try:
        page = write_page(tmp_path, notes)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert page.stat().st_size > 3_000_000
    assert most < 2_500_000


def test_a_message_near_two_notes_of_a_day_is_kept_once() -> None:
    evening = START + timedelta(hours=14)
    said = with_message(1, START).before
    notes = [with_message(1, START), replace(note(2), sent_at=evening, before=said)]
    data = data_of(render(notes, timezone=UTC))
    assert len(data["messages"]) == 1
    assert [row[-1] for row in data["notes"]] == [encode_numbers([1, 0, 0])] * 2


def test_messages_long_apart_are_numbered_on() -> None:
    notes = [with_message(number, START + timedelta(days=5 * number)) for number in range(4)]
    data = data_of(render(notes, timezone=UTC))
    places = [encode_numbers([1, 0, number]) for number in range(4)]
    assert [row[-1] for row in data["notes"]] == places


def test_nothing_temporary_is_left_beside_the_page(tmp_path: Path) -> None:
    write_page(tmp_path, [with_message(1, START)])
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
