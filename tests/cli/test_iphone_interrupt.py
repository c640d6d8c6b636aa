"""Ctrl-C while the passphrase of a locked iPhone backup is turned into a key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped,unused-ignore]

from gdrive_wa.sources.iphone_files import VARIABLE
from tests.sources.apple import AppleBackup

PASSPHRASE = "correct horse 15550100"
ROUNDS = 1_000_000_000
"""Iterations that take a minute on a fast machine; an iPhone uses a hundredth of them."""
UNLIMITED = """
import sys
from iphone_backup_decrypt import utils
utils._MAX_DPIC_ITERATIONS = 1 << 31
from gdrive_wa.__main__ import main
sys.exit(main())
"""


def slow_backup(folder: Path) -> None:
    """A locked backup whose key takes long to derive."""
    made = AppleBackup(folder, PASSPHRASE)
    made.add("ChatStorage.sqlite", b"never read")
    properties = made.finish() / "Manifest.plist"
    raw = properties.read_bytes()
    head, number = b"DPIC\0\0\0\4", (1000).to_bytes(4, "big")
    assert head + number in raw
    properties.write_bytes(raw.replace(head + number, head + ROUNDS.to_bytes(4, "big")))


def _spent(process: psutil.Process) -> float:
    try:
        return float(process.cpu_times().user)
    except psutil.NoSuchProcess:
        return 0.0


def test_ctrl_c_is_noticed_at_once(tmp_path: Path) -> None:
    slow_backup(tmp_path / "Backup")
    process = subprocess.Popen(
        [sys.executable, "-c", UNLIMITED, "restore", "out", "--folder", "Backup"],
        cwd=tmp_path,
        env={**os.environ, VARIABLE: PASSPHRASE},
        stderr=subprocess.PIPE,
        text=True,
    )
    started = psutil.Process(process.pid)
    while process.poll() is None and _spent(started) < 3:  # all is loaded by then
        time.sleep(0.05)
    used = _spent(started)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() < begun + 30 and _spent(started) < used + 2:
        time.sleep(0.02)
    in_time = process.poll() is not None
    process.kill()
    _, said = process.communicate(timeout=60)
    assert in_time, said
    assert process.returncode == 130, said
    assert not (tmp_path / "out").exists()
