"""The main job, from a folder on this machine to a finished archive.

    python -m tests.benchmarks restore [--quick] [--folder FOLDER]

Compared with ``wabdd decrypt`` of the same dump, which only decrypts and verifies nothing; against
``cp -r`` where nothing is encrypted; and against itself with a quarter of the notes, and when it is
run again with nothing new.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measure import OURS, PEERS, Measured, measure, show
from tests.benchmarks.phone import make_plain, make_sealed, write_digits
from tests.benchmarks.table import Reach, compare, print_budget
from tests.benchmarks.workspace import Options, Workspace, parse, workspace

NOTES = 4_700
MANY = 20_000
COPIES = 7
INCREMENTS = 3


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    options = parse(arguments)
    with workspace(options) as work:
        _sealed(work, options.few(NOTES))
        _plain(work, options.few(NOTES))
        _growth(work, options)


def phone(work: Workspace, options: Options) -> None:
    """A whole phone, with dated copies and increments, beside the same one without."""
    count, digits, runs = options.few(MANY), write_digits(work.folder), {}
    for copies, increments in ((0, 0), (COPIES, INCREMENTS)):
        account, archive = work.folder / f"phone-{copies}", work.folder / f"phone-{copies}-out"
        dump = make_sealed(account, count, sidecars=True, copies=copies, increments=increments)
        runs[copies] = restore(dump, archive, key=digits)
        work.drop(account, archive)
    title = f"restore {count} notes, {COPIES} dated copies, {INCREMENTS} increments"
    rows = [("gdrive-wa", runs[COPIES]), ("the same without copies", runs[0])]
    compare(title, runs[COPIES], "without copies", runs[0], Reach(cpu=1.5))
    show(title, rows)


def restore(dump: Path, archive: Path, *, key: Path | None = None) -> Measured:
    """Restore the folder `dump`; every note must have come out."""
    given = ("--key-file", key) if key else ()
    run = measure((*OURS, "restore", archive, "--folder", dump, *given))
    notes = json.loads((archive / "voice-notes.json").read_bytes())
    found = sum(note["status"] == "restored" for note in notes)
    if not notes or found != len(notes) or len(notes) != _notes_of(dump):
        raise SystemExit(f"restored {found} of {len(notes)} notes")
    return run


def _notes_of(dump: Path) -> int:
    return sum(path.suffix in (".mcrypt1", ".opus") for path in dump.rglob("*"))


def _sealed(work: Workspace, count: int) -> None:
    account, archive, out = work.folder / "sealed", work.folder / "archive", work.folder / "wabdd"
    dump, digits = make_sealed(account, count, sidecars=True), write_digits(work.folder)
    title = f"restore {count} encrypted notes of 40 KB from a folder"
    rows = [("gdrive-wa", restore(dump, archive, key=digits))]
    wabdd = PEERS / "wabdd"
    if wabdd.exists():
        command = (wabdd, "decrypt", "--key-file", digits, "dump", dump, "--output", out)
        rows.append(("wabdd decrypt", measure(command)))
        compare(title, rows[0][1], "wabdd decrypt", rows[1][1], Reach(wall=0.5, cpu=0.8))
    show(title, rows)
    work.drop(account, archive, out)


def _plain(work: Workspace, count: int) -> None:
    phone, archive, copy = work.folder / "plain", work.folder / "plain-out", work.folder / "copy"
    make_plain(phone, count)
    title = f"restore {count} notes that are not encrypted"
    rows = [("gdrive-wa", restore(phone, archive))]
    if cp := shutil.which("cp"):
        rows.append(("cp -r", measure((cp, "-r", phone, copy))))
        compare(title, rows[0][1], "cp -r", rows[1][1], Reach(wall=4))
    show(title, rows)
    work.drop(phone, archive, copy)


def _growth(work: Workspace, options: Options) -> None:
    many, few = options.few(MANY), options.few(MANY) // 4
    digits = write_digits(work.folder)
    runs = {}
    for count in (few, many):
        account, archive = work.folder / f"{count}", work.folder / f"{count}-out"
        dump = make_sealed(account, count, sidecars=True)
        runs[count] = restore(dump, archive, key=digits)
        if count == many:
            again = restore(dump, archive, key=digits)
        work.drop(account, archive)
    title = f"restore {many} notes"
    rows = [("gdrive-wa", runs[many]), (f"{few} notes", runs[few]), ("run again", again)]
    compare(title, runs[many], f"{few} notes", runs[few], Reach(wall=4.2, memory=120))
    compare(f"{title}, nothing new", again, "the first run", runs[many], Reach(wall=0.1))
    show(title, rows)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
    print_budget()
