"""``gdrive-wa emulator``: a server for other commands, which leaves no files behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gdrive_wa.emulation.faults import FaultKind, parse_faults
from tests.cli.conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other words, other signals")


@contextmanager
def serving(environment: dict[str, str], scratch: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, its temporary files in `scratch`; it does not outlive the test."""
    with subprocess.Popen(
        [sys.executable, "-m", "gdrive_wa", "emulator"],
        env={**environment, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 - as a script's shell starts what it puts into the background
    ) as emulator:
        try:
            yield emulator
        finally:
            emulator.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_its_output_is_all_that_other_commands_need_and_it_leaves_nothing(
    ending: signal.Signals, run: Run, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    scratch = tmp_path / "my temporary files"
    scratch.mkdir()
    with serving(clean_environment, scratch) as emulator:
        assert emulator.stdout is not None
        lines = [shlex.split(emulator.stdout.readline()) for _ in range(3)]
        assert {word for word, _ in lines} == {"export"}
        settings = dict(setting.split("=", 1) for _, setting in lines)
        opened = run("key", "check", env=settings)
        emulator.send_signal(ending)
        _, said = emulator.communicate(timeout=120)
    assert opened.returncode == 0, opened.stderr
    assert emulator.returncode == 130
    assert said.splitlines()[-1] == "error: the emulator was stopped"
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_stopped_as_soon_as_its_lines_are_printed(
    ending: signal.Signals, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    """Even while it is still printing the other lines, which this test reads only afterwards."""
    with serving(clean_environment, tmp_path) as emulator:
        assert emulator.stdout is not None
        for _ in range(3):
            assert emulator.stdout.readline()
        emulator.send_signal(ending)
        _, said = emulator.communicate(timeout=120)
    assert emulator.returncode == 130
    assert said.splitlines()[-1] == "error: the emulator was stopped"
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_an_account(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ended = run("emulator", "--account", "file")
    assert ended.returncode == 2
    assert "account.json" in ended.stderr


def test_the_help_shows_a_file_of_faults_that_works(run: Run) -> None:
    shown = run("emulator", "--help").stdout
    example = re.search(r"\{.*\}\]\}", shown, re.DOTALL)
    assert example
    assert parse_faults(json.loads(example[0])).rules
    words = set(re.findall(r"[a-z-]+", shown))
    assert words >= set(FaultKind)
