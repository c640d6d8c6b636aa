"""Archives of released versions stay valid: they can be read, verified and updated.

Each file of ``data/`` is what the demo left behind with the version in its name. A new format
must read them all; none is ever rewritten.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gdrive_wa
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import read_manifest

DATA = Path(__file__).parent / "data"
ARCHIVES = sorted(DATA.glob("archive-*.tar.xz"))
MADE_ANEW = {"index.html", "SHA256SUMS", "voice-notes.json", "voice-notes.csv"}
"""The lists and the page, which every run rewrites; all other files keep every byte."""


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive as that version left it, to the nanosecond."""
    with tarfile.open(request.param) as packed:
        packed.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    for record in read_manifest(folder):
        os.utime(folder / record.path, ns=(record.mtime_ns, record.mtime_ns))
    return folder


@pytest.fixture
def source(emulator: Emulator, sample: SampleAccount) -> Iterator[gdrive_wa.BackupSource]:
    """The demo's backup, which these archives were made from."""
    made = gdrive_wa.connect(endpoint=emulator.root, token=sample.token)
    yield made
    made.close()


PLAIN = "Databases/msgstore.db"
NEWER = f"{PLAIN}.crypt15"
"""The sample's database has more columns today than it had then; everything else is the same."""


def kept(folder: Path) -> dict[str, tuple[int, str]]:
    """Time and hash of every file that no later run may touch."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in {".gdrive-wa", *MADE_ANEW}
    }


def listed(folder: Path) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = json.loads((folder / "voice-notes.json").read_text("utf-8"))
    return notes


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "voice-notes.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def lines_of_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / ".gdrive-wa" / "manifest.jsonl").read_text("utf-8").splitlines()
    return {said["path"]: said for said in map(json.loads, lines[1:])}


def test_there_is_an_archive_of_a_released_version() -> None:
    assert "archive-0.1.0.tar.xz" in [path.name for path in ARCHIVES]


def test_an_old_archive_is_read_as_it_was_written(old: Path, sample: SampleAccount) -> None:
    archive = gdrive_wa.open_archive(old)
    checked = archive.verify()
    assert (checked.intact, checked.extra) == (True, ())
    assert checked.ok == len(lines_of_manifest(old)) > 40
    notes = archive.notes()
    assert len(notes) == len(sample.notes)
    known = {(note.chat_jid, note.message_id): note for note in sample.notes}
    for note in notes:
        expected = known[note.chat_jid, note.message_id]
        assert (note.sent_at, note.from_me, note.sha256) == (
            expected.sent_at, expected.from_me, expected.sha256,
        )  # fmt: skip
        assert note.path is None or note.path.is_file()


def test_a_restore_into_an_old_archive_fetches_nothing_and_keeps_every_name_and_byte(
    old: Path, source: gdrive_wa.BackupSource, emulator: Emulator, sample: SampleAccount
) -> None:
    before = kept(old)
    report = gdrive_wa.restore(source, old, key=sample.key)
    assert {outcome.path for outcome in report.done} <= {NEWER}
    assert report.failed == []
    assert len(report.skipped) > 40
    assert emulator.counts.media.total() == len(report.done)
    now = kept(old)
    assert {name: now[name] for name in before if name != PLAIN} == {
        name: before[name] for name in before if name != PLAIN
    }
    assert gdrive_wa.verify(old).intact


def test_lists_and_manifest_keep_their_fields_and_values(
    old: Path, source: gdrive_wa.BackupSource, sample: SampleAccount
) -> None:
    notes, rows, lines = listed(old), table(old), lines_of_manifest(old)
    gdrive_wa.restore(source, old, key=sample.key)
    for told_before, told_now in (
        (notes, listed(old)),
        (rows, table(old)),
        (
            [line for name, line in lines.items() if name not in {*MADE_ANEW, PLAIN}],
            [
                line
                for name, line in lines_of_manifest(old).items()
                if name not in {*MADE_ANEW, PLAIN}
            ],
        ),
    ):
        assert len(told_now) == len(told_before)
        for now, then in zip(told_now, told_before, strict=True):
            assert {name: now.get(name) for name in then} == then
