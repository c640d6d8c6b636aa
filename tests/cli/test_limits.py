"""Commands with little memory, few open files, or no threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gdrive_wa.emulation.sample import SampleAccount

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits as of Linux")

LIMITED = """
import resource, sys
limit = getattr(resource, sys.argv.pop(1))
most = int(sys.argv.pop(1))
resource.setrlimit(limit, (most, most))
from gdrive_wa.__main__ import main
sys.exit(main())
"""
WITHOUT_THREADS = """
import os, sys, threading
import _posixsubprocess, subprocess
def refuse(*_, **__):
    raise BlockingIOError(11, "Resource temporarily unavailable")
def start(_self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
os.fork = _posixsubprocess.fork_exec = subprocess._fork_exec = refuse
from gdrive_wa.__main__ import main
sys.exit(main())
"""


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def restore(sample: SampleAccount, dest: Path) -> list[str | Path]:
    backup = sample.folder / "backup"
    return ["restore", dest, "--folder", backup, "--key-file", sample.key_file]


def test_600_mb_are_enough(sample: SampleAccount, tmp_path: Path) -> None:
    for most in ("600000000", "400000000"):
        done = run(LIMITED, "RLIMIT_AS", most, *restore(sample, tmp_path / most))
        assert done.returncode == 0, done.stderr


def test_threads_are_not_needed(sample: SampleAccount, tmp_path: Path) -> None:
    done = run(WITHOUT_THREADS, *restore(sample, tmp_path / "dest"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("most", [6, 8, 10, 12, 16, 24])
def test_few_open_files_are_enough_or_reported(
    sample: SampleAccount, tmp_path: Path, most: int
) -> None:
    done = run(LIMITED, "RLIMIT_NOFILE", str(most), *restore(sample, tmp_path / "dest"))
    assert "in gdrive-wa itself" not in done.stderr
    if done.returncode:
        assert done.returncode == 1
        assert "too many open files" in done.stderr
        assert "hint: allow more" in done.stderr


def test_too_little_memory_is_reported(sample: SampleAccount, tmp_path: Path) -> None:
    for most in (100_000_000, 130_000_000, 160_000_000):
        dest = tmp_path / str(most)
        done = run(LIMITED, "RLIMIT_AS", str(most), *restore(sample, dest))
        assert "in gdrive-wa itself" not in done.stderr, done.stderr
