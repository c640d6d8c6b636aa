"""Restores over a bad connection: the same faults as for downloads.

Each run is ``gdrive-wa restore`` in a process of its own, over real HTTP.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.emulation.bulk import BulkAccount
from gdrive_wa.emulation.faults import Fault
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.storage.manifest import STATE_FOLDER
from tests.transfer import test_faults
from tests.transfer.cli import Cli
from tests.transfer.tree import tree


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
    """Even if the fault affects the database, every voice note is restored."""
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
