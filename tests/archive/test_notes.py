"""Notes that an archive hands out: some of them, where their files are, and as a table."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.archive.archive import Archive, open_archive
from gdrive_wa.archive.dataframe import COLUMNS, to_dataframe
from gdrive_wa.archive.note_filter import NoteFilter
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import NoteStatus
from tests.archive.phone import ANNA, START, note, path_of, recording, run


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Mum's of 1 January, Anna's of 2 and 3 January (the last missing), one unmatched."""
    anna: dict[str, Any] = {
        "chat": "Anna & Ömer",
        "chat_jid": ANNA,
        "sender": "Anna",
        "sender_jid": ANNA,
    }
    second = note(2, sent_at=datetime(2024, 1, 2, 23, 30, tzinfo=UTC), **anna)
    third = note(3, sent_at=datetime(2024, 1, 3, tzinfo=UTC), duration=None, size=None, **anna)
    files = {path_of(number): recording(number) for number in (1, 2, 4)}
    run(tmp_path / "archive", [note(1), second, third], files)
    return open_archive(tmp_path / "archive")


def numbers(archive: Archive, **wanted: object) -> list[str]:
    return [each.message_id[-1:] for each in archive.notes(**wanted)]  # type: ignore[arg-type]


def test_without_a_filter_all_notes_are_there_and_those_without_a_time_last(
    archive: Archive,
) -> None:
    assert numbers(archive) == ["1", "2", "3", ""]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"chat": "mum"}, ["1"]),
        ({"chat": "ÖMER"}, ["2", "3"]),
        ({"sender": "anna"}, ["2", "3"]),
        ({"chat": "Anna", "sender": "Mum"}, []),
        ({"status": "missing"}, ["3"]),
        ({"status": NoteStatus.UNMATCHED}, [""]),
        ({"since": "2024-01-02", "timezone": "UTC"}, ["2", "3"]),
        ({"until": date(2024, 1, 2), "timezone": UTC}, ["1", "2"]),
        ({"since": "2024-01-03", "timezone": "Europe/Berlin"}, ["2", "3"]),
        ({"since": START, "until": START.replace(hour=12)}, ["1"]),
    ],
    ids=str,
)
def test_a_filter_selects_the_notes_asked_for(
    archive: Archive, wanted: dict[str, object], found: list[str]
) -> None:
    assert numbers(archive, **wanted) == found
    assert list(archive.to_dataframe(**wanted).message_id.str[-1:]) == found  # type: ignore[arg-type]


def test_an_unknown_status_is_answered_with_the_valid_ones(archive: Archive) -> None:
    with pytest.raises(UsageError, match="unknown status 'lost'") as raised:
        archive.notes(status="lost")
    assert "restored, missing" in raised.value.hint
    with pytest.raises(UsageError, match="a status or its name"):
        NoteFilter.parse(status=7)  # type: ignore[arg-type]


def test_both_ends_of_a_filters_time_are_included() -> None:
    assert NoteFilter(since=START, until=START).covers(START)
    assert not NoteFilter(since=START, until=START).covers(START + timedelta(microseconds=1))
    assert not NoteFilter(since=START, until=START).covers(START - timedelta(microseconds=1))


def test_the_path_of_a_note_does_not_depend_on_the_current_folder(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive.folder.parent)
    first, _, missing, unmatched = open_archive("archive").notes()
    monkeypatch.chdir("/")
    assert first.path is not None
    assert first.path.is_absolute()
    assert first.path.read_bytes()[:4] == b"OggS"
    assert unmatched.path is not None
    assert unmatched.path.is_file()
    assert missing.path is None


def test_the_folder_of_a_note_is_ignored_when_comparing(archive: Archive) -> None:
    first = archive.notes()[0]
    elsewhere = replace(first, folder=None)
    assert elsewhere.path is None
    assert (first, hash(first)) == (elsewhere, hash(elsewhere))
    assert first.to_json() == elsewhere.to_json()
    assert str(archive.folder) not in repr(first)
    assert pickle.loads(pickle.dumps(first)).path == first.path  # noqa: S301 - our own
    one, another = archive.notes()[:2]
    assert one.folder is another.folder, "held once, for tens of thousands"


def test_a_table_has_types_that_can_be_worked_with(archive: Archive) -> None:
    table = archive.to_dataframe()
    assert tuple(table.columns) == COLUMNS
    kinds = {name: str(dtype) for name, dtype in table.dtypes.items()}
    assert kinds["sent_at"] == "datetime64[us, UTC]"
    assert (kinds["duration"], kinds["size"]) == ("float64", "Int64")
    assert (kinds["from_me"], kinds["status"], kinds["path"]) == ("bool", "category", "object")
    assert kinds["chat"] == kinds["transcript"] == "string"
    assert table.sent_at[0].to_pydatetime() == archive.notes()[0].sent_at
    assert table.sent_at.isna().tolist() == [False, False, False, True]
    assert table.duration.isna().tolist() == [False, False, True, True]
    assert table.path[0] == archive.notes()[0].path
    assert dict(table.status.value_counts()) == {
        "restored": 2, "missing": 1, "unmatched": 1, "mismatch": 0, "failed": 0,
    }  # fmt: skip


def test_a_table_accepts_extreme_and_missing_dates() -> None:
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    table = to_dataframe([note(number, sent_at=at) for number, at in enumerate(ends)])
    assert [moment.to_pydatetime() for moment in table.sent_at] == ends
    empty = to_dataframe([])
    assert (len(empty), str(empty.sent_at.dtype)) == (0, "datetime64[us, UTC]")


def test_without_pandas_an_archive_can_still_be_read(archive: Archive) -> None:
    code = """
import sys
sys.modules["pandas"] = None
import gdrive_wa
archive = gdrive_wa.open_archive(sys.argv[1])
print(len(archive.notes()))
try:
    archive.to_dataframe()
except gdrive_wa.UsageError as error:
    print(error.message, "|", error.hint)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code, archive.folder], capture_output=True, text=True, check=True
    )
    count, message = ended.stdout.splitlines()
    assert count == "4"
    assert message == (
        "a DataFrame needs pandas, which is not installed | install it with: pip install pandas"
    )
