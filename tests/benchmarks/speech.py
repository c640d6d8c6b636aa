"""Accuracy, speed and memory of the speech models on the sample's recordings.

python -m tests.benchmarks speech
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import av

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.emulation.story import Recording, read_recordings
from gdrive_wa.jobs.restore import restore
from tests.benchmarks.measure import OURS, PEERS, measure
from tests.benchmarks.table import BUDGET, Reach, Row, print_budget
from tests.benchmarks.workspace import parse, workspace

MODELS = {"tiny.en": 0.25, "base": 0.2}
"""Each model, and the share of words that it may get wrong."""
_SONG = "song"
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    spoken = {name: each for name, each in read_recordings().items() if name != _SONG}
    with workspace(parse(arguments)) as work:
        phone, archive = work.folder / "phone", work.folder / "archive"
        _fill(phone, spoken)
        restore(phone, archive)
        seconds = sum(map(_seconds, phone.rglob("*.opus")))
        for model, limit in MODELS.items():
            folder = PEERS.parent / "models" / model
            run = measure((*OURS, "transcribe", archive, "--model", folder, "--language", "en"))
            wrong = _errors(archive, spoken)
            peak = run.largest
            speed = Reach(wall=0.25, cpu=2 * 0.25, memory=400)  # on two cores
            errors = Reach(wall=limit)
            BUDGET.append(
                Row(
                    f"transcribe with {model}",
                    "what it lasts",
                    run.seconds / seconds,
                    run.busy / seconds,
                    peak,
                    speed,
                )
            )
            BUDGET.append(
                Row(f"words that {model} gets wrong", "all words", wrong, None, peak, errors)
            )


def _fill(phone: Path, spoken: dict[str, Recording]) -> None:
    folder = phone / "Media" / "WhatsApp Voice Notes" / "202501"
    folder.mkdir(parents=True)
    for name, recording in spoken.items():
        (folder / f"PTT-{name}.opus").write_bytes(recording.audio)


def _seconds(path: Path) -> float:
    with av.open(path) as recording:
        return (recording.duration or 0) / av.time_base


def _errors(archive: Path, spoken: dict[str, Recording]) -> float:
    """Word error rate: words to change, add or remove, as a share of the spoken words."""
    wrong = total = 0
    for note in open_archive(archive).notes():
        name = Path(note.whatsapp_path or "").stem.removeprefix("PTT-")
        truth, heard = words_of(spoken[name].words), words_of(note.transcript or "")
        wrong += distance(truth, heard)
        total += len(truth)
    return wrong / total


def words_of(text: str) -> list[str]:
    """The words of a text without case and punctuation, numbers below 100 spelled out."""
    words: list[str] = []
    for word in re.findall(r"[\w']+", text.lower()):
        words += _spelled(int(word)) if word.isdecimal() and int(word) < 100 else [word]
    return words


def _spelled(number: int) -> list[str]:
    if number < 20:
        return [_ONES[number]]
    ones = [_ONES[number % 10]] if number % 10 else []
    return [_TENS[number // 10 - 2], *ones]


def distance(truth: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to change, add or remove."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(truth, 1):
        previous, row[0] = row[0], number
        for at, other in enumerate(heard, 1):
            best = min(previous + (word != other), row[at] + 1, row[at - 1] + 1)
            previous, row[at] = row[at], best
    return row[-1]


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
    print_budget()
