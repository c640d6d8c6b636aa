"""Shared by all targets: a mutator with a seed, a clock, and the report of findings.

A target gives valid samples and a function that tries one input. Any exception of that function
except an error of ours is a finding, and so is an input that takes seconds. Inputs that end in a
new way are kept and mutated further.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError

FOLDER = Path(".fuzz")
SECONDS = 10.0
SLOW = 20.0
"""Seconds for one input that no honest parser needs, even on a busy machine."""
LONGEST = 1 << 17
"""Bytes to which an input may grow."""
EDGES = (0, 1, 2, 0x0F, 0x10, 0x20, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
NUMBERS = tuple(
    number.to_bytes(size, order)
    for size in (2, 4, 8)
    for number in (0, 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1, (1 << 8 * size) - 1)
    for order in ("little", "big")
)

_PARTICULARS = re.compile(r"\d+|'.*'|\".*\"")

Try = Callable[[bytes], object]


def fuzz(name: str, samples: Sequence[bytes], try_one: Try, arguments: list[str]) -> int:
    """Run one target as the command line asks; 1 when anything was found, else 0."""
    options = _options(name, arguments)
    if options.replay is not None:
        try_one(options.replay.read_bytes())
        return 0
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    campaign = Campaign(name, samples, try_one, seed)
    started = time.monotonic()
    campaign.run(options.seconds, inputs=options.inputs)
    took = time.monotonic() - started
    print(
        f"{campaign.tried} inputs in {took:.0f} s, {len(campaign.endings)} ways to end, "
        f"{len(campaign.findings)} findings (seed {seed})"
    )
    return 1 if campaign.findings else 0


class Campaign:
    """One target under fire.

    Attributes:
        tried: inputs so far.
        endings: the ways in which they ended, without numbers and names.
        findings: the reproducer of each way that was none of ours.
    """

    def __init__(self, name: str, samples: Sequence[bytes], try_one: Try, seed: int) -> None:
        self._name = name
        self._try = try_one
        self._corpus = list(samples)
        self._dice = random.Random(seed)
        self.tried = 0
        self.endings: set[str] = set()
        self.findings: dict[str, Path] = {}

    def run(self, seconds: float, *, inputs: int | None = None) -> None:
        """Every sample as it is, then mutants until the time is up, or until so many were tried
        however long it takes."""
        end = time.monotonic() + seconds
        for sample in list(self._corpus):
            self._one(sample)
        while time.monotonic() < end if inputs is None else self.tried < inputs:
            self._one(self.mutant())

    def mutant(self) -> bytes:
        """A sample, altered once or a few times."""
        data = bytearray(self._dice.choice(self._corpus))
        for _ in range(1 + int(self._dice.expovariate(0.6))):
            _MUTATIONS[self._dice.randrange(len(_MUTATIONS))](data, self._dice)
        if self._dice.random() < 0.1:
            data += self._dice.choice(self._corpus)[self._dice.randrange(64) :]
        return bytes(data[:LONGEST])

    def _one(self, data: bytes) -> None:
        self.tried += 1
        started = time.monotonic()
        try:
            ending = f"fine: {self._try(data)!s:.40}"
        except GdriveWaError as error:
            ending = f"{type(error).__name__}: {error.message}"
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            ending = f"{type(error).__name__} at {where.filename}:{where.lineno}"
            self._found(ending, data, traceback.format_exc())
        took = time.monotonic() - started
        if took > SLOW:
            self._found("slow", data, f"it took {took:.1f} seconds\n")
        ending = _PARTICULARS.sub("…", ending)
        if ending not in self.endings:
            self.endings.add(ending)
            self._corpus.append(data)

    def _found(self, ending: str, data: bytes, report: str) -> None:
        if ending in self.findings:
            return
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{self._name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        self.findings[ending] = path
        print(f"{report}found: {ending}", file=sys.stderr)
        print(f"again: python -m tests.fuzz {self._name} --replay {path}", file=sys.stderr)


def _options(name: str, arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz {name}")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--inputs", type=int, help="so many, however long they take")
    parser.add_argument("--seed", type=int, help="the same inputs again, as far as time goes")
    parser.add_argument("--replay", type=Path, help="try this one input, and see it fail")
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
