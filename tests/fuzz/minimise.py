"""Keeps the few inputs of a long run that reach what the samples do not.

    python -m tests.fuzz.minimise TARGET …

takes those below ``.fuzz/corpus``, the small ones first, and copies to ``tests/fuzz/corpus`` each
that runs a line of the package that no input before it has run.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Self

import gdrive_wa
from tests.fuzz import FOLDER
from tests.fuzz.campaign import CORPUS, kept_inputs
from tests.fuzz.trial import Trial

LONGEST = 3000
"""Bytes of an input that is kept."""
MOST_TRIED = 800
MOST_KEPT = 40
_PACKAGE = str(Path(gdrive_wa.__file__).parent)


class Lines:
    """The lines of the package that were run while it was active. A context manager."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()

    def __enter__(self) -> Self:
        sys.settrace(self._call)
        threading.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _call(self, frame: FrameType, _event: str, _value: object) -> Any:
        return self._line if frame.f_code.co_filename.startswith(_PACKAGE) else None

    def _line(self, frame: FrameType, event: str, _value: object) -> Any:
        if event == "line":
            self.seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def minimise(target: str) -> int:
    """Copy the inputs that count; how many."""
    trial = Trial(target, import_module(f"tests.fuzz.{target}").try_one)
    found = list((FOLDER / "corpus" / target).iterdir())
    found.sort(key=lambda path: (path.stat().st_size, path.name))
    known: set[tuple[str, int]] = set()
    for path in kept_inputs(target):
        known |= _lines_of(trial, path.read_bytes())
    kept = 0
    for path in found[:MOST_TRIED]:
        content = path.read_bytes()
        if len(content) > LONGEST or kept == MOST_KEPT:
            break
        lines = _lines_of(trial, content)
        if lines <= known:
            continue
        known |= lines
        kept += 1
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(content).hexdigest()[:12]).write_bytes(content)
    return kept


def _lines_of(trial: Trial, content: bytes) -> set[tuple[str, int]]:
    with Lines() as lines:
        trial.one(content)
    return lines.seen


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {minimise(name)}", flush=True)
