"""An exported chat on the command line: no key is asked for."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from gdrive_wa.cli.options import Where
from tests.cli.conftest import Run

LINE = "01/03/2024, 09:00 - Mum: PTT-20240301-WA0001.opus (file attached)\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A ZIP as Android makes it."""
    target = tmp_path / "WhatsApp Chat with Mum.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("WhatsApp Chat with Mum.txt", LINE)
        archive.writestr("PTT-20240301-WA0001.opus", b"OggS")
    return target


def test_an_exported_chat_needs_no_key(export: Path, tmp_path: Path) -> None:
    for path in (export, tmp_path):
        assert Where("folder", str(path), None, None).keyless
    (tmp_path / "empty").mkdir()
    assert not Where("folder", str(tmp_path / "empty"), None, None).keyless


def test_an_exported_chat_becomes_an_archive(export: Path, tmp_path: Path, run: Run) -> None:
    done = run("restore", "out", "--folder", export, "--timezone", "Europe/Berlin")
    assert done.returncode == 0, done.stderr
    (note,) = json.loads(run("notes", "out", "--json").stdout)
    assert note["file"] == "Voice notes/Mum/2024-03-01 09.00.00 Mum.opus"
    assert (note["sent_at"], note["status"]) == ("2024-03-01T08:00:00Z", "restored")
    again = run("restore", "out", "--folder", export, "--timezone", "Europe/Berlin", "--json")
    assert [len(json.loads(again.stdout)[key]) for key in ("done", "skipped", "failed")] == [
        0,
        1,
        0,
    ]
    assert (tmp_path / "out" / "index.html").is_file()


def test_listings_show_what_an_export_holds(export: Path, run: Run) -> None:
    entries = json.loads(run("ls", "--folder", export, "--json").stdout)
    assert {entry["kind"] for entry in entries} == {"voice", "document"}
    (backup,) = json.loads(run("backups", "--folder", export, "--json").stdout)
    assert backup["account"] == "WhatsApp Chat with Mum"


def test_a_zip_that_is_not_an_exported_chat_is_refused(tmp_path: Path, run: Run) -> None:
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as archive:
        archive.writestr("photo.jpg", b"x")
    refused = run("restore", "out", "--folder", "holiday.zip")
    assert refused.returncode == 2
    assert "'holiday.zip' is not an exported chat" in refused.stderr
    assert not (tmp_path / "out").exists()
