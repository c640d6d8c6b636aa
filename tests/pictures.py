"""Real pictures: the sample's photo, and PNG pictures of one colour."""

from __future__ import annotations

import struct
import zlib

from tests.pages.people import RECORDINGS

JPEG = (RECORDINGS / "garden.jpg").read_bytes()


def png(red: int, green: int, blue: int, *, side: int = 24, extra: bytes = b"") -> bytes:
    """A square PNG picture; `extra` are chunks before the image."""
    row = b"\0" + bytes((red, green, blue)) * side
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + extra
        + chunk(b"IDAT", zlib.compress(row * side))
        + chunk(b"IEND", b"")
    )


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG file."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_with(*segments: bytes, end: bytes = b"") -> bytes:
    """The sample's photo with more segments after its start, and bytes after its end."""
    return JPEG[:2] + b"".join(segments) + JPEG[2:] + end
