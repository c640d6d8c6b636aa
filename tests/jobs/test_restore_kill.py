"""A restore killed at fifty random moments, and continued each time."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.emulation.bulk import BulkAccount, make_bulk
from gdrive_wa.emulation.faults import Faults
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import read_manifest
from tests.jobs.test_restore_faults import Restoring, assert_no_blob_is_left
from tests.transfer.kills import kill_on_its_way, slow_line_without
from tests.transfer.tree import tree

KILLS = 50


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory) -> BulkAccount:
    folder = tmp_path_factory.mktemp("bulk")
    return make_bulk(folder, count=600, size=20_000, encrypted=True)


@pytest.fixture
def slow_line(bulk: BulkAccount) -> Iterator[Emulator]:
    """A connection so slow that no restore ends before it is killed."""
    held = min(tree(bulk.folder / "backup"))
    faults = slow_line_without(held, delay=0.02, bandwidth=8e6)
    with Emulator(bulk.folder, faults=faults) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fifty_kills_leave_the_undisturbed_archive_and_nothing_is_fetched_twice(
    bulk: BulkAccount, slow_line: Emulator, tmp_path: Path
) -> None:
    with Emulator(bulk.folder) as quiet:
        first = Restoring(quiet.root, bulk, tmp_path / "undisturbed")
        assert first.cli.run(*first.words, "--all").code == 0
    expected = tree(first.dest)
    dice = random.Random(20251123)
    restoring = Restoring(slow_line.root, bulk, tmp_path / "killed")
    placed: dict[str, int] = {}

    def requests(stored_as: str) -> int:
        return slow_line.counts.request_count(f"*/files/{stored_as}")

    def enough_is_placed() -> bool:
        records = read_manifest(restoring.dest)
        return sum(record.stored_as is not None for record in records) > 50

    for number in range(1, KILLS + 1):
        process = restoring.cli.fork(*restoring.words, "--all")
        more = dice.expovariate(1 / 150_000)
        if number < KILLS:
            kill_on_its_way(process, slow_line.counts, more)
        else:  # or the last assertion would be trivial
            kill_on_its_way(process, slow_line.counts, more, enough_is_placed)
        for name, content in tree(restoring.dest).items():
            if not Path(name).name.startswith("."):
                assert content == expected[name], f"{name} is not what it should be"
        for record in read_manifest(restoring.dest):
            assert record.sha256 == hashlib.sha256(expected[record.path]).hexdigest()
            if record.stored_as is not None:
                placed.setdefault(record.stored_as, requests(record.stored_as))

    assert 50 < len(placed) < bulk.count
    slow_line.faults = Faults(delay=0.02)
    assert restoring.cli.run(*restoring.words, "--all").code == 0
    assert tree(restoring.dest) == expected
    assert_no_blob_is_left(restoring.dest)
    assert {name: requests(name) for name in placed} == placed
