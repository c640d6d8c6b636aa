"""Pages of Ogg, checked against a checksum that is computed bit by bit."""

from __future__ import annotations

import io
import struct

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.ogg import changed, checksum, one_packet, pages, require_pages
from tests.archive.phone import recording


def slow_checksum(data: bytes) -> int:
    """By RFC 3533: polynomial 04c11db7, highest bit first, nothing inverted."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x104C11DB7 if crc & 0x80000000 else 0)
    return crc


def holds(content: bytes) -> bool:
    """Every page of `content` has its true checksum."""
    for page in pages(content):
        raw = content[page.start : page.end]
        if slow_checksum(raw[:22] + bytes(4) + raw[26:]) != page.checksum:
            return False
    return True


@given(st.lists(st.binary(min_size=0, max_size=255), max_size=6))
def test_a_page_is_as_long_as_its_segments_together(sizes: list[bytes]) -> None:
    content = b"".join(
        struct.pack("<4sBBqIIIB", b"OggS", 0, 0, 0, 7, number, 0, len(lacing))
        + lacing
        + bytes(sum(lacing))
        for number, lacing in enumerate([*sizes, b"\xff" * 255])
    )
    assert [page.lacing for page in pages(content)] == [*sizes, b"\xff" * 255]
    require_pages(content, 0, serial=7)
    with pytest.raises(FormatError, match="cut"):
        require_pages(content[:-1], 0, serial=7)


@given(st.binary(max_size=300))
def test_a_checksum_is_that_of_the_format(data: bytes) -> None:
    assert checksum(data) == slow_checksum(data)


@pytest.mark.parametrize("number", range(14))
def test_the_pages_of_a_recording(number: int) -> None:
    raw = recording(number)
    found = list(pages(raw))
    assert found[0].start == 0
    assert found[-1].end == len(raw)
    assert [page.number for page in found] == list(range(len(found)))
    assert holds(raw)


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 65024, 65025, 65026, 65280, 200_000])
def test_a_packet_of_any_size_comes_back_from_its_pages(size: int) -> None:
    packet = bytes(range(256)) * (size // 256) + bytes(size % 256)
    raw = b"".join(one_packet(packet, serial=7, number=1))
    found = list(pages(raw))
    assert b"".join(raw[page.body : page.end] for page in found) == packet
    assert [page.ended for page in found] == [0] * (len(found) - 1) + [1]
    assert [page.flags for page in found] == [0] + [1] * (len(found) - 1)
    assert [page.granule for page in found] == [-1] * (len(found) - 1) + [0]
    assert [page.number for page in found] == list(range(1, len(found) + 1))
    assert holds(raw)


@given(st.integers(0, 13), st.integers(0, 2**32 - 1), st.integers(0, 2**32 + 9))
def test_a_page_of_another_stream_and_position(index: int, serial: int, number: int) -> None:
    raw = recording(index)
    page = list(pages(raw))[-1]
    new = changed(raw, page, serial=serial, number=number)
    (moved,) = pages(new)
    assert (moved.serial, moved.number) == (serial, number % 2**32)
    assert (moved.flags, moved.granule, moved.lacing) == (page.flags, page.granule, page.lacing)
    assert new[moved.body :] == raw[page.body : page.end]
    assert holds(new)


def test_damage_that_a_checksum_shows_still_shows_after_a_change() -> None:
    raw = bytearray(recording(1))
    raw[-1] ^= 1
    page = list(pages(bytes(raw)))[-1]
    assert not holds(changed(bytes(raw), page, serial=1, number=2))


def test_another_player_plays_changed_pages() -> None:
    raw = recording(1)
    moved = b"".join(
        changed(raw, page, serial=0xDEADBEEF, number=page.number) for page in pages(raw)
    )

    def samples(content: bytes) -> list[bytes]:
        with av.open(io.BytesIO(content), mode="r", format="ogg") as opened:
            return [bytes(frame.planes[0]) for frame in opened.decode(audio=0)]

    assert samples(moved) == samples(raw)


@pytest.mark.parametrize(
    "raw",
    [
        recording(1)[:-1],
        recording(1)[:20],
        recording(1) + b"x" * 30,
        struct.pack("<4sxBqIIIB", b"OggS", 2, 0, 1, 0, 0, 3),
    ],
    ids=["cut", "cut in a header", "rubbish behind", "no sizes"],
)
def test_incomplete_pages_are_refused(raw: bytes) -> None:
    with pytest.raises(FormatError):
        list(pages(raw))


@given(st.binary(max_size=300))
def test_any_bytes_are_pages_or_refused(raw: bytes) -> None:
    try:
        found = list(pages(b"OggS" + raw))
    except FormatError:
        return
    assert all(sum(page.lacing) == page.end - page.body for page in found)
