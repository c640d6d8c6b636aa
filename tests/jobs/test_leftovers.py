"""Leftovers of a killed run, odd dates, and permissions of files."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

import gdrive_wa
from gdrive_wa.storage.draft import Draft, sweep

NOTES = "Media/WhatsApp Voice Notes"
LEFT = ".gdrive-wa-0123456789abcdef.tmp"


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    folder = tmp_path / "phone" / NOTES
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"PTT-{number}.opus").write_bytes(b"OggS example %d" % number)
    return tmp_path / "phone"


@pytest.mark.parametrize("command", ["download", "decrypt", "restore"])
def test_the_next_run_removes_the_leftovers_of_a_killed_one(
    tmp_path: Path, phone: Path, command: str
) -> None:
    dest = tmp_path / "dest"
    call = getattr(gdrive_wa, command)
    source = phone if command == "decrypt" else str(phone)
    call(source, dest)
    (phone / NOTES / "PTT-9.opus").write_bytes(b"OggS a new one")
    folders = {dest, *(path.parent for path in dest.rglob("*") if path.is_file())}
    assert len(folders) > 2
    for folder in folders:
        (folder / LEFT).write_bytes(b"plaintext")
    call(source, dest)
    assert list(dest.rglob(LEFT)) == []


def test_a_sweep_leaves_the_drafts_of_others(tmp_path: Path) -> None:
    with Draft(tmp_path, "inside") as draft:
        assert sweep(tmp_path, "inside") == 0
        assert draft.path.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("mask", [0o000, 0o022])
@pytest.mark.parametrize("command", ["download", "decrypt", "restore"])
def test_folders_and_files_are_private(
    tmp_path: Path, phone: Path, command: str, mask: int
) -> None:
    dest, before = tmp_path / "dest", os.umask(mask)
    try:
        getattr(gdrive_wa, command)(phone if command == "decrypt" else str(phone), dest)
    finally:
        os.umask(before)
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in (dest, *dest.rglob("*")) if path.is_dir()
    }
    assert modes == {0o700}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in dest.rglob("*") if path.is_file()}
    assert modes == {0o600}


@pytest.mark.skipif(not Path("/dev/shm").exists(), reason="needs a disk with times of 64 bits")
@pytest.mark.parametrize("command", ["download", "decrypt", "restore"])
def test_files_dated_outside_the_calendar_are_accepted(
    tmp_path: Path, phone: Path, command: str
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        source = Path(memory, "phone")
        shutil.copytree(phone, source)
        times = (10**12, 9 * 10**15, -(10**12), -1, -62_135_596_801, 253_402_300_800)
        for number, moment in enumerate(times):
            path = source / NOTES / f"PTT-odd-{number}.opus"
            path.write_bytes(b"OggS odd %d" % number)
            os.utime(path, (moment, moment))
        call = getattr(gdrive_wa, command)
        for dest in (tmp_path / "dest", Path(memory, "dest")):
            report = call(source if command == "decrypt" else str(source), dest)
            assert {each.reason for each in report.failed} <= {
                "this backup contains neither this database nor a copy of it"
            }
            assert len(report.done) == 3 + len(times)
            again = call(source if command == "decrypt" else str(source), dest)
            assert again.done == []
