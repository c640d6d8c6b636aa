"""Temporary files of the tests, in memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.memory import run

pytestmark = pytest.mark.skipif(not hasattr(os, "ST_NOEXEC"), reason="asks the disk what it allows")

WRITES = """import pathlib, sys, tempfile
folder = pathlib.Path(tempfile.mkdtemp())
pathlib.Path(sys.argv[1]).write_text(str(folder.parent))
sys.exit(7)
"""


def place_of_temporary_files(tmp_path: Path, *, enough: int) -> Path:
    memory, told = tmp_path / "memory", tmp_path / "place"
    memory.mkdir()
    assert run([sys.executable, "-c", WRITES, str(told)], memory, enough) == 7
    assert list(memory.iterdir()) == []
    return Path(told.read_text())


def test_they_are_there_while_the_command_runs(tmp_path: Path) -> None:
    assert place_of_temporary_files(tmp_path, enough=1).parent == tmp_path / "memory"


def test_they_are_where_they_always_are_if_it_is_too_small(tmp_path: Path) -> None:
    place = place_of_temporary_files(tmp_path, enough=1 << 62)
    assert tmp_path / "memory" not in place.parents
