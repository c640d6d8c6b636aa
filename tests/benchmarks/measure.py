"""A program's time and peak memory, measured by running it as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("GDRIVE_WA_PEERS", ROOT / ".peers" / "bin"))


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: wall-clock seconds, seconds of processor time, and peak memory in MiB."""

    seconds: float
    busy: float
    peak: float


_RUNNER = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as report:
    busy = usage.ru_utime + usage.ru_stime
    json.dump([time.perf_counter() - started, busy, usage.ru_maxrss, status], report)
"""
"""A process inherits the peak memory of the one that starts it, so a lean one starts it."""


def measure(command: Sequence[str | Path]) -> Measured:
    """Run `command` to its end; it must succeed."""
    if hasattr(os, "sync"):
        os.sync()  # what an earlier run left to write shall not be this one's burden
    with tempfile.NamedTemporaryFile("r") as report:
        subprocess.run(
            [sys.executable, "-S", "-c", _RUNNER, report.name, *map(str, command)],
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        seconds, busy, peak, status = json.load(report)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return Measured(seconds, busy, peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def show(title: str, rows: Sequence[tuple[str, Measured]], *, ours: str = "gdrive-wa") -> None:
    """Print one table: every row's time, memory, and how ours compares to it."""
    own = dict(rows)[ours]
    print(f"\n{title}")
    print(f"  {'':34} {'seconds':>8} {'ours / it':>9} {'cpu s':>8} {'peak MiB':>9}")
    for name, run in rows:
        ratio = own.seconds / run.seconds
        print(f"  {name:34} {run.seconds:8.2f} {ratio:9.2f} {run.busy:8.2f} {run.peak:9.0f}")
