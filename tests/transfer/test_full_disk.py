"""A really full disk: a small file system in memory, mounted for one test.

Without permission to mount one the tests are skipped; in CI they must run.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.emulation.bulk import BulkAccount, make_bulk
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import STATE_FOLDER, read_manifest
from tests.transfer.cli import Cli
from tests.transfer.test_kill import verified
from tests.transfer.tree import tree

UNTOLD = Fault(kind=FaultKind.EDIT, path="*/files", drop=("sizeBytes",), times=None)
"""The listing has no sizes, so that free space cannot be checked beforehand."""


class SmallDisk:
    """A file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, options: str) -> subprocess.CompletedProcess[str]:
        command = ["mount", "-t", "tmpfs", "-o", options, "gdrive-wa-test", str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    small = SmallDisk(tmp_path / "disk")
    small.folder.mkdir()
    mounted = small.mount("size=1m")
    if mounted.returncode:
        reason = f"nothing can be mounted here: {mounted.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield small
    subprocess.run(["umount", "--lazy", str(small.folder)], check=True)


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory) -> BulkAccount:
    """More than fits on the disk."""
    return make_bulk(tmp_path_factory.mktemp("bulk"), count=120, size=20_000, encrypted=True)


@pytest.fixture
def google(bulk: BulkAccount) -> Iterator[Emulator]:
    with Emulator(bulk.folder, faults=UNTOLD) as running:
        yield running


def asked_for(google: Emulator) -> list[str]:
    """The names of requested blobs, once for each request."""
    return [path.split("/files/", 1)[1] for path in google.counts.media.elements()]


@pytest.mark.parametrize("verb", ["download", "restore"])
def test_a_full_disk_stops_the_run_and_the_next_one_continues(
    verb: str, disk: SmallDisk, bulk: BulkAccount, google: Emulator, tmp_path: Path
) -> None:
    more = ["--all", "--timezone", "UTC"] if verb == "restore" else []
    more += ["--key-file", str(bulk.key_file)]
    cli = Cli(google.root, bulk.token, tmp_path)
    assert cli.run(verb, tmp_path / "roomy", *more).code == 0
    expected = tree(tmp_path / "roomy")
    dest = disk.folder / "dest"
    google.counts.clear()
    for _ in range(2):  # the second one finds it full from the start
        full = cli.run(verb, dest, *more)
        assert full.code == 1, full.talk
        assert full.talk.count("error: ") == 1
        assert "error: the disk is full: " in full.talk
        assert "hint: free some space" in full.talk
        assert "Traceback" not in full.talk
        if verb == "download":  # a restore opens again what it could not record
            assert disk.free() < 40_000
        assert tree(dest).items() <= expected.items()
    assert not list(dest.rglob("*.tmp"))
    whole = verified(dest, tree(bulk.folder / "backup"))
    whole |= {record.stored_as for record in read_manifest(dest) if record.stored_as}
    assert len(whole) > 20

    assert disk.mount("remount,size=64m").returncode == 0
    google.faults = None
    google.counts.clear()
    assert cli.run(verb, dest, *more).code == 0
    assert tree(dest) == expected
    assert not whole & set(asked_for(google))
    assert len(whole) + len(asked_for(google)) == bulk.count
    left = {path.suffix for path in (dest / STATE_FOLDER).rglob("*") if path.is_file()}
    assert left <= {"", ".jsonl", ".json"}


def test_too_little_free_space_is_reported_before_anything_is_fetched(
    disk: SmallDisk, bulk: BulkAccount, google: Emulator, tmp_path: Path
) -> None:
    google.faults = None
    full = Cli(google.root, bulk.token, tmp_path).run("download", disk.folder / "dest")
    assert full.code == 1
    assert "not enough free space in " in full.talk
    assert not google.counts.media
    assert tree(disk.folder) == {}
