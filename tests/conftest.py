"""Fixtures for all tests, and the order in which they run."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from gdrive_wa.emulation.sample import SampleAccount, make_sample
from gdrive_wa.emulation.server import Emulator

# Fixtures for the tests of several rooms.
pytest_plugins = ("tests.crypt.fixtures", "tests.google.fixtures")

NOBODY = 65534
"""The number of the system's unprivileged user."""
ROOT = Path(__file__).resolve().parent.parent

# No test has a deadline: a busy machine is not a fault.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
UNUSED = (
    # Lists below the address bar, each a page of its own: half the work of opening a window.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    # What Playwright switches off, because of two such options Chromium reads the last one.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"),
    *("TcpPortRandomizationWin", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"),
    "PreconnectToSearch",
)
"""Features of Chromium that no page has to do with."""

Peer = Callable[..., subprocess.CompletedProcess[bytes]]


def pytest_configure(config: pytest.Config) -> None:
    """In each of several test processes, pytest-cov starts two measurements and keeps the second.

    The first would go on in the tests with the mark ``no_cover``, at the same cost.
    """
    if hasattr(config, "workerinput") and (first := Coverage.current()) is not None:
        first.stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes, the one that begins a long file last decides when all of them end.

    So files with slow tests come first, then those with many tests. `make test` keeps that order.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=start_order(items))


def pytest_collection_finish() -> None:
    """What was collected stays: each collection of garbage would look through all of it again."""
    gc.collect()
    gc.freeze()


def start_order(items: list[pytest.Item]) -> Callable[[pytest.Item], tuple[bool, int]]:
    """What to sort by; tests of one file stay together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    count = Counter(item.path for item in items)
    return lambda item: (item.path not in slow, -count[item.path])


@pytest.fixture(scope="session")
def peers() -> Path:
    """The folder of third-party programs; `make test` sets it up."""
    folder = Path(os.environ.get("GDRIVE_WA_PEERS", ROOT / ".peers" / "bin"))
    if not (folder / "wadecrypt").exists():
        reason = f"no peers in {folder}: make test installs tests/peers.txt there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def tiny_model(peers: Path) -> Path:
    """The folder of a small English speech model; `make test` sets it up."""
    return _model(peers, "tiny.en")


@pytest.fixture(scope="session")
def base_model(peers: Path) -> Path:
    """The folder of a speech model for many languages; `make test` sets it up."""
    return _model(peers, "base")


def _model(peers: Path, name: str) -> Path:
    folder = peers.parent / "models" / name
    if not (folder / "model.bin").exists():
        reason = f"no speech model in {folder}: make test installs tests/models.txt there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def run_peer(peers: Path) -> Peer:
    """Runs one of them by its name, and returns its output."""

    def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [peers / name, *map(str, arguments)], capture_output=True, check=False, timeout=120
        )

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once for all tests: Playwright runs once in a process.

    A machine without it skips, but CI must have it.
    """
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        missing = "no Chromium on this machine: install the package chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=[*QUIET, f"--disable-features={','.join(UNUSED)}", *as_root],
            timeout=120_000,
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleAccount:
    """An account whose backup is end-to-end encrypted. Shared: read it, never change it."""
    return make_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def plain_sample(tmp_path_factory: pytest.TempPathFactory) -> SampleAccount:
    """An account with a crypt14 database and plain media. Shared: read it, never change it."""
    return make_sample(tmp_path_factory.mktemp("plain"), encrypted=False)


@pytest.fixture
def emulator(sample: SampleAccount) -> Iterator[Emulator]:
    """A server over `sample`, for one test."""
    with Emulator(sample.folder) as running:
        yield running


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of an unprivileged user; the test runs as that user."""
    import_module("gdrive_wa.sources.iphone")  # that user may be unable to read Python's own folder
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)
