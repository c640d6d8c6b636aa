"""A configuration of our own, no keyring, and a session that is signed in to the emulator."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.null import Keyring

from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.login import login_oauth
from gdrive_wa.google.logins import Login
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from tests.google.browser import Act, Browser
from tests.google.scripted import Scripted

QUICK = RetryPolicy(base=0.001, max_pause=0.002)
"""The usual number of attempts, with hardly any wait between them."""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new config folder, on a machine without a keyring."""
    for name in ("GDRIVE_WA_ACCESS_TOKEN", "GDRIVE_WA_ENDPOINT", "OAUTHLIB_INSECURE_TRANSPORT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    folder = tmp_path / "config"
    monkeypatch.setenv("GDRIVE_WA_CONFIG", str(folder))
    usual = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield folder
    keyring.set_keyring(usual)


@pytest.fixture
def session(sample: SampleAccount) -> Iterator[Session]:
    """Signed in to the sample account."""
    made = Session(GivenToken(sample.token), retry_policy=QUICK)
    yield made
    made.close()


@pytest.fixture
def blob(emulator: Emulator, sample: SampleAccount) -> str:
    """The address of a stored file."""
    name = next(name for name in sample.stored.values() if name.startswith("Media/"))
    return f"{emulator.root}/v1/clients/wa/backups/15550100/files/{name}?alt=media"


@pytest.fixture
def backups(emulator: Emulator) -> str:
    """The address of the list of backups."""
    return f"{emulator.root}/v1/clients/wa/backups"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that sends the answers a test gives it."""
    with Scripted() as running:
        yield running


@pytest.fixture
def client_file(emulator: Emulator, tmp_path: Path) -> Path:
    """The user's OAuth client file."""
    path = tmp_path / "client_secrets.json"
    path.write_text(json.dumps(emulator.client_config()))
    return path


LogIn = Callable[..., Login]


@pytest.fixture
def log_in(
    emulator: Emulator, client_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LogIn]:
    """Signs in at the emulator with Google's own library; `act` plays the person."""
    browsers: list[Browser] = []

    def go(act: Act, **options: Any) -> Login:
        browsers.append(Browser(act))
        monkeypatch.setattr("webbrowser.get", lambda _=None: browsers[-1])
        asked: dict[str, Any] = {
            "client_secrets": client_file,
            "endpoint": emulator.root,
            "timeout": 120,
            **options,
        }
        return login_oauth(**asked)

    yield go
    for browser in browsers:
        browser.join()


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Garbage collection is off meanwhile: a text of 100,000 brackets leads to the limit of
    recursion, where any finaliser would fail."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
