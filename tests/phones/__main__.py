"""Builds a generated phone in a folder to look at, or tries many.

python -m tests.phones SEED FOLDER [--traits NAME,NAME]    build one, and restore it
python -m tests.phones FIRST-LAST                          try many, and shrink the faulty ones
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tests.phones.check import faults_of
from tests.phones.folder import known_notes, write_phone
from tests.phones.generator import make_phone, seed_faults, shrink
from tests.phones.model import Phone


def main() -> int:
    """Run the command line; 1 when a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.phones", description=__doc__)
    parser.add_argument("seed", help="one number, or a range such as 0-999")
    parser.add_argument("folder", nargs="?", type=Path, help="where to build the phone")
    parser.add_argument("--traits", help="these only, separated by commas")
    given = parser.parse_args()
    first, _, last = given.seed.partition("-")
    if last:
        return int(try_many(range(int(first), int(last) + 1)))
    if given.folder is None:
        parser.error("a folder is needed for one phone")
    traits = None if given.traits is None else given.traits.split(",")
    phone = make_phone(int(first), traits)
    write_phone(phone, given.folder / "phone")
    describe(phone)
    faults = faults_of(phone, given.folder / "phone", given.folder / "archive")
    print(*faults or ["no fault"], sep="\n")
    return int(bool(faults))


def describe(phone: Phone) -> None:
    """Print the truth."""
    print(f"traits: {','.join(phone.traits)}")
    for note in sorted(phone.notes, key=lambda note: note.sent_at):
        known = note.status if note in known_notes(phone) else "unknown"
        sender = note.sender.shown if note.sender else phone.owner_name if note.from_me else "-"
        print(f"{note.message_id} {note.sent_at} {known:8} {note.chat.shown!r} {sender!r}")
        print(f"    row {note.row_path}, file {note.path}")


def try_many(seeds: range) -> bool:
    """Print the traits that show a fault, each set once; True when there is one."""
    shown: set[tuple[str, ...]] = set()
    faulty, begun = 0, time.monotonic()
    for seed in seeds:
        if not seed_faults(seed):
            continue
        faulty += 1
        traits, faults = shrink(seed)
        if traits not in shown:
            shown.add(traits)
            print(f"{seed} --traits {','.join(traits)}", *faults[:5], sep="\n    ", flush=True)
    print(f"{faulty} of {len(seeds)} phones, {time.monotonic() - begun:.0f} s")
    return faulty > 0


if __name__ == "__main__":
    raise SystemExit(main())
