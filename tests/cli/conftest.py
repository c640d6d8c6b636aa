"""The command line as users run it: a process of its own, against the emulator."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests import forked

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clean_environment(tmp_path: Path) -> dict[str, str]:
    """This machine's environment without anything of ours in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GDRIVE_WA", "COV_"))}
    return {
        **kept,
        "GDRIVE_WA_CONFIG": str(tmp_path / "config"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "TZ": "Europe/Berlin",
    }


@pytest.fixture
def run(clean_environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs a command and returns its output."""

    def go(
        *arguments: str | Path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return forked.run(arguments, env={**clean_environment, **(env or {})}, cwd=tmp_path)

    return go


@pytest.fixture
def signed_in(emulator: Emulator, sample: SampleAccount) -> dict[str, str]:
    """The environment with the emulator's address and a token for it."""
    return {
        "GDRIVE_WA_ENDPOINT": emulator.root,
        "GDRIVE_WA_ACCESS_TOKEN": sample.token.reveal(),
    }


@pytest.fixture
def with_key(signed_in: dict[str, str], sample: SampleAccount) -> dict[str, str]:
    """The same, and the key."""
    return {**signed_in, "GDRIVE_WA_KEY_FILE": str(sample.key_file)}
