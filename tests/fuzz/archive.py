"""Whole small archives: files of one are altered, and every command that reads it is run.

Then the phone is restored into it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import gdrive_wa
from gdrive_wa.core.errors import GdriveWaError
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, patched, tree_of, write
from tests.fuzz.phone import phone
from tests.fuzz.samples import folder
from tests.phones.model import Phone

SEEDS = (1, 3, 4, 7)
_TRANSCRIPT = (
    b'{"sha256":"' + b"ab" * 32 + b'","model":"small","language":"en","text":"hello",'
    b'"words":[[0,0.5,"hello"]]}\n'
)


@cache
def archive(seed: int) -> tuple[Phone, dict[str, bytes], dict[str, bytes]]:
    """A phone, its files, and those of its archive."""
    made, files = phone(seed)
    place = folder() / "sample"
    place.mkdir()
    _make(place, files)
    _restore(made, place)
    gdrive_wa.open_archive(place / "archive").verify()
    kept = {k: v for k, v in tree_of(place / "archive").items() if isinstance(v, bytes)}
    kept[".gdrive-wa/transcripts.jsonl"] = _TRANSCRIPT
    kept[".gdrive-wa/changed.json"] = b"[]"
    kept[".gdrive-wa/archive-id"] = b"0123456789abcdef\n"
    kept[".gdrive-wa/.gdrive-wa-0000.tmp"] = b"left over"
    shutil.rmtree(place)
    return made, files, kept


def try_one(data: bytes) -> object:
    """Nothing outside of the archive changes, and nothing but errors of ours is raised."""
    cursor = Cursor(data)
    made, files, kept = archive(SEEDS[cursor.number() % len(SEEDS)])
    changed = patched(kept, cursor)
    place = folder() / "place"
    place.mkdir()
    try:
        (place / "outside").write_bytes(b"not yours")
        _make(place, files)
        write(changed, place / "archive", 1_700_000_000)
        before = _without_archive(place)
        ended = [_ending(lambda call=call: call(made, place)) for call in _CALLS]  # type: ignore[misc]
        assert _without_archive(place) == before
        return ended
    finally:
        shutil.rmtree(place)


def _make(place: Path, files: dict[str, bytes]) -> None:
    write(
        {k: v for k, v in files.items() if not k.startswith("book:")},
        place / "phone",
        1_700_000_000,
    )


def _without_archive(place: Path) -> dict[str, object]:
    return {k: v for k, v in tree_of(place).items() if not k.startswith("archive/")}


def _ending(call: Callable[[], object]) -> str:
    try:
        return str(call())
    except GdriveWaError as error:
        return f"{type(error).__name__} {error.message}"


def _restore(made: Phone, place: Path) -> object:
    report = gdrive_wa.restore(
        place / "phone",
        place / "archive",
        key=made.key,
        timezone=made.timezone,
        tags=made.tags,
        jobs=1,
    )
    return bool(report.failed)


def _read(_made: Phone, place: Path) -> object:
    opened = gdrive_wa.open_archive(place / "archive")
    return [bool(note.to_json()) for note in opened.notes()]


def _verify(_made: Phone, place: Path) -> object:
    return gdrive_wa.open_archive(place / "archive").verify().intact


def _page(_made: Phone, place: Path) -> object:
    gdrive_wa.page(place / "archive", timezone="UTC")
    return "page"


def _share(_made: Phone, place: Path) -> object:
    try:
        report = gdrive_wa.share(place / "archive", place / "shared", timezone="UTC")
    finally:
        shutil.rmtree(place / "shared", ignore_errors=True)
    return bool(report.failed)


def _whole(made: Phone, place: Path) -> object:
    """What a restore has mended is intact."""
    failed = _restore(made, place)
    checked = gdrive_wa.open_archive(place / "archive").verify()
    assert checked.intact, checked
    return failed


_CALLS = (_read, _verify, _page, _share, _whole, _read)


def main(arguments: list[str]) -> int:
    return fuzz("archive", [bytes([number]) for number in range(len(SEEDS))], try_one, arguments)
