"""Reading and verifying a restored archive."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdrive_wa.archive.archive import Verification, open_archive
from gdrive_wa.archive.index import read_index, write_json, write_table
from gdrive_wa.core.errors import FormatError, UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from tests.archive.phone import note, path_of, recording, run
from tests.hostile import HOSTILE


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two restored notes, one missing, one unmatched, a database and a picture."""
    folder = tmp_path / "archive"
    files = {path_of(number): recording(number) for number in (1, 2, 4)}
    files |= {"Databases/msgstore.db.crypt15": b"db", "Media/WhatsApp Images/a.jpg": b"image"}
    run(folder, [note(1), note(2), note(3)], files)
    return folder


def written(write: Callable[..., None], notes: list[VoiceNote]) -> bytes:
    pieces: list[bytes] = []
    write(notes, pieces.append)
    return b"".join(pieces)


def test_an_archive_is_as_it_was_written(archive: Path) -> None:
    assert open_archive(archive).verify() == Verification(ok=7)


def test_damaged_deleted_and_added_files_are_found_and_named(archive: Path) -> None:
    rotten = archive / "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"
    raw = bytearray(rotten.read_bytes())
    raw[-1] ^= 1
    times = rotten.stat()
    rotten.write_bytes(raw)
    subprocess.run(["touch", "-d", f"@{times.st_mtime}", rotten], check=True)
    (archive / "Media/WhatsApp Images/a.jpg").unlink()
    (archive / "Voice notes/Mum/mine.txt").write_text("a user's own")
    (archive / "link").symlink_to(archive.parent)
    (archive / "folder link").symlink_to(archive / "Databases")
    found = open_archive(archive).verify()
    assert found.to_json() == {
        "ok": 5,
        "missing": ["Media/WhatsApp Images/a.jpg"],
        "changed": ["Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"],
        "extra": ["Voice notes/Mum/mine.txt", "folder link", "link"],
    }
    assert not found.intact


def test_a_file_replaced_by_a_link_to_the_same_bytes_is_missing(archive: Path) -> None:
    path = archive / "Databases/msgstore.db"
    aside = path.replace(archive.parent / "aside")
    path.symlink_to(aside)
    assert open_archive(archive).verify().missing == ("Databases/msgstore.db",)


def test_a_changed_page_or_checksum_list_is_not_reported(archive: Path) -> None:
    (archive / "index.html").write_text("<p>")
    assert open_archive(archive).verify().extra == ()


def test_the_standard_tool_can_check_it_too(archive: Path) -> None:
    ended = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=archive,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(ended.stdout.splitlines()) == 7
    (archive / "Databases/msgstore.db").write_bytes(b"DB")
    again = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=archive, capture_output=True, check=False
    )
    assert again.returncode == 1


