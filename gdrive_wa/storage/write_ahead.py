"""Merge the write-ahead log of a database into a copy, and report the part that cannot be used.

A log is a header of 32 bytes and a frame for each changed page. A frame is a header of 24 bytes,
with the page's number, the two salts of the log and a checksum over everything before, and then the
page. SQLite uses the frames up to the last complete change before the first damaged one, and
ignores the others silently. The format: https://sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from gdrive_wa.storage.untrusted_database import open_untrusted

_HEADER = struct.Struct(">8I")
"""Magic number, version, size of a page, checkpoint, two salts, the two halves of a checksum."""
_FRAME = struct.Struct(">6I")
"""Number of a page, pages of the database, two salts, the two halves of a checksum."""
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The byte order of the checksums, by magic number."""
_PAGE_SIZES = frozenset(1 << power for power in range(9, 17))
_MOST_RESTARTS = 1 << 16
"""Number of earlier logs whose leftovers are recognised. SQLite overwrites a merged log from its
start, with its first salt increased by one. What is left of earlier ones is already in the
database."""
_MOST_CHECKED = 500
"""Maximum number of frames whose checksums are computed to find out what is wrong."""
_BEYOND = "page numbers in it are too large"


@dataclass(frozen=True, slots=True)
class LogUse:
    """The merged part of a write-ahead log.

    Attributes:
        pages: number of changed pages in the log, as far as they can be counted.
        unused: number of those that could not be used.
        reason: why they could not be used; empty if all could.
    """

    pages: int = 0
    unused: int = 0
    reason: str = ""

    def loss(self, name: str) -> str | None:
        """A sentence about the unusable part of the log called `name`; None if all was used."""
        if not self.reason:
            return None
        lost = "nothing in it could be used"
        if self.pages:
            lost = f"{self.unused} of its {self.pages} changed pages could not be used"
        return f"'{name}', which has the latest changes, is damaged: {lost} ({self.reason})"


class _Header(NamedTuple):
    magic: int
    version: int
    page_size: int
    checkpoint: int
    salt: int
    other_salt: int
    first_sum: int
    second_sum: int


class _Frame(NamedTuple):
    number: int
    pages: int
    salt: int
    other_salt: int
    first_sum: int
    second_sum: int


def merge_own_log(copy: Path) -> LogUse:
    """Merge the write-ahead log next to `copy`, a copy made by this program, and remove the log.

    Raises:
        sqlite3.Error: the log cannot be merged; the copy may have changed.
    """
    log = copy.with_name(f"{copy.name}-wal")
    use = LogUse()
    held = log.is_file() and log.stat().st_size > 0
    beyond = _cut_pages_beyond(copy, log) if held else 0
    with open_untrusted(copy, our_copy=True) as database:
        [(_, merged, _)] = database.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
        if held:
            use = _use(log, max(merged, 0), beyond)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        database.execute("PRAGMA journal_mode = DELETE").fetchall()
    log.unlink(missing_ok=True)
    return use


def _cut_pages_beyond(database: Path, log: Path) -> int:
    """Cut a log before the first page number beyond both files, which would make the copy huge, and
    return the number of changed pages cut off."""
    with log.open("r+b") as file:
        header = _header(file)
        if header is None or header.page_size not in _PAGE_SIZES:
            return 0  # SQLite ignores it
        most = (database.stat().st_size + log.stat().st_size) // header.page_size + 1
        beyond, cut = 0, None
        for place, (frame, _) in enumerate(_frames(file, header.page_size)):
            if cut is None and max(frame.number, frame.pages) > most:
                cut = place
            beyond += cut is not None and not _is_stale(frame, header)
        if cut is not None:
            file.truncate(_place_of(cut, header.page_size))
    return beyond


def _use(log: Path, merged: int, beyond: int) -> LogUse:
    """What was used of a log of which SQLite merged the first `merged` frames, after the last
    `beyond` frames had been cut off."""
    with log.open("rb") as file:
        header = _header(file)
        if header is None:
            return LogUse(reason="it is cut short")
        if header.magic not in _MAGIC or header.page_size not in _PAGE_SIZES:
            return LogUse(reason="it is not a write-ahead log")
        if not _has_valid_header(file, header):
            pages = sum(1 for _ in _frames(file, header.page_size))
            return LogUse(pages, pages, "its first bytes are wrong")
        unused, stale = beyond, False
        for frame, whole in _frames(file, header.page_size, merged):
            stale = _is_stale(frame, header) or (stale and not whole)
            unused += not stale
        reason = _reason(file, header, merged, beyond) if unused else ""
    return LogUse(merged + unused, unused, reason)


def _has_valid_header(file: IO[bytes], header: _Header) -> bool:
    file.seek(0)
    sums = _checksum(file.read(24), _MAGIC[header.magic], (0, 0))
    return sums == (header.first_sum, header.second_sum)


def _is_stale(frame: _Frame, header: _Header) -> bool:
    return 0 < (header.salt - frame.salt) % (1 << 32) < _MOST_RESTARTS


def _reason(file: IO[bytes], header: _Header, merged: int, beyond: int) -> str:
    """The damage after the first `merged` frames."""
    order = _MAGIC[header.magic]
    sums = header.first_sum, header.second_sum
    if merged:
        last, _ = next(_frames(file, header.page_size, merged - 1))
        sums = last.first_sum, last.second_sum
    frames = zip(range(_MOST_CHECKED), _frames(file, header.page_size, merged), strict=False)
    for place, (frame, whole) in frames:
        if not whole:
            return "it ends in the middle of a page"
        if (frame.salt, frame.other_salt) != (header.salt, header.other_salt):
            return "pages of another log are in it"
        file.seek(_place_of(merged + place, header.page_size))
        raw = file.read(_FRAME.size + header.page_size)
        sums = _checksum(raw[:8], order, sums)
        sums = _checksum(raw[_FRAME.size :], order, sums)
        if sums != (frame.first_sum, frame.second_sum):
            return "their checksums are wrong"
    return _BEYOND if beyond else "it was copied while it was being written"


def _header(file: IO[bytes]) -> _Header | None:
    raw = file.read(_HEADER.size)
    return _Header(*_HEADER.unpack(raw)) if len(raw) == _HEADER.size else None


def _frames(file: IO[bytes], page_size: int, first: int = 0) -> Iterator[tuple[_Frame, bool]]:
    """The headers of the frames from the frame `first` on, each with whether the frame is
    complete."""
    size = file.seek(0, 2)
    step = _FRAME.size + page_size
    for at in range(_place_of(first, page_size), size, step):
        file.seek(at)
        head = file.read(_FRAME.size).ljust(_FRAME.size, b"\0")
        yield _Frame(*_FRAME.unpack(head)), at + step <= size


def _place_of(frame: int, page_size: int) -> int:
    return _HEADER.size + frame * (_FRAME.size + page_size)


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for one, other in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
