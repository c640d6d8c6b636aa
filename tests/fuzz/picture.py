"""Pictures of the address book and of messages, of which nothing but the picture is kept."""

from __future__ import annotations

from gdrive_wa.core.pictures import parse_picture
from tests.fuzz.campaign import fuzz
from tests.pictures import JPEG, chunk, jpeg_with, png, segment


def try_one(data: bytes) -> object:
    """What is kept is no longer than before, and is kept as it is the next time."""
    picture = parse_picture(data)
    if picture is None:
        return None
    assert len(picture.content) <= len(data)
    assert parse_picture(picture.content) == picture
    return picture.mime_type


def main(arguments: list[str]) -> int:
    samples = [
        png(1, 2, 3, side=2, extra=chunk(b"tEXt", b"a place")),
        png(1, 2, 3),
        jpeg_with(segment(0xE1, b"Exif\0\0where it was taken"), end=b"more"),
        JPEG[:3000],
    ]
    return fuzz("picture", samples, try_one, arguments)
