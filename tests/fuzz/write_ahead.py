"""Databases whose newest messages are in the write-ahead log beside them."""

from __future__ import annotations

import shutil
from functools import cache

from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.chats.write_ahead import merge_log
from gdrive_wa.core.errors import GdriveWaError
from tests.fuzz.campaign import fuzz
from tests.fuzz.patches import Cursor, files_content, patched
from tests.fuzz.samples import file_of, folder
from tests.sources.apple import Spoken, write_chats


@cache
def database() -> dict[str, bytes]:
    """A small one, and its log."""
    path = folder() / "late.db"
    rows = [Spoken(number=number, audio=bytes([number])) for number in range(1, 5)]
    write_chats(path, rows[:2], late=rows[2:])
    return {"late.db": path.read_bytes(), "late.db-wal": path.with_name("late.db-wal").read_bytes()}


def try_one(data: bytes) -> object:
    """Neither file changes, and the copy is no larger than both."""
    cursor = Cursor(data)
    changed = patched(database(), cursor)
    one, other = (files_content(changed, name) for name in ("late.db", "late.db-wal"))
    path, log = file_of(one, "late.db"), file_of(other, "late.db-wal")
    place = folder() / "merged"
    place.mkdir()
    try:
        merged, _ = merge_log(path, log, place)
        assert path.read_bytes() == one
        assert log.read_bytes() == other
        assert merged.stat().st_size <= len(one) + len(other) + (1 << 17)
        assert [each.name for each in place.iterdir()] == ["late.db"]
        try:
            return len(read_voice_notes(merged))
        except GdriveWaError as error:
            return type(error).__name__
    finally:
        shutil.rmtree(place)


def main(arguments: list[str]) -> int:
    return fuzz("write_ahead", [b"", b"\1"], try_one, arguments)
