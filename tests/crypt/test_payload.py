"""The unpacker alone: any pieces in, the same content out, and no more than its limit."""

from __future__ import annotations

import contextlib
import random
import zlib

import pytest

from gdrive_wa.core.errors import PayloadError
from gdrive_wa.crypt.payload import (
    LIMIT_FLOOR,
    OUTPUT_PIECE,
    Unpacker,
    default_limit,
    is_plausible,
)

DATABASE = b"SQLite format 3\0" + random.Random(3).randbytes(5000)
NOISE = b"\x01" + random.Random(4).randbytes(5000)


class Unpacked:
    """What an unpacker made of `stored`, fed in pieces of `step` bytes."""

    def __init__(self, stored: bytes, step: int = 1 << 20, limit: int = 1 << 30) -> None:
        self.pieces: list[bytes] = []
        self.unpacker = Unpacker(lambda piece: self.pieces.append(bytes(piece)), limit)
        self.stored = stored
        self.step = step

    def run(self) -> bytes:
        for at in range(0, len(self.stored), self.step):
            self.unpacker.feed(self.stored[at : at + self.step])
        self.unpacker.finish()
        return b"".join(self.pieces)


@pytest.mark.parametrize("step", [1, 2, 3, 16, 1000, 1 << 20])
@pytest.mark.parametrize("compress", [True, False])
def test_pieces_of_any_size_give_the_same_content(step: int, *, compress: bool) -> None:
    unpacked = Unpacked(zlib.compress(DATABASE) if compress else DATABASE, step)
    assert unpacked.run() == DATABASE
    unpacker = unpacked.unpacker
    assert (unpacker.kind, unpacker.compressed) == ("sqlite", compress)
    assert (unpacker.size, unpacker.trailing, unpacker.complete) == (len(DATABASE), 0, True)


def test_too_little_to_be_compressed_is_passed_on_once() -> None:
    assert Unpacked(b"x").run() == b"x"
    empty = Unpacked(b"")
    assert empty.run() == b""
    assert empty.pieces == []
    assert not empty.unpacker.compressed


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("count", [1, 3])
def test_content_that_fills_its_pieces_exactly_comes_back_whole(count: int, more: int) -> None:
    content = bytes(count * OUTPUT_PIECE + more)
    for level in (0, 9):
        unpacked = Unpacked(zlib.compress(content, level), 1 << 24)
        assert unpacked.run() == content
        assert max(map(len, unpacked.pieces)) <= OUTPUT_PIECE


@pytest.mark.parametrize("compress", [True, False])
def test_nothing_beyond_the_limit_is_handed_on(*, compress: bool) -> None:
    content = bytes(3 * OUTPUT_PIECE)
    stored = zlib.compress(content) if compress else content
    assert Unpacked(stored, 1 << 16, len(content)).run() == content
    unpacked = Unpacked(stored, 1 << 16, len(content) - 1)
    with pytest.raises(PayloadError, match=f"beyond the limit of {len(content) - 1} bytes"):
        unpacked.run()
    assert sum(map(len, unpacked.pieces)) < len(content)


def test_the_default_limit_grows_with_the_file() -> None:
    assert default_limit(0) == LIMIT_FLOOR
    assert default_limit(10) == LIMIT_FLOOR + 2000


def test_a_stream_must_end_and_nothing_may_follow() -> None:
    stored = zlib.compress(DATABASE)
    for step in (1, 7, 1 << 20):
        with pytest.raises(PayloadError, match="ends before it is complete"):
            Unpacked(stored[:-1], step).run()
        for rubbish in (b"x", bytes(40)):
            unpacked = Unpacked(stored + rubbish, step)
            with pytest.raises(PayloadError, match="other data follows"):
                unpacked.run()
            assert unpacked.unpacker.trailing == len(rubbish)


def test_damaged_content_is_recognised_and_noise_is_not() -> None:
    intact = zlib.compress(DATABASE)
    found = []
    for stored in (intact, b"\x79" + intact[1:], intact[:2] + b"\xff" * 99, NOISE, DATABASE):
        unpacked = Unpacked(stored)
        with contextlib.suppress(PayloadError):
            unpacked.run()
        found.append((unpacked.unpacker.plausible, unpacked.unpacker.recognisable))
    assert found == [(True, True), (False, True), (False, True), (False, False), (True, True)]


def test_the_first_bytes_show_what_is_plausible() -> None:
    for content in (DATABASE, b'{"settings": [1, 2, 3]}'):
        assert is_plausible(content)
        assert is_plausible(zlib.compress(content)[:64])
    for other in (NOISE, zlib.compress(NOISE), b""):
        assert not is_plausible(other)
