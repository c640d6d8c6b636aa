"""The folder of a benchmark's files, and the options of all benchmarks."""

from __future__ import annotations

import argparse
import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MEMORY = Path("/dev/shm")
_ENOUGH = 5 << 30
_ENOUGH_FOR_HUGE = 18 << 30
"""Bytes that a run needs at most."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a benchmark is run.

    Attributes:
        quick: with a tenth of everything.
        huge: with a file of 4 GB too.
        folder: where files are written, by the user's choice.
    """

    quick: bool
    huge: bool
    folder: Path | None

    def few(self, count: int) -> int:
        """`count`, or a tenth of it in a quick run."""
        return count // 10 if self.quick else count


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that is removed in the end.

    Attributes:
        folder: empty at first.
        in_memory: whether it lies in memory.
    """

    folder: Path
    in_memory: bool

    def drop(self, *paths: Path) -> None:
        """Remove what is no longer needed, where this costs the next measurement nothing.

        On a disk everything stays to the end: for a minute after files were deleted, ext4 makes
        new ones more slowly, for everybody alike.
        """
        if self.in_memory:
            for path in paths:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def parse(arguments: Sequence[str]) -> Options:
    """The options that are known; others are let pass."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--huge", action="store_true")
    parser.add_argument("--folder", type=Path)
    chosen, _ = parser.parse_known_args(arguments)
    return Options(chosen.quick, chosen.huge, chosen.folder)


@contextmanager
def workspace(options: Options) -> Iterator[Workspace]:
    """A folder in memory if there is enough, else a temporary one; or below ``--folder``."""
    home = options.folder or _home(options)
    in_memory = home == MEMORY
    folder = Path(tempfile.mkdtemp(prefix="gdrive-wa-bench-", dir=home))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        yield Workspace(folder, in_memory)
    finally:
        if in_memory:
            shutil.rmtree(folder, ignore_errors=True)


def _home(options: Options) -> Path | None:
    needed = _ENOUGH_FOR_HUGE if options.huge else _ENOUGH
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > needed:
        return MEMORY
    return None
