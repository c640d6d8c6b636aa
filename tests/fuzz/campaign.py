"""Shared by all targets: samples, a mutator with a seed, and the loop that tries inputs.

A target gives valid samples and a function that tries one input; :mod:`tests.fuzz.trial` decides
what a finding is. Here, inputs are altered at random, and those that end in a new way are kept and
altered further. In :mod:`tests.fuzz.guided`, coverage decides instead.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.trial import Trial, Try

SECONDS = 10.0
CORPUS = Path(__file__).parent / "corpus"
"""Inputs that reach what the samples do not: found by :mod:`tests.fuzz.guided`, kept for ever."""
LONGEST = 1 << 17
"""Bytes to which an input may grow."""
EDGES = (0, 1, 2, 0x0F, 0x10, 0x20, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
NUMBERS = tuple(
    number.to_bytes(size, order)
    for size in (2, 4, 8)
    for number in (0, 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1, (1 << 8 * size) - 1)
    for order in ("little", "big")
)


def fuzz(name: str, samples: Sequence[bytes], try_one: Try, arguments: list[str]) -> int:
    """Run one target as the command line asks; 1 when anything was found, else 0."""
    options = _options(name, arguments)
    trial = Trial(name, try_one)
    if options.replay is not None:
        try_one(options.replay.read_bytes())
        return 0
    inputs = [*samples, *(path.read_bytes() for path in kept_inputs(name))]
    if options.guided is not None:
        from tests.fuzz.guided import run_guided  # noqa: PLC0415 - needs atheris

        run_guided(trial, inputs, options.guided, options.seconds)
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    campaign = Campaign(trial, inputs, seed)
    started = time.monotonic()
    campaign.run(options.seconds, inputs=options.inputs)
    print(f"{trial.summary(time.monotonic() - started)} (seed {seed})")
    return 1 if trial.findings else 0


def kept_inputs(name: str) -> list[Path]:
    """The files of the corpus of the target `name`."""
    folder = CORPUS / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


class Campaign:
    """One target under fire at random.

    Args:
        trial: tries each input.
        samples: to begin with.
        seed: decides all alterations.
    """

    def __init__(self, trial: Trial, samples: Sequence[bytes], seed: int) -> None:
        self._trial = trial
        self._corpus = list(samples)
        self._dice = random.Random(seed)

    def run(self, seconds: float, *, inputs: int | None = None) -> None:
        """Every sample as it is, then mutants until the time is up, or until so many were tried
        however long it takes."""
        end = time.monotonic() + seconds
        for sample in list(self._corpus):
            self._one(sample)
        while time.monotonic() < end if inputs is None else self._trial.tried < inputs:
            self._one(self.mutant())

    def mutant(self) -> bytes:
        """A sample, altered once or a few times."""
        data = altered(self._dice.choice(self._corpus), self._dice)
        if self._dice.random() < 0.1:
            data += self._dice.choice(self._corpus)[self._dice.randrange(64) :]
        return data[:LONGEST]

    def _one(self, data: bytes) -> None:
        if self._trial.one(data):
            self._corpus.append(data)


def altered(sample: bytes, dice: random.Random) -> bytes:
    """`sample`, altered once or a few times."""
    data = bytearray(sample)
    for _ in range(1 + int(dice.expovariate(0.6))):
        _MUTATIONS[dice.randrange(len(_MUTATIONS))](data, dice)
    return bytes(data)


def _options(name: str, arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz {name}")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--inputs", type=int, help="so many, however long they take")
    parser.add_argument("--seed", type=int, help="the same inputs again, as far as time goes")
    parser.add_argument("--replay", type=Path, help="try this one input, and see it fail")
    parser.add_argument("--guided", type=Path, help=argparse.SUPPRESS)  # by tests.fuzz.guided
    return parser.parse_args(arguments)


def _place(data: bytearray, dice: random.Random) -> int:
    """Somewhere; as often near the start, where headers are, as anywhere."""
    reach = len(data) if dice.random() < 0.5 else min(len(data), 96)
    return dice.randrange(reach) if reach else 0


def _flip(data: bytearray, dice: random.Random) -> None:
    if data:
        data[_place(data, dice)] ^= 1 << dice.randrange(8)


def _set(data: bytearray, dice: random.Random) -> None:
    if data:
        data[_place(data, dice)] = dice.choice(EDGES)


def _number(data: bytearray, dice: random.Random) -> None:
    at, number = _place(data, dice), dice.choice(NUMBERS)
    data[at : at + len(number)] = number


def _insert(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    data[at:at] = dice.randbytes(dice.randrange(1, 9))


def _repeat(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    data[at:at] = data[at : at + dice.randrange(1, 64)] * dice.choice((1, 2, 60))


def _remove(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    del data[at : at + dice.randrange(1, 64)]


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[_place(data, dice) :]


def _swap(data: bytearray, dice: random.Random) -> None:
    one, other, size = _place(data, dice), _place(data, dice), dice.randrange(1, 17)
    data[one : one + size], data[other : other + size] = (
        data[other : other + size],
        data[one : one + size],
    )


_MUTATIONS = (_flip, _set, _number, _insert, _repeat, _remove, _cut, _swap)
