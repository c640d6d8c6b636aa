"""Runs a command whose temporary files lie in memory, where there are gigabytes of it.

``python -m tests.memory COMMAND …``: the tests flush thousands of small files to the disk, and on
a disk they wait for it longer than they compute. Without such memory the command runs as usual.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 6 << 30
"""Free bytes; the tests use about a quarter of it."""


def room_in(memory: Path, enough: int = ENOUGH) -> bool:
    """Whether a folder is held in memory, has that many bytes free, and can hold programs."""
    if not hasattr(os, "ST_NOEXEC") or not memory.is_dir():
        return False
    state = os.statvfs(memory)
    return state.f_bavail * state.f_frsize >= enough and not state.f_flag & os.ST_NOEXEC


def run(command: list[str], memory: Path = MEMORY, enough: int = ENOUGH) -> int:
    """The exit code of the command. Its temporary files are removed when it ends."""
    if not room_in(memory, enough):
        return subprocess.run(command, check=False).returncode
    folder = Path(tempfile.mkdtemp(prefix="tests-", dir=memory))
    folder.chmod(0o1777)  # some tests run as another user
    try:
        env = os.environ | {"TMPDIR": str(folder)}
        return subprocess.run(command, env=env, check=False).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
