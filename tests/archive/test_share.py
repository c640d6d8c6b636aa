"""A shared folder has the chosen notes, and not one byte about other people."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.share import share_folder
from gdrive_wa.cli.app import app
from gdrive_wa.core.errors import Interrupted, UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.progress import Silent
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.export import export
from gdrive_wa.jobs.page import page
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.share import share
from gdrive_wa.sources import open_folder


@pytest.fixture(scope="module")
def archive(plain_sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A restored archive. Shared: read it, never change it."""
    folder = tmp_path_factory.mktemp("restored") / "archive"
    restore(open_folder(plain_sample.folder / "backup"), folder, key=plain_sample.key, timezone=UTC)
    return folder


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def content(notes: list[VoiceNote]) -> dict[str, tuple[str, str | None]]:
    """Status and hash of the file of each note, by message id."""
    return {
        note.message_id: (
            note.status,
            None if note.path is None else hashlib.sha256(note.path.read_bytes()).hexdigest(),
        )
        for note in notes
    }


def marks(notes: list[VoiceNote]) -> set[str]:
    """Texts that identify these notes, their chats and their senders."""
    found: set[str | None] = set()
    for note in notes:
        found |= {note.chat, note.chat_jid, note.sender, note.sender_jid, note.message_id}
        found |= {note.whatsapp_path, note.sha256, note.transcript}
    return {text for text in found if text and len(text) > 3}


def test_one_chat_is_an_archive_of_its_own_without_a_byte_of_the_others(
    archive: Path, tmp_path: Path
) -> None:
    mine = open_archive(archive).notes(chat="Lena")
    others = [note for note in open_archive(archive).notes() if note.chat != mine[0].chat]
    out = tmp_path / "for Lena"
    report = share(archive, out, chat="lena", timezone=UTC)
    with_file = [note for note in mine if note.file is not None]
    assert len(report.done) == len(with_file) > 1
    assert content(open_archive(out).notes()) == content(mine)
    assert open_archive(out).verify().intact
    canaries = marks(others) - marks(mine)
    assert len(canaries) > 20
    for path, raw in everything_in(out).items():
        for canary in canaries:
            assert canary.encode() not in raw, (canary, path)
            assert json.dumps(canary)[1:-1].encode() not in raw, (canary, path)
            assert canary not in path
    assert not (out / "Databases").exists()


