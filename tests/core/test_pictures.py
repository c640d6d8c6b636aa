"""Pictures, and what only looks like one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.pictures import parse_picture
from tests.pictures import JPEG, chunk, jpeg_with, png, segment

CANARY = b"taken at 48.137 N 11.575 E"


def test_a_jpeg_is_kept_as_it_is() -> None:
    picture = parse_picture(JPEG)
    assert picture is not None
    assert (picture.mime_type, picture.width, picture.height) == ("image/jpeg", 480, 360)
    assert picture.content == JPEG


def test_a_png_is_kept_as_it_is() -> None:
    picture = parse_picture(png(9, 9, 9, side=31))
    assert picture is not None
    assert (picture.mime_type, picture.width, picture.height) == ("image/png", 31, 31)
    assert picture.content == png(9, 9, 9, side=31)


def test_metadata_and_bytes_after_the_end_are_left_out() -> None:
    raw = jpeg_with(
        segment(0xE1, b"Exif\0\0" + CANARY),
        segment(0xED, CANARY),
        segment(0xFE, CANARY),
        segment(0xE0, CANARY),
        b"\xff\xff" + segment(0xEE, b"Adobe\0d\0\0\0\0\1"),
        end=CANARY,
    )
    picture = parse_picture(raw)
    assert picture is not None
    assert CANARY not in picture.content
    assert b"Adobe" in picture.content
    text = chunk(b"tEXt", CANARY) + chunk(b"eXIf", CANARY) + chunk(b"sRGB", b"\0")
    picture = parse_picture(png(1, 2, 3, extra=text) + CANARY)
    assert picture is not None
    assert picture.content == png(1, 2, 3, extra=chunk(b"sRGB", b"\0"))


def huge(side: int) -> bytes:
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", side, side) + JPEG[at + 4 :]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"GIF89a" + bytes(99),
        b"<svg onload='alert(1)'/>",
        JPEG[:-2],
        JPEG[: len(JPEG) // 2],
        JPEG[:2] + b"\x00" + JPEG[2:],
        jpeg_with(segment(0xE1, b"x")[:-1]),
        jpeg_with(b"\xff\xe1\x00\x01"),
        huge(0),
        huge(65_535),
        png(1, 1, 1)[:-1],
        png(1, 1, 1).replace(b"IDAT", b"IDAX"),
        png(1, 1, 1)[:8] + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        png(1, 1, 1, extra=chunk(b"IHDR", bytes(13))),
        png(1, 1, 1)[:33] + chunk(b"IEND", b""),
    ],
    ids=range(17),
)
def test_what_is_no_picture_is_refused(raw: bytes) -> None:
    assert parse_picture(raw) is None


@pytest.mark.parametrize("whole", [JPEG, png(3, 3, 3)])
def test_every_beginning_is_refused(whole: bytes) -> None:
    assert [end for end in range(0, len(whole), 7) if parse_picture(whole[:end])] == []


@given(st.binary(max_size=200), st.sampled_from([JPEG, png(5, 5, 5)]), st.integers(0, 7000))
def test_any_bytes_give_a_result(noise: bytes, whole: bytes, at: int) -> None:
    for raw in (noise, b"\xff\xd8\xff" + noise, whole[:at] + noise + whole[at + len(noise) :]):
        picture = parse_picture(raw)
        if picture is not None:
            assert parse_picture(picture.content) == picture


def test_a_long_scan_takes_no_time() -> None:
    raw = JPEG[:-2] + b"\xff\x00" * 250_000 + b"\xff\xd9"
    assert parse_picture(raw) is not None
