"""A program's time and peak memory, measured by running it as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("GDRIVE_WA_PEERS", ROOT / ".peers" / "bin"))
OURS = (sys.executable, "-m", "gdrive_wa")
"""The command line of this package."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a program.

    Attributes:
        seconds: wall-clock time.
        busy: seconds of processor time, its child processes included.
        peak: MiB of memory at most: of its largest process, or of all its processes together,
            whichever is more.
        largest: MiB of its largest process alone.
    """

    seconds: float
    busy: float
    peak: float
    largest: float


_RUNNER = """
import glob, json, os, subprocess, sys, threading, time

most, ended = 0, threading.Event()

def family(number):
    yield number
    for name in glob.glob(f"/proc/{number}/task/*/children"):
        try:
            children = open(name).read().split()
        except OSError:
            continue
        for child in children:
            yield from family(child)

def memory(number):
    try:
        for line in open(f"/proc/{number}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0

def watch(number):
    global most
    while not ended.wait(0.1):
        most = max(most, sum(memory(each) for each in family(number)))

started = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
if os.path.exists("/proc/self/smaps_rollup"):
    threading.Thread(target=watch, args=(process.pid,), daemon=True).start()
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
ended.set()
with open(sys.argv[1], "w") as report:
    busy = usage.ru_utime + usage.ru_stime
    json.dump([seconds, busy, usage.ru_maxrss, most, status], report)
"""
"""A process inherits the peak memory of the one that starts it, so a lean one starts it.

The kernel knows the peak of each process; what all of them hold together is looked up ten times
a second, where /proc has it.
"""


def _environment() -> dict[str, str]:
    """The environment of a measured program, as it is now: a token may have been set."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


@cache
def _compile() -> None:
    """Compile this package, as an installer does; peers were compiled when they were installed."""
    command = (sys.executable, "-m", "compileall", "-q", ROOT / "gdrive_wa")
    subprocess.run(command, check=True, env=_environment())


def measure(command: Sequence[str | Path]) -> Measured:
    """Run `command` to its end; it must succeed."""
    if hasattr(os, "sync"):
        os.sync()  # flush the writes of earlier runs before measuring
    _compile()
    with tempfile.NamedTemporaryFile("r") as report:
        subprocess.run(
            [sys.executable, "-S", "-c", _RUNNER, report.name, *map(str, command)],
            check=True,
            env=_environment(),
        )
        seconds, busy, largest, together, status = json.load(report)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    largest /= 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Measured(seconds, busy, max(largest, together / 1024), largest)


def show(title: str, rows: Sequence[tuple[str, Measured]], *, ours: str = "gdrive-wa") -> None:
    """Print one table: every row's time, memory, and how ours compares to it."""
    own = dict(rows)[ours]
    print(f"\n{title}")
    print(f"  {'':34} {'seconds':>8} {'ours / it':>9} {'cpu s':>8} {'ours / it':>9} {'MiB':>6}")
    for name, run in rows:
        wall, busy = own.seconds / run.seconds, own.busy / max(run.busy, 0.001)
        print(
            f"  {name:34} {run.seconds:8.2f} {wall:9.2f} {run.busy:8.2f} {busy:9.2f}"
            f" {run.peak:6.0f}",
            flush=True,
        )
