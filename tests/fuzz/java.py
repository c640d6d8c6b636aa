"""The Java object in which old databases keep a file's path."""

from __future__ import annotations

from gdrive_wa.chats.java import media_path
from tests.chats.store import thumb_image
from tests.fuzz.campaign import fuzz

PATH = "/storage/emulated/0/WhatsApp/Media/WhatsApp Voice Notes/201601/PTT-20160101-WA0001.opus"
PROXY = b"\xac\xed\x00\x05\x7d\x00\x00\x00\x01\x00\x01x\x78\x70"
ARRAYS = (
    b"\xac\xed\x00\x05\x75\x72\x00\x02[I" + bytes(8) + b"\x02\x00\x00\x78\x70" + b"\0\0\0\1abcd"
)


def try_one(data: bytes) -> object:
    """A path is a text that can be written down, or there is none."""
    path = media_path(data)
    if path is None:
        return None
    assert path
    assert "\0" not in path
    path.encode()
    return "path"


def main(arguments: list[str]) -> int:
    whole = thumb_image(PATH)
    return fuzz(
        "java", [whole, whole[:-90], b"\xff\xd8" + whole, PROXY, ARRAYS], try_one, arguments
    )
