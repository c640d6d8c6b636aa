"""Coverage-guided fuzzing: libFuzzer, by atheris, decides by what each input reaches in the code.

libFuzzer ends its process, so each target has one of its own, and a new one after a crash::

    python -m tests.fuzz.guided MODULE FOLDER SECONDS

tries the target MODULE in this process and keeps in FOLDER each input that reaches something new.
"""

from __future__ import annotations

import hashlib
import random
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz import FOLDER

if TYPE_CHECKING:  # the package is imported once it can be instrumented
    from tests.fuzz.trial import Trial

_LONGEST = 1 << 16
"""Bytes to which libFuzzer lets an input grow."""
_TIMEOUT = 120
"""Seconds after which libFuzzer ends the process: for what hangs and cannot be measured."""
_MEMORY_MB = 2500
_GRACE = 60.0
_COUNT = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_LIBFUZZERS = (
    "#",
    "INFO:",
    "WARNING:",
    "stat::",
    "Done ",
    "\t",
    '"',
    "NEW_",
    "This may",
    "Instrum",
)
_FINDINGS = re.compile(r"^found: .*", re.MULTILINE)


def can_guide() -> bool:
    """True if atheris is installed."""
    return find_spec("atheris") is not None


def fuzz_guided(target: str, seconds: float, *, module: str | None = None) -> int:
    """Fuzz one target for so long, in processes of its own; 1 when anything was found.

    Args:
        target: its name.
        seconds: for how long.
        module: that has its ``main``; by default the one of that name here.
    """
    began, tried, found = time.monotonic(), 0, set[str]()
    while (left := seconds - (time.monotonic() - began)) >= 1:
        code, said = _run(module or f"tests.fuzz.{target}", _folder(target), left)
        tried += sum(map(int, _COUNT.findall(said)))
        found.update(_FINDINGS.findall(said))
        sys.stderr.write("".join(_told(said)))
        if code not in (0, None):
            found.add(f"{target} ended with {code}")
            sys.stderr.write(said[-3000:])
            if time.monotonic() - began < 5:
                break
    took = time.monotonic() - began
    print(f"{tried} inputs in {took:.0f} s, guided, {len(found)} findings", flush=True)
    return 1 if found else 0


def _run(module: str, folder: Path, seconds: float) -> tuple[int | None, str]:
    """One process; its exit code (None after a timeout), and what it said."""
    words = [sys.executable, "-m", "tests.fuzz.guided", module, str(folder), str(seconds)]
    try:
        done = subprocess.run(
            words, stderr=subprocess.PIPE, timeout=seconds + _GRACE, check=False, text=True,
            errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = error.stderr or b""
        return None, str(said, "utf-8", "replace")
    return done.returncode, done.stderr


def _folder(target: str) -> Path:
    folder = FOLDER / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _told(said: str) -> list[str]:
    """What is not libFuzzer's own talk."""
    lines = said.splitlines(keepends=True)
    return [line for line in lines if not line.startswith(_LIBFUZZERS)]


def run_guided(trial: Trial, samples: Sequence[bytes], folder: Path, seconds: float) -> None:
    """Fuzz in this process, which libFuzzer ends."""
    import atheris  # noqa: PLC0415 - not everywhere

    from tests.fuzz.campaign import altered  # noqa: PLC0415 - it imports this

    for sample in samples:
        (folder / hashlib.sha1(sample, usedforsecurity=False).hexdigest()).write_bytes(sample)

    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if data and dice.random() < 0.5:
            return altered(data, dice)[:longest]
        return bytes(atheris.Mutate(data, longest))

    longest = max(_LONGEST, *map(len, samples))
    options = [
        f"-max_total_time={max(1, int(seconds))}",
        f"-max_len={longest}",
        f"-timeout={_TIMEOUT}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-artifact_prefix={FOLDER}/{trial.name}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]

    def one(data: bytes) -> None:
        trial.one(data)

    trial.watch()
    atheris.Setup([sys.argv[0], *options, str(folder)], one, custom_mutator=mutated)
    atheris.Fuzz()


def _in_this_process(module: str, folder: str, seconds: str) -> int:
    import atheris  # noqa: PLC0415 - not everywhere

    with atheris.instrument_imports(include=["gdrive_wa", module]):
        target = import_module(module)
        return int(target.main(["--guided", folder, "--seconds", seconds]))


if __name__ == "__main__":
    sys.exit(_in_this_process(*sys.argv[1:]))
