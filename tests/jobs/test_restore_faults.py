"""Restores over a bad connection: the same faults as for downloads, and fifty kills.

Each run is ``gdrive-wa restore`` in a process of its own, over real HTTP.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.emulation.bulk import BulkAccount, make_bulk
from gdrive_wa.emulation.faults import Fault, Faults
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import STATE_FOLDER, read_manifest
from tests.transfer import test_faults
from tests.transfer.cli import Cli
from tests.transfer.kills import kill_on_its_way, slow_line_without
from tests.transfer.tree import tree

KILLS = 50


class Restoring:
    """``gdrive-wa restore`` of one account, as a user runs it."""

    def __init__(self, root: str, account: SampleAccount | BulkAccount, home: Path) -> None:
        self.cli = Cli(root, account.token, home)
        self.dest = home / "dest"
        key = ("--key-file", str(account.key_file))
        self.words = ("restore", str(self.dest), "--timezone", "UTC", *key)


@pytest.fixture
def restoring(emulator: Emulator, sample: SampleAccount, tmp_path: Path) -> Restoring:
    return Restoring(emulator.root, sample, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(
    sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The archive of a restore without faults."""
    with Emulator(sample.folder) as quiet:
        restoring = Restoring(quiet.root, sample, tmp_path_factory.mktemp("undisturbed"))
        assert restoring.cli.run(*restoring.words).code == 0
    return tree(restoring.dest)


def assert_no_blob_is_left(dest: Path) -> None:
    assert not (dest / STATE_FOLDER / "blobs").exists()
    assert not list(dest.rglob("*.tmp"))


@pytest.mark.parametrize("faults", test_faults.PASSING.values(), ids=test_faults.PASSING)
def test_temporary_faults_leave_the_undisturbed_archive(
    restoring: Restoring,
    emulator: Emulator,
    undisturbed: dict[str, bytes],
    faults: Fault | list[Fault],
) -> None:
    emulator.faults = faults
    done = restoring.cli.run(*restoring.words)
    assert done.code == 0, done.talk + done.out
    assert tree(restoring.dest) == undisturbed
    assert_no_blob_is_left(restoring.dest)


@pytest.mark.parametrize(
    ("faults", "reason"), test_faults.LASTING.values(), ids=test_faults.LASTING
)
def test_permanent_faults_lose_one_entry_until_they_end(
    restoring: Restoring,
    emulator: Emulator,
    undisturbed: dict[str, bytes],
    faults: Fault | list[Fault],
    reason: str,
) -> None:
    """If the fault hits the database, every voice note is there all the same."""
    emulator.faults = faults
    done = restoring.cli.run(*restoring.words)
    assert done.code == 7, done.talk + done.out
    assert list(done.failed) == [test_faults.STORED]
    assert reason in done.failed[test_faults.STORED]
    voices = [name for name in tree(restoring.dest) if name.endswith(".opus")]
    assert len(voices) == len([name for name in undisturbed if name.endswith(".opus")])
    emulator.faults = None
    emulator.counts.clear()
    again = restoring.cli.run(*restoring.words)
    assert again.code == 0, again.talk
    assert tree(restoring.dest) == undisturbed
    assert sum(emulator.counts.media.values()) <= 1
    assert_no_blob_is_left(restoring.dest)


def test_all_faults_at_once_leave_the_undisturbed_archive(
    restoring: Restoring, emulator: Emulator, undisturbed: dict[str, bytes]
) -> None:
    emulator.faults = test_faults.TestEverythingAtOnce().storm()
    done = restoring.cli.run(*restoring.words)
    assert done.code == 0, done.talk + done.out
    assert tree(restoring.dest) == undisturbed


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
        process = restoring.cli.start(*restoring.words, "--all")
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
