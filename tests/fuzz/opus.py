"""Recordings: how long they play, and the tags that are written into them."""

from __future__ import annotations

from gdrive_wa.archive.tags import is_opus, tagged
from gdrive_wa.core.ogg import one_packet, opus_seconds, pages
from tests.fuzz.campaign import fuzz

TAGS = {"artist": "Ännchen", "title": "x" * 300}
HEAD = b"OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0"
COMMENTS = b"OpusTags\4\0\0\0test\2\0\0\0\x08\0\0\0artist=x\5\0\0\0a=b=c"


def recording(comments: bytes = COMMENTS, audio: bytes = b"sound" * 20) -> bytes:
    """A small one."""
    found: list[bytes] = []
    for packet in (HEAD, comments, audio):
        found += one_packet(packet, serial=7, number=len(found))
    return b"".join(found)


def try_one(data: bytes) -> object:
    """What is tagged is still such a file, and its audio is the same."""
    opus_seconds(data)
    is_opus(data)
    made = tagged(data, TAGS)
    assert _audio(made) == _audio(data)
    assert tagged(made, TAGS) == made
    return len(list(pages(made)))


def _audio(content: bytes) -> bytes:
    """The bytes of all packets after the first two."""
    ended, audio = 0, b""
    for page in pages(content):
        if ended >= 2:
            audio += page.lacing + content[page.body : page.end]
        ended += page.ended
    return audio


def main(arguments: list[str]) -> int:
    samples = [recording(), recording(COMMENTS + bytes(70000)), recording(audio=b"x" * 70000)]
    return fuzz("opus", samples, try_one, arguments)
