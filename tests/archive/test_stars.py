"""Stars from the file that the page saves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.note_filter import NoteFilter
from gdrive_wa.archive.share import chosen_notes
from gdrive_wa.archive.stars import LARGEST_FILE, Stars, read_stars
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.jobs.page import page
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.share import share
from gdrive_wa.pages.page import identity_of
from gdrive_wa.sources import open_folder
from tests.jobs.test_context import backup

FORMAT = "gdrive-wa places"
NOTE = VoiceNote(
    chat="Mum",
    chat_jid="15550101@s.whatsapp.net",
    sender="Mum",
    from_me=False,
    sent_at=datetime(2024, 1, 1, tzinfo=UTC),
    message_id="A1",
)


def saved(path: Path, stars: Any, **changes: Any) -> Path:
    item = {"format": FORMAT, "version": 1, "archive": "0" * 16, "stars": stars, "place": None}
    path.write_text(json.dumps(item | changes))
    return path


def test_the_last_change_of_a_star_wins(tmp_path: Path) -> None:
    stars = read_stars(saved(tmp_path / "s", {"a/1": [1, 9], "a/2": [0, 9], "a/3": 1, "a/4": []}))
    assert stars.chosen == {"a/1": True, "a/2": False, "a/3": True, "a/4": False}


def test_a_note_without_an_id_is_identified_by_its_chat_and_file(tmp_path: Path) -> None:
    note = replace(NOTE, chat="Un\ud800matched", chat_jid="", message_id="", file="Voice/a b.opus")
    stars = read_stars(saved(tmp_path / "s", {"Un?matched/a b.opus": [1, 1]}))
    assert stars.has(note)
    assert not stars.has(NOTE)


def test_with_and_without_the_stars_of_whatsapp() -> None:
    both, page_only, whatsapp_only, taken = (
        replace(NOTE, message_id=name, starred=starred)
        for name, starred in (("both", True), ("page", False), ("wa", True), ("taken", True))
    )
    notes = [both, page_only, whatsapp_only, taken, NOTE]
    prefix = NOTE.chat_jid
    choice = {f"{prefix}/both": True, f"{prefix}/page": True, f"{prefix}/taken": False}
    stars, every = Stars("x", choice), NoteFilter()
    assert chosen_notes(notes, every, starred=False, stars=stars) == [both, page_only]
    assert chosen_notes(notes, every, starred=True, stars=stars) == [both, page_only, whatsapp_only]
    assert chosen_notes(notes, every, starred=True) == [both, whatsapp_only, taken]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'"x"',
        b"{",
        b'{"format": "gdrive-wa places"}',
        b'{"format": "other", "archive": "x", "stars": {}}',
        b'{"format": "gdrive-wa places", "archive": 3, "stars": {}}',
        b'{"format": "gdrive-wa places", "archive": "x", "stars": [1]}',
        b'{"format": "gdrive-wa places", "archive": "x", "stars": {"a": [1, 1',
        b"[" * 200_000,
        b"1" * (LARGEST_FILE + 1),
    ],
    ids=range(12),
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stars.json"
    path.write_bytes(content)
    with pytest.raises(
        UsageError, match="not a file with stars from a page, or is damaged"
    ) as caught:
        read_stars(path)
    assert "Save to a file" in caught.value.hints[0]


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file named '.*stars.json'"):
        read_stars(tmp_path / "stars.json")
    with pytest.raises(UsageError, match="cannot read"):
        read_stars(tmp_path)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stars")
    restore(open_folder(backup(folder / "WhatsApp")), folder / "archive", timezone=UTC)
    return folder / "archive"


def test_gives_away_what_was_starred_on_the_page(archive: Path, tmp_path: Path) -> None:
    notes = open_archive(archive).notes()
    starred = next(note for note in notes if note.starred)
    chosen = next(note for note in notes if not note.starred)
    file = saved(
        tmp_path / "s",
        {f"{chosen.chat_jid}/{chosen.message_id}": [1, 1]},
        archive=identity_of(archive, notes),
    )
    for options, expected in (
        ({"stars": file}, {chosen.message_id}),
        ({"stars": file, "starred": True}, {chosen.message_id, starred.message_id}),
        ({"starred": True}, {starred.message_id}),
    ):
        out = tmp_path / " and ".join(options)
        share(archive, out, timezone=UTC, **options)
        assert {note.message_id for note in open_archive(out).notes()} == expected
        assert all(note.status is NoteStatus.RESTORED for note in open_archive(out).notes())


def test_stars_of_another_archive_are_refused(archive: Path, tmp_path: Path) -> None:
    file = saved(tmp_path / "s", {"a/1": [1, 1]})
    with pytest.raises(UsageError, match="are from another archive") as caught:
        share(archive, tmp_path / "out", stars=file)
    assert "page of this archive" in caught.value.hints[0]
    assert not (tmp_path / "out").exists()


def test_the_id_is_the_one_on_the_page(archive: Path) -> None:
    text = page(archive).read_text("utf-8")
    assert f'"id":"{identity_of(archive, open_archive(archive).notes())}"' in text
