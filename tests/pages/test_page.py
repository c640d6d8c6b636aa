"""The page as bytes, without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages.page import PLAIN_LIMIT, link, render, write_page
from gdrive_wa.pages.page_data import LOUDNESS
from tests.pages.people import note, sample

LOCAL, AHEAD, FOLDER, FILE, WAVE, WORDS = 3, 4, 6, 7, 10, 11


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def rows_of(*notes: VoiceNote, zone: str = "UTC") -> list[list[Any]]:
    rows: list[list[Any]] = data_of(render(notes, timezone=ZoneInfo(zone)))["notes"]
    return rows


def test_is_written_next_to_the_notes(tmp_path: Path) -> None:
    path = write_page(tmp_path, sample(), timezone=UTC)
    assert path == tmp_path / "index.html"
    assert path.read_text("utf-8") == render(sample(), timezone=UTC)
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.html"]


def test_replaces_an_older_page_and_keeps_it_when_the_folder_is_a_file(tmp_path: Path) -> None:
    write_page(tmp_path, [])
    write_page(tmp_path, sample())
    assert "3EB" in (tmp_path / "index.html").read_text("utf-8")
    with pytest.raises(StorageError):
        write_page(tmp_path / "index.html", sample())


def test_same_notes_give_the_same_bytes() -> None:
    assert render(sample(), timezone=UTC) == render(sample(), timezone=UTC)


def test_a_second_page_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = render(sample(), timezone=UTC)
    monkeypatch.setattr(jinja2.Environment, "from_string", lambda *_: pytest.fail("compiled"))
    assert render(sample(), timezone=UTC) == first


def test_policy_names_the_one_style_and_the_one_script() -> None:
    page = render(sample())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for kind in ("style", "script"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;")
    assert "unsafe" not in policy[1]


def test_names_nothing_remote() -> None:
    page = render(sample()).replace("http://www.w3.org/2000/svg", "")  # a name, never fetched
    assert re.findall(r"https?://", page) == []


def test_notes_stand_in_order_of_time_and_undated_ones_last() -> None:
    undated, second, first = note(9, sent_at=None), note(2), note(1)
    shown = [row[FILE] for row in rows_of(undated, second, first)]
    assert shown == ["1.opus", "2.opus", "9.opus"]


@pytest.mark.parametrize(
    ("zone", "moment", "local", "ahead"),
    [
        ("Europe/Berlin", "2023-12-31T23:30:00", "2024-01-01T00:30:00", 60),
        ("Europe/Berlin", "2024-03-31T01:00:00", "2024-03-31T03:00:00", 120),
        ("America/St_Johns", "2024-01-01T00:00:00", "2023-12-31T20:30:00", -210),
        ("UTC", "1969-12-31T23:00:00", "1969-12-31T23:00:00", 0),
    ],
)
def test_times_are_in_the_given_zone(zone: str, moment: str, local: str, ahead: int) -> None:
    sent = datetime.fromisoformat(moment + "+00:00")
    (row,) = rows_of(note(1, sent_at=sent), zone=zone)
    assert row[LOCAL] == datetime.fromisoformat(local + "+00:00").timestamp()
    assert row[AHEAD] == ahead


def test_a_moment_outside_every_calendar_is_shown_in_utc() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    page = render([note(1, sent_at=last)], timezone=timezone(timedelta(hours=14)))
    assert data_of(page)["notes"][0][AHEAD] == 0


def test_waveform_is_one_character_a_value_and_never_out_of_range() -> None:
    (row,) = rows_of(note(1, waveform=(0, 50, 100, 101, 255, 256, -1)))
    assert row[WAVE] == "0" + LOUDNESS[31] + 4 * LOUDNESS[63] + "0"


@pytest.mark.parametrize(
    "file", ["../x", "/etc/x", "C:\\x", "\\\\host\\x", "a/../../b", "..\\x", ""]
)
def test_a_file_outside_the_archive_is_not_linked(file: str) -> None:
    page = render([note(1, file=file)])
    (row,) = data_of(page)["notes"]
    assert (row[FOLDER], row[FILE]) == (-1, "")
    assert "<audio controls" not in page


def test_a_name_with_the_notes_time_is_shortened_and_any_other_is_not() -> None:
    usual = note(1).file
    assert usual == "Voice notes/1.opus"
    timed = "2023-12-31 17.00.05 Mum.opus"
    data = data_of(render([note(1, file=f"Voice notes/{timed}")], timezone=UTC))
    assert (data["notes"][0][FILE], data["endings"]) == (0, ["Mum.opus"])
    (row,) = rows_of(note(1, file=f"Voice notes/{timed}"), zone="Europe/Berlin")
    assert row[FILE] == timed
    (row,) = rows_of(note(1, file=f"Voice notes/{timed}", sent_at=None))
    assert row[FILE] == timed


@pytest.mark.parametrize(
    ("file", "url"),
    [
        ("a b/c#d?e%f.opus", "./a%20b/c%23d%3Fe%25f.opus"),
        ("-rf", "./-rf"),
        ("javascript:alert(1)", "./javascript%3Aalert%281%29"),
        ("%2e%2e%2f", "./%252e%252e%252f"),
        ("é/🎈.opus", "./%C3%A9/%F0%9F%8E%88.opus"),
        ('"><img src=x>', "./%22%3E%3Cimg%20src%3Dx%3E"),
        ("a\ud800b", "./a%3Fb"),
    ],
)
def test_links_are_relative_and_encoded(file: str, url: str) -> None:
    assert link(file) == url


def test_data_has_no_character_with_a_meaning_in_markup() -> None:
    hostile = "</script><!-- <script> & \u2028 \u2029 \x00 \ud800"
    page = render([note(1, chat=hostile, sender=hostile, transcript=hostile)], title=hostile)
    raw = page.split('id="data">')[1].split("</script>")[0]
    assert not set(raw) & set("<>&\u2028\u2029\x00")
    assert data_of(page)["notes"][0][WORDS] == hostile.replace("\ud800", "?")
    assert page.count("<script") == 2


def test_a_chat_is_identified_by_its_jid() -> None:
    twins = [note(1), note(2, chat_jid="15550103@s.whatsapp.net"), note(3, chat="Mum (new phone)")]
    chats = data_of(render(twins))["chats"]
    assert chats == [[twins[0].chat_jid, "Mum (new phone)"], [twins[1].chat_jid, "Mum"]]


def test_without_scripts_every_note_is_listed_up_to_a_limit() -> None:
    few = render(sample())
    assert few.count("<audio controls") == sum(one.file is not None for one in sample())
    assert "Call me back when you can." in few
    many = render(
        [replace(note(1), file=f"Voice notes/Mum/{i}.opus") for i in range(PLAIN_LIMIT + 1)]
    )
    assert "<audio controls" not in many
    assert '<a href="./Voice%20notes/Mum/">' in many


def test_an_archive_without_notes_has_a_page_too() -> None:
    assert "There are no voice notes." in render([])
