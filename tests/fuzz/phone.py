"""Whole small phones: some files are altered, and all of it is restored, twice.

Nothing outside the target is touched, errors are ours, the archive is intact, and the second run
changes nothing.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import gdrive_wa
from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.crypt.keys import Key
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, patched, tree_of, write
from tests.fuzz.samples import folder
from tests.phones.folder import address_book, write_phone
from tests.phones.generator import make_phone
from tests.phones.model import Phone

SEEDS = range(24)
_STATE = ".gdrive-wa/"
_BOOK = "book:"


@cache
def phone(seed: int) -> tuple[Phone, dict[str, bytes]]:
    """A phone, and its files; the address book is one of them."""
    place = folder() / "sample"
    made = make_phone(seed)
    write_phone(made, place / "phone")
    files = {k: v for k, v in tree_of(place / "phone").items() if isinstance(v, bytes)}
    if (book := address_book(made)) is not None:
        files[_BOOK + book[0]] = book[1]
    shutil.rmtree(place)
    return made, files


def try_one(data: bytes) -> object:
    """Restore an altered phone."""
    cursor = Cursor(data)
    made, files = phone(SEEDS[cursor.number() % len(SEEDS)])
    changed = patched(files, cursor)
    place = folder() / "place"
    place.mkdir()
    try:
        (place / "outside").write_bytes(b"not yours")
        book = next((name for name in files if name.startswith(_BOOK)), None)
        if book is not None:
            content = changed.pop(book, b"")
            (place / "book").write_bytes(content if isinstance(content, bytes) else b"")
        write(changed, place / "phone", 1_700_000_000)
        return _restored(made, place, book is not None)
    finally:
        shutil.rmtree(place)


def _restored(made: Phone, place: Path, book: bool) -> object:
    before = tree_of(place)
    first = _run(made, place, made.key, book)
    after = tree_of(place)
    assert {k: v for k, v in after.items() if not k.startswith("archive/")} == before
    assert _run(made, place, made.key, book) == first
    assert _visible(tree_of(place)) == _visible(after)
    if isinstance(first, str):
        return first
    archive = gdrive_wa.open_archive(place / "archive")
    for note in archive.notes():
        note.to_json()
    checked = archive.verify()
    assert checked.intact, checked
    assert not checked.extra, checked
    return first


def _run(made: Phone, place: Path, key: Key | None, book: bool) -> object:
    try:
        report = gdrive_wa.restore(
            place / "phone",
            place / "archive",
            key=key,
            contacts=place / "book" if book else None,
            timezone=made.timezone,
            tags=made.tags,
            jobs=1,
        )
    except GdriveWaError as error:
        return f"{type(error).__name__} {error.message}"
    return bool(report.failed), sorted({str(each.reason)[:40] for each in report.failed})[:3]


def _visible(tree: dict[str, object]) -> dict[str, object]:
    """Without the state, which says when the last run was."""
    return {name: content for name, content in tree.items() if _STATE not in name}


def main(arguments: list[str]) -> int:
    return fuzz("phone", [bytes([number]) for number in range(len(SEEDS))], try_one, arguments)
