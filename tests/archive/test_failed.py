"""A note is failed, not missing, as long as the backup has its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.model import Entry, NoteStatus, VoiceNote
from gdrive_wa.pages.page import render
from gdrive_wa.pages.page_data import STATUSES
from tests.archive.phone import entry, note, path_of, place, recording

NAMELESS = "Media/" + "AB" * 32 + ".mcrypt1"


def finish(folder: Path, notes: Iterable[VoiceNote], withheld: Iterable[Entry]) -> dict[str, str]:
    """The status of each note after a run in which `withheld` failed."""
    with ArchiveWriter(folder) as archive:
        archive.expect(notes)
        ended = archive.finish(withheld=withheld)
    return {found.message_id[-1]: str(found.status) for found in ended}


def test_a_file_that_failed_is_recognised_by_its_path(tmp_path: Path) -> None:
    failed = entry(path_of(1), recording(1))
    found = finish(tmp_path, [note(1), note(2)], [failed])
    assert found == {"1": "failed", "2": "missing"}
    listed = json.loads((tmp_path / "voice-notes.json").read_text())
    assert [each["status"] for each in listed] == ["failed", "missing"]
    assert ",failed," in (tmp_path / "voice-notes.csv").read_text()


def test_a_nameless_file_that_failed_is_recognised_by_its_size(tmp_path: Path) -> None:
    failed = entry(NAMELESS, b"", size=4000 + 16)
    notes = [note(1, size=4000), note(2, size=4016), note(3, size=None)]
    assert finish(tmp_path, notes, [failed]) == {"1": "failed", "2": "missing", "3": "failed"}


def test_a_nameless_file_of_unknown_size_may_be_any_note(tmp_path: Path) -> None:
    failed = entry(NAMELESS, b"", size=None)
    assert finish(tmp_path, [note(1)], [failed]) == {"1": "failed"}


def test_a_note_with_its_file_is_never_failed(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path) as archive:
        archive.expect([note(1)])
        place(archive, entry(path_of(1), recording(1)), recording(1))
        (ended,) = archive.finish(withheld=[entry(NAMELESS, b"", size=len(recording(1)) + 16)])
    assert ended.status is NoteStatus.RESTORED


def test_it_stays_failed_until_a_run_tries_it_again(tmp_path: Path) -> None:
    finish(tmp_path, [note(1)], [entry(path_of(1), recording(1))])
    assert finish(tmp_path, [note(2)], [])["1"] == "failed"
    assert finish(tmp_path, [note(1)], [])["1"] == "missing"


def page_data(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_uses_the_same_number_for_each_status() -> None:
    script = (resources.files("gdrive_wa.pages") / "assets" / "notes.js").read_text("utf-8")
    numbers = {str(status).upper(): number for number, status in enumerate(STATUSES)}
    for name, number in numbers.items():
        assert re.search(rf"\b{name} = {number}[,;]", script), name
    data = page_data(render([note(1, status=NoteStatus.FAILED)]))
    assert data["notes"][0][8] == numbers["FAILED"]
