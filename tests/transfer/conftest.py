from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.transfer.pull import StreamRetryPolicy
from tests.transfer.cli import Cli
from tests.transfer.faulty_source import FaultySource
from tests.transfer.tree import tree


@pytest.fixture
def faulty(tmp_path: Path) -> FaultySource:
    """A source over an empty folder."""
    folder = tmp_path / "source"
    folder.mkdir()
    return FaultySource(folder)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An abandoned run waits until its threads have ended, even on a busy machine."""
    monkeypatch.setattr("gdrive_wa.transfer.pool.LEAVE_SECONDS", 120.0)


@pytest.fixture
def quick() -> StreamRetryPolicy:
    """The usual number of attempts, without waiting between them."""
    return StreamRetryPolicy(base=0.001, max_pause=0.002)


@pytest.fixture
def cli(emulator: Emulator, sample: SampleAccount, tmp_path: Path) -> Cli:
    """``gdrive-wa`` in a process of its own, signed in to the emulator."""
    return Cli(emulator.root, sample.token, tmp_path)


@pytest.fixture(scope="session")
def undisturbed(
    sample: SampleAccount, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The tree of a download without faults."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with Emulator(sample.folder) as emulator:
        done = Cli(emulator.root, sample.token, folder).run("download", folder / "dest")
    assert done.code == 0, done.talk
    return tree(folder / "dest")
