"""A folder holds one backup, and a second one must not replace its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.server import Emulator
from tests.transfer.cli import Cli
from tests.transfer.tree import times, tree

DATABASE = "Databases/msgstore.db.crypt15"


def make_account(folder: Path, name: str, *numbers: str) -> Path:
    """An account with one backup per number, all with the same file names."""
    folders = dict(zip(numbers, ("backup", "other"), strict=False))
    for number, below in folders.items():
        stored = folder / below / DATABASE
        stored.parent.mkdir(parents=True)
        stored.write_bytes(f"database of {number} of {name}".encode())
    said = {
        "email": f"{name}@example.org",
        "access_token": f"token-of-{name}",
        "backups": [{"number": number, "folder": below} for number, below in folders.items()],
        "my_drive": {"WhatsApp": "backup", "Older/WhatsApp": "backup"},
    }
    (folder / "account.json").write_text(json.dumps(said))
    return folder


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Emulator]:
    ann = make_account(tmp_path / "ann", "ann", "15550100", "15550101")
    bea = make_account(tmp_path / "bea", "bea", "15550102")
    with Emulator(ann, bea) as running:
        yield running


@pytest.fixture
def ann(google: Emulator, tmp_path: Path) -> Cli:
    return Cli(google.root, Secret("token-of-ann"), tmp_path)


@pytest.fixture
def bea(google: Emulator, tmp_path: Path) -> Cli:
    return Cli(google.root, Secret("token-of-bea"), tmp_path)


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_another_number_is_refused(
    ann: Cli, google: Emulator, tmp_path: Path, more: list[str]
) -> None:
    dest = tmp_path / "dest"
    assert ann.run("download", "15550100", dest).code == 0
    before = tree(dest), times(dest)
    google.counts.clear()
    refused = ann.run("download", "15550101", dest, *more)
    assert refused.code == 2
    assert refused.talk.startswith(
        f"error: '{dest}' holds the backup of 15550100, not the one of 15550101\nhint: "
    )
    assert (tree(dest), times(dest)) == before
    assert not google.counts.media
    assert ann.run("download", "+1 555-0100", dest).code == 0


@pytest.mark.parametrize("source", [["backup"], ["appdata"], ["drive", "--folder", "WhatsApp"]])
def test_another_google_account_is_refused(
    ann: Cli, bea: Cli, tmp_path: Path, source: list[str]
) -> None:
    dest = tmp_path / "dest"
    asked: list[str | Path] = ["download", dest, "--source", *source]
    assert ann.run(*asked).code == 0
    before = tree(dest)
    refused = bea.run(*asked)
    assert refused.code == 2, refused.talk
    assert " holds the backup of " in refused.talk
    assert tree(dest) == before
    assert ann.run(*asked).code == 0


def test_another_folder_of_the_same_drive_is_refused(ann: Cli, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    assert ann.run("download", dest, "--source", "drive", "--folder", "WhatsApp").code == 0
    refused = ann.run("download", dest, "--source", "drive", "--folder", "Older/WhatsApp")
    assert refused.code == 2
    assert "not the one of Older/WhatsApp of ann@example.org" in refused.talk


def test_another_folder_of_this_machine_is_refused(ann: Cli, tmp_path: Path) -> None:
    """Two phones, each with a folder named WhatsApp."""
    dest = tmp_path / "dest"
    for phone in ("phone one", "phone two"):
        stored = tmp_path / phone / "WhatsApp" / DATABASE
        stored.parent.mkdir(parents=True)
        stored.write_text(phone)
    assert ann.run("download", dest, "--folder", tmp_path / "phone one").code == 0
    refused = ann.run("download", dest, "--folder", tmp_path / "phone two")
    assert refused.code == 2
    assert tree(dest) == {DATABASE: b"phone one"}


def test_a_folder_without_a_recorded_owner_is_continued(ann: Cli, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    assert ann.run("download", "15550100", dest).code == 0
    owner = '"account":"15550100"'
    manifest = dest / ".gdrive-wa" / "manifest.jsonl"
    said = manifest.read_text()
    assert owner in said
    manifest.write_text(said.replace(owner, '"account":null'))
    again = ann.run("download", "15550100", dest)
    assert (again.code, len(again.report["skipped"])) == (0, 1)
