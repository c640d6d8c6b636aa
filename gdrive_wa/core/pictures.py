"""Accept only JPEG and PNG pictures, and keep only what is needed to show them.

A photo from an address book may contain its location, its author, or bytes after its end that no
viewer shows. :func:`parse_picture` checks the structure of a picture and leaves these out. It does
not decode the picture: one that it accepts may still look damaged.

Format facts: ITU T.81 annex B (JPEG), W3C Portable Network Graphics sections 5 and 11.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_PIXELS = 32_000_000
"""Maximum number of pixels: decoding takes four bytes for each in a browser."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB"}
_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_APPLICATION = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Markers of applications for the display of colours, and the beginnings of their segments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a browser can show.

    Attributes:
        content: its bytes, without metadata.
        mime_type: ``image/jpeg`` or ``image/png``.
        width: in pixels.
        height: in pixels.
    """

    content: bytes = field(repr=False)
    mime_type: str
    width: int
    height: int


def parse_picture(raw: bytes) -> Picture | None:
    """The picture in `raw`; None for anything else, and for one that is cut off or too large."""
    try:
        if raw.startswith(_PNG):
            return _bounded(_png(raw))
        if raw.startswith(b"\xff\xd8\xff"):
            return _bounded(_jpeg(raw))
    except (IndexError, ValueError):
        return None
    return None


def _bounded(picture: Picture) -> Picture | None:
    pixels = picture.width * picture.height
    return picture if 0 < pixels <= MOST_PIXELS else None


def _png(raw: bytes) -> Picture:
    kept, size = [_PNG], (0, 0)
    for number, (name, content, chunk) in enumerate(_chunks(raw)):
        if (number == 0) != (name == b"IHDR"):
            raise ValueError("the header is not the first chunk, or not the only one")
        if name == b"IHDR":
            size = (int.from_bytes(content[:4], "big"), int.from_bytes(content[4:8], "big"))
        if name in _PNG_KEPT:
            kept.append(chunk)
    return Picture(content=b"".join(kept), mime_type="image/png", width=size[0], height=size[1])


def _chunks(raw: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, content and bytes of each chunk up to the last one."""
    at, name, has_image = len(_PNG), b"", False
    while name != b"IEND":
        end = at + 12 + int.from_bytes(raw[at : at + 4], "big")
        if end > len(raw):
            raise ValueError("cut off")
        name, content = raw[at + 4 : at + 8], raw[at + 8 : end - 4]
        if zlib.crc32(raw[at + 4 : end - 4]) != int.from_bytes(raw[end - 4 : end], "big"):
            raise ValueError("a checksum does not match")
        has_image = has_image or name == b"IDAT"
        yield name, content, raw[at:end]
        at = end
    if not has_image:
        raise ValueError("no image")


def _jpeg(raw: bytes) -> Picture:
    kept, size, at, scans = [raw[:2]], (0, 0), 2, 0
    while True:
        at = _marker(raw, at)
        marker, at = raw[at], at + 1
        if marker == _EOI:
            break
        end = at + int.from_bytes(raw[at : at + 2], "big")
        segment = raw[at + 2 : end]
        if end < at + 2 or end > len(raw):
            raise ValueError("cut off")
        if marker in _FRAMES:
            size = (int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big"))
        if marker == _SOS:
            scans += 1
            end = _scan_end(raw, end)
        if _is_kept(marker, segment):
            kept.append(b"\xff" + raw[at - 1 : end])
        at = end
    if not scans:
        raise ValueError("no image")
    kept.append(b"\xff\xd9")
    return Picture(content=b"".join(kept), mime_type="image/jpeg", width=size[0], height=size[1])


def _marker(raw: bytes, at: int) -> int:
    """The index of the code of the marker at `at`, which may be padded with 0xFF."""
    if raw[at] != 0xFF:
        raise ValueError("no marker")
    while raw[at] == 0xFF:
        at += 1
    if raw[at] in (0, _SOI, _TEM, *_RESTARTS):
        raise ValueError("a marker at a wrong place")
    return at


def _scan_end(raw: bytes, at: int) -> int:
    """The start of the next segment after the coded image at `at`."""
    while True:
        at = raw.index(b"\xff", at)
        if raw[at + 1] != 0 and raw[at + 1] not in _RESTARTS:
            return at
        at += 2


def _is_kept(marker: int, segment: bytes) -> bool:
    start = _APPLICATION.get(marker)
    if start is not None:
        return segment.startswith(start)
    return marker in _FRAMES or marker in _TABLES or marker == _SOS