def test_the_files_are_the_same_to_the_byte_and_keep_their_dates(
    archive: Path, tmp_path: Path
) -> None:
    share(archive, tmp_path / "out", timezone=UTC)
    before, after = open_archive(archive).notes(), open_archive(tmp_path / "out").notes()
    assert content(after) == content(before)
    for old, new in zip(before, after, strict=True):
        if old.path is not None:
            assert new.path is not None
            assert new.path.stat().st_mtime_ns == old.path.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("chosen", "holds"),
    [
        ({"sender": "Jonas"}, lambda note: note.sender == "Jonas"),
        ({"starred": True}, lambda note: note.starred),
        ({"since": "2025-03-01"}, lambda note: note.sent_at and note.sent_at.isoformat() >= "2025"),
    ],
)
def test_the_notes_that_a_selection_gives(
    archive: Path, tmp_path: Path, chosen: dict[str, Any], holds: Callable[[VoiceNote], bool]
) -> None:
    notes = open_archive(archive).notes()
    names = {note.sender for note in notes}
    if "sender" in chosen:
        chosen = {"sender": min(names)}
        expected = [note for note in notes if note.sender == min(names)]
    elif "since" in chosen:
        middle = sorted(note.sent_at for note in notes if note.sent_at)[len(notes) // 2]
        chosen = {"since": middle}
        expected = [note for note in notes if note.sent_at and note.sent_at >= middle]
    else:
        expected = [note for note in notes if holds(note)]
    share(archive, tmp_path / "out", **chosen)
    assert expected
    assert content(open_archive(tmp_path / "out").notes()) == content(expected)


def test_a_name_that_fits_several_is_refused_with_the_names(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fits") as caught:
        share(archive, tmp_path / "out", chat="e")
    assert "id in parentheses" in caught.value.hints[0]
    assert not (tmp_path / "out").exists()
    jid = open_archive(archive).notes(chat="Lena")[0].chat_jid
    assert share(archive, tmp_path / "out", chat=jid).done


@pytest.mark.parametrize("chosen", [{"chat": "Nobody"}, {"sender": "Nobody"}, {"until": "1999"}])
def test_a_selection_without_notes_is_an_error_and_leaves_nothing(
    archive: Path, tmp_path: Path, chosen: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        share(archive, tmp_path / "out", **chosen)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_is_refused(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    share(archive, out, chat="Lena")
    before = everything_in(out)
    with pytest.raises(UsageError, match="contains more than the chosen"):
        share(archive, out, starred=True)
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(UsageError, match="contains more than the chosen"):
        share(archive, other)
    with pytest.raises(UsageError, match="inside the archive"):
        share(archive, archive / "part")
    assert everything_in(out) == before


class StopsAfter(Silent):
    """Asks to stop after some files."""

    def __init__(self, count: int) -> None:
        self.left = count

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Interrupted("stopped")


def test_a_stopped_share_continues_to_the_same_tree(archive: Path, tmp_path: Path) -> None:
    share(archive, tmp_path / "whole", timezone=UTC)
    opened = open_archive(archive)

    with pytest.raises(Interrupted):
        share_folder(
            opened,
            opened.notes(),
            tmp_path / "out",
            timezone=UTC,
            show=lambda *_: None,
            progress=StopsAfter(5),
        )
    again = share(archive, tmp_path / "out", timezone=UTC)
    assert again.skipped
    whole, out = everything_in(tmp_path / "whole"), everything_in(tmp_path / "out")
    assert out.keys() == whole.keys()
    assert {path: raw for path, raw in out.items() if not path.startswith(".gdrive-wa")} == {
        path: raw for path, raw in whole.items() if not path.startswith(".gdrive-wa")
    }
    assert all(outcome.file for outcome in share(archive, tmp_path / "out").skipped if outcome.file)


def test_a_zip_unpacks_to_the_folder(archive: Path, tmp_path: Path) -> None:
    share(archive, tmp_path / "Lena", chat="Lena", timezone=UTC)
    report = share(archive, tmp_path / "zipped" / "Lena", chat="Lena", zip=True, timezone=UTC)
    packed = tmp_path / "zipped" / "Lena.zip"
    assert [path.name for path in (tmp_path / "zipped").iterdir()] == ["Lena.zip"]
    assert report.bytes == packed.stat().st_size
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(tmp_path / "unpacked")
    unpacked = tmp_path / "unpacked" / "Lena"
    assert open_archive(unpacked).verify().intact
    names = everything_in(tmp_path / "Lena").keys()
    assert everything_in(unpacked).keys() == {
        name
        for name in names
        if not name.startswith(".gdrive-wa") or name.endswith("manifest.jsonl")
    }
    assert packed.stat().st_mode & 0o077 == 0


def test_only_a_file_that_is_gone_fails(plain_sample: SampleAccount, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    restore(open_folder(plain_sample.folder / "backup"), folder, key=plain_sample.key, timezone=UTC)
    gone = next(note for note in open_archive(folder).notes() if note.path is not None)
    assert gone.path is not None
    gone.path.unlink()
    report = share(folder, tmp_path / "out", timezone=UTC)
    assert [outcome.path for outcome in report.failed] == [gone.whatsapp_path]
    assert "cannot be read" in (report.failed[0].reason or "") or report.failed[0].reason
    statuses = content(open_archive(tmp_path / "out").notes())
    assert statuses[gone.message_id][0] is NoteStatus.MISSING


def test_a_shared_archive_can_be_exported_and_its_page_rewritten(
    archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    share(archive, out, chat="Lena", timezone=UTC)
    shown = (out / "index.html").read_bytes()
    (out / "index.html").unlink()
    assert page(out, timezone=UTC) == out / "index.html"
    assert (out / "index.html").read_bytes() == shown
    assert export(out, tmp_path / "m4a").done


def test_share_on_the_command_line(archive: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    shared = runner.invoke(
        app, ["share", str(archive), str(tmp_path / "z.zip"), "--chat", "Lena", "--json"]
    )
    assert shared.exit_code == 0, shared.output
    assert json.loads(shared.stdout)["done"]
    assert zipfile.is_zipfile(tmp_path / "z.zip")
    named = runner.invoke(app, ["share", str(archive), str(tmp_path / "y"), "--zip"])
    assert f"wrote {tmp_path / 'y.zip'}\n" in named.stderr
    given = runner.invoke(app, ["share", str(archive), str(tmp_path / "out"), "--starred"])
    assert re.match(r"shared \d+ voice notes?, skipped 0, failed 0; ", given.stderr)
    assert f"open {tmp_path / 'out' / 'index.html'} in a browser\n" in given.stderr
    written = runner.invoke(app, ["page", str(tmp_path / "out"), "--json"])
    assert json.loads(written.stdout) == {"page": str(tmp_path / "out" / "index.html")}
