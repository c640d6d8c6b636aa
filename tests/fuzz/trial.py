"""Tries one input after another, and keeps what is a finding.

Whatever a target raises beside an error of ours is a finding, and so is an input that takes many
seconds or hundreds of megabytes.
"""

from __future__ import annotations

import faulthandler
import hashlib
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError
from tests.fuzz import FOLDER

SLOW = 20.0
"""Seconds of processor time for one input that no honest parser needs."""
HANGS = 100.0
"""Seconds after which an input is taken for one that never ends."""
MUCH = 300 << 20
"""Bytes of memory likewise."""

_PARTICULARS = re.compile(r"\d+|'.*'|\".*\"")

Try = Callable[[bytes], object]


class Trial:
    """What happened to the inputs of one target.

    Attributes:
        name: of the target.
        tried: inputs so far.
        endings: the ways in which they ended, numbers and names apart.
        findings: the reproducer of each way that was none of ours.
    """

    def __init__(self, name: str, try_one: Try) -> None:
        self.name = name
        self._try = try_one
        self._most = peak_memory()
        self._current = b""
        self.tried = 0
        self.endings: set[str] = set()
        self.findings: dict[str, Path] = {}

    def one(self, data: bytes) -> bool:
        """Try one input; True if it ends in a way not seen before."""
        self.tried += 1
        self._current = data
        started = time.process_time()
        try:
            ending = f"fine: {self._try(data)!s:.40}"
        except GdriveWaError as error:
            ending = f"{type(error).__name__}: {error.message}"
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            ending = f"{type(error).__name__} at {where.filename}:{where.lineno}"
            self._found(ending, data, traceback.format_exc())
        self._weigh(data, time.process_time() - started)
        ending = _PARTICULARS.sub("…", ending)
        new = ending not in self.endings
        self.endings.add(ending)
        return new

    def watch(self) -> None:
        """From now on, end the process with a report when one input takes too long."""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        seen = -1
        while seen != self.tried:
            seen = self.tried
            time.sleep(HANGS)
        self._found("hang", self._current, "")
        faulthandler.dump_traceback(all_threads=True)
        os._exit(1)

    def summary(self, seconds: float) -> str:
        """What came of it, in a line."""
        return (
            f"{self.tried} inputs in {seconds:.0f} s, {len(self.endings)} ways to end, "
            f"{len(self.findings)} findings"
        )

    def _weigh(self, data: bytes, took: float) -> None:
        if took > SLOW:
            self._found("slow", data, f"it took {took:.1f} seconds of processor time\n")
        most = peak_memory()
        if most - self._most > MUCH:
            self._found("memory", data, f"it took {(most - self._most) >> 20} MiB of memory\n")
        self._most = most

    def _found(self, ending: str, data: bytes, report: str) -> None:
        if ending in self.findings:
            return
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{self.name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        self.findings[ending] = path
        print(f"{report}found: {ending}", file=sys.stderr)
        print(
            f"again: python -m tests.fuzz {self.name} --replay {path}", file=sys.stderr, flush=True
        )


def peak_memory() -> int:
    """The most bytes of memory that this process has had; 0 where the system does not say."""
    try:
        import resource  # noqa: PLC0415 - Unix only
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