def test_reading_changes_nothing(archive: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*")}
    opened = open_archive(archive)
    opened.notes()
    opened.verify()
    opened.databases()
    assert {path: path.stat().st_mtime_ns for path in archive.rglob("*")} == before


@pytest.mark.parametrize("what", ["nothing", "a file", "another folder"])
def test_a_folder_that_is_not_an_archive_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what == "a file":
        path.write_bytes(b"")
    elif what == "another folder":
        path.mkdir()
    with pytest.raises(UsageError) as caught:
        open_archive(path)
    assert caught.value.hints


def test_an_unfinished_restore_has_no_notes_yet(archive: Path) -> None:
    (archive / "voice-notes.json").unlink()
    with pytest.raises(UsageError, match="no voice notes") as caught:
        open_archive(archive).notes()
    assert caught.value.hints


def test_notes_come_back_as_they_were(archive: Path, tmp_path: Path) -> None:
    notes = open_archive(archive).notes()
    assert [found.status for found in notes] == [
        NoteStatus.RESTORED,
        NoteStatus.RESTORED,
        NoteStatus.MISSING,
        NoteStatus.UNMATCHED,
    ]
    (tmp_path / "again.json").write_bytes(written(write_json, notes))
    assert read_index(tmp_path / "again.json") == notes
    assert json.loads((archive / "voice-notes.json").read_text("utf-8")) == [
        found.to_json() for found in notes
    ]


def test_every_field_of_a_note_comes_back(tmp_path: Path) -> None:
    full = note(
        1,
        file="Voice notes/Mum/x.opus",
        status=NoteStatus.RESTORED,
        transcript="hello\nlove",
        starred=True,
        forwarded=True,
        view_once=True,
        from_me=True,
        waveform=tuple(range(64)),
        duration=2.5,
    )
    (tmp_path / "x.json").write_bytes(written(write_json, [full]))
    assert read_index(tmp_path / "x.json") == [full]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("file", "../../etc/passwd"),
        ("file", "/etc/passwd"),
        ("file", "C:\\x"),
        ("file", 7),
        ("status", "lost"),
        ("chat", None),
        ("waveform", "loud"),
        ("waveform", 7),
        ("transcript", []),
    ],
)
def test_an_edited_index_is_refused(archive: Path, name: str, value: object) -> None:
    path = archive / "voice-notes.json"
    items = json.loads(path.read_text("utf-8"))
    items[0][name] = value
    path.write_text(json.dumps(items), "utf-8")
    with pytest.raises(FormatError) as caught:
        open_archive(archive).notes()
    assert caught.value.hints


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sent_at", "yesterday"),
        ("sent_at", 7),
        ("sent_at", "0001-01-01T00:00:00+14:00"),
        ("sent_at", "9999-12-31T23:59:59-14:00"),
        ("size", "big"),
        ("size", -1),
        ("size", 10**40),
        ("size", True),
        ("duration", "long"),
        ("duration", float("inf")),
        ("duration", float("nan")),
        ("duration", -5),
    ],
)
def test_an_impossible_date_or_number_loses_only_that_value(
    archive: Path, name: str, value: object
) -> None:
    path = archive / "voice-notes.json"
    items = json.loads(path.read_text("utf-8"))
    items[0][name] = value
    path.write_text(json.dumps(items), "utf-8")
    notes = open_archive(archive).notes()
    assert len(notes) == len(items)
    assert getattr(notes[0], name) is None


def test_half_a_surrogate_pair_in_an_index_is_shown_escaped(archive: Path) -> None:
    path = archive / "voice-notes.json"
    items = json.loads(path.read_text("utf-8"))
    for name in ("chat", "sender", "message_id", "transcript", "whatsapp_path"):
        items[0][name] = "x\udcff\ud800"
    path.write_text(json.dumps(items), "utf-8")
    note = open_archive(archive).notes()[0]
    shown = "x%ff%ud800"
    assert (note.chat, note.sender, note.message_id) == (shown, shown, shown)
    assert (note.transcript, note.whatsapp_path) == (shown, shown)


@settings(deadline=None)
@given(st.binary(max_size=100) | st.sampled_from([b"7", b"{}", b"[7]", b"[{}]", b"[" * 9999]))
def test_any_bytes_are_an_index_or_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-index.json"
    path.write_bytes(raw)
    try:
        read_index(path)
    except FormatError:
        return


def test_the_table_opens_in_a_spreadsheet(archive: Path) -> None:
    raw = (archive / "voice-notes.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row["status"] for row in rows] == ["restored", "restored", "missing", "unmatched"]
    assert rows[0]["file"] == "Voice notes/Mum/2024-01-01 11.01.00 Mum.opus"
    assert rows[0]["sent_at"] == "2024-01-01T10:01:00Z"
    assert rows[0]["from_me"] == "no"


@pytest.mark.parametrize("formula", ["=1+1", "+1 5550101", "-2", "@x", "\t=1", "\r=1", *HOSTILE])
def test_formulas_are_escaped(formula: str) -> None:
    raw = written(write_table, [note(1, chat=formula, sender=formula, transcript=formula)])
    [row] = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    for name in ("chat", "sender", "transcript"):
        assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row[name].removeprefix("'") == formula.encode("utf-8", "replace").decode().replace(
            "\x00", ""
        )


def test_an_archive_copied_without_its_hidden_folder_is_recognised(
    archive: Path,
) -> None:
    shutil.rmtree(archive / ".gdrive-wa")
    with pytest.raises(UsageError, match=r"lacks its hidden folder \.gdrive-wa") as caught:
        open_archive(archive)
    assert any("sha256sum -c SHA256SUMS" in hint for hint in caught.value.hints)
