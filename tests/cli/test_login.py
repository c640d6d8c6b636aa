"""Signing in at the terminal: the real flow of Google's library, against the emulator."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gdrive_wa.emulator.sample import SampleAccount
from gdrive_wa.emulator.server import Emulator
from tests.cli.conftest import Run


@pytest.fixture
def consenting(sample: SampleAccount) -> Iterator[Emulator]:
    with Emulator(sample.folder, auto_consent=True) as running:
        yield running


@pytest.fixture
def client_file(consenting: Emulator, tmp_path: Path) -> Path:
    path = tmp_path / "client_secrets.json"
    path.write_text(json.dumps(consenting.client_config()))
    return path


def log_in(
    environment: dict[str, str], client_file: Path, emulator: Emulator, *more: str
) -> tuple[int, str]:
    """Run ``login --no-browser``, and visit the address it shows."""
    process = subprocess.Popen(
        [
            sys.executable, "-u", "-m", "gdrive_wa", "login", "--no-browser",
            "--client-secrets", str(client_file), "--endpoint", emulator.root, *more,
        ],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        match = re.search(r"(http://\S+/auth\?\S+)", line)
        if match:
            threading.Thread(target=requests.get, args=(match[1],), kwargs={"timeout": 20}).start()
            break
    rest, trouble = process.communicate(timeout=60)
    assert rest == ""
    return process.returncode, said + trouble


def test_login_whoami_use_logout(
    run: Run,
    clean_environment: dict[str, str],
    client_file: Path,
    consenting: Emulator,
    sample: SampleAccount,
    tmp_path: Path,
) -> None:
    code, said = log_in(clean_environment, client_file, consenting)
    assert code == 0, said
    assert f"signed in as {sample.email}" in said
    assert "no keyring" in said
    who = json.loads(run("whoami", "--json").stdout)
    assert who["account"] == sample.email
    assert who["provider"] == "oauth"
    (kept,) = (tmp_path / "config" / "logins").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o700
    listed = run("backups", "--json", "--endpoint", consenting.root)
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)[0]["account"] == "15550100"
    assert run("logout", "--endpoint", consenting.root).returncode == 0
    assert not kept.exists()
    assert run("whoami").returncode == 3


def test_nobody_answers_in_time(
    clean_environment: dict[str, str], client_file: Path, consenting: Emulator
) -> None:
    ended = subprocess.run(
        [
            sys.executable, "-m", "gdrive_wa", "login", "--no-browser", "--timeout", "1",
            "--client-secrets", str(client_file), "--endpoint", consenting.root,
        ],
        env=clean_environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "within 1 seconds" in ended.stderr


def test_without_a_client_file(run: Run) -> None:
    ended = run("login")
    assert ended.returncode == 2
    assert "--client-secrets" in ended.stderr
