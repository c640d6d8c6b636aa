"""A download killed at fifty random moments, and continued each time."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.emulation.bulk import BulkAccount, make_bulk
from gdrive_wa.emulation.faults import Faults
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import STATE_FOLDER, read_manifest
from tests.transfer.cli import Cli
from tests.transfer.kills import kill_on_its_way, slow_line_without
from tests.transfer.tree import partials, tree

KILLS = 50
LARGE = "Media/WhatsApp Video/large.mp4"


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory) -> BulkAccount:
    """Many small blobs and a large one."""
    account = make_bulk(tmp_path_factory.mktemp("bulk"), count=400, size=20_000)
    large = account.folder / "backup" / LARGE
    large.parent.mkdir()
    large.write_bytes(random.Random(3).randbytes(12_000_000))
    return account


@pytest.fixture
def slow_line(bulk: BulkAccount) -> Iterator[Emulator]:
    """A connection so slow that no download ends before it is killed."""
    held = max(tree(bulk.folder / "backup"))  # a small one
    faults = slow_line_without(held, delay=0.01, bandwidth=8e6)
    with Emulator(bulk.folder, faults=faults) as running:
        yield running


def verified(dest: Path, blobs: dict[str, bytes]) -> set[str]:
    """The names of blobs that are complete on the disk, under any name."""
    by_md5 = {hashlib.md5(content).hexdigest(): name for name, content in blobs.items()}
    found = {
        hashlib.md5(path.read_bytes()).hexdigest() for path in dest.rglob("*") if path.is_file()
    }
    return {by_md5[md5] for md5 in found & by_md5.keys()}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fifty_kills_leave_the_undisturbed_tree_and_nothing_is_fetched_twice(
    bulk: BulkAccount, slow_line: Emulator, tmp_path: Path
) -> None:
    dice = random.Random(20251102)
    cli = Cli(slow_line.root, bulk.token, tmp_path)
    dest = tmp_path / "dest"
    blobs = tree(bulk.folder / "backup")
    whole: dict[str, int] = {}

    def requests(name: str) -> int:
        return slow_line.counts.request_count(f"*/files/{name}")

    def something_is_whole() -> bool:
        return len(read_manifest(dest)) > 20

    for number in range(1, KILLS + 1):
        process = cli.fork("download", dest)
        more = dice.expovariate(1 / 200_000)
        if number < KILLS:
            kill_on_its_way(process, slow_line.counts, more)
        else:  # or the last assertions would be trivial
            kill_on_its_way(process, slow_line.counts, more, something_is_whole)
        for name, content in tree(dest).items():
            assert blobs[name] == content, "an unverified blob has a final name"
        for record in read_manifest(dest):
            assert record.sha256 == hashlib.sha256(blobs[record.path]).hexdigest()
        for name in verified(dest, blobs):
            whole.setdefault(name, requests(name))

    assert 20 < len(whole) < len(blobs)
    slow_line.faults = Faults(delay=0.01)
    assert cli.run("download", dest).code == 0
    assert tree(dest) == blobs
    assert partials(dest) == []
    assert sorted(path.name for path in (dest / STATE_FOLDER).iterdir()) == [
        "lock",
        "manifest.jsonl",
        "partial",
    ]
    assert {name: requests(name) for name in whole} == whole
