"""Ogg Opus, as far as the sample needs it: many distinct files are made from one recording."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from gdrive_wa.core.ogg import changed, pages

BARS = 64
"""Number of values in a waveform, as in the app."""
_RATE = 48_000
_PRE_SKIP = slice(10, 12)
"""Position, in the first header, of the number of samples at the start that are not played
(RFC 7845, section 5.1)."""


def with_serial(audio: bytes, serial: int) -> bytes:
    """The same audio as another stream, with `serial` in every page and valid checksums."""
    return b"".join(
        changed(audio, page, serial=serial, number=page.number) for page in pages(audio)
    )


def seconds_of(audio: bytes) -> float:
    """The duration of a recording, in seconds."""
    found = list(pages(audio))
    skipped = int.from_bytes(audio[found[0].body : found[0].end][_PRE_SKIP], "little")
    return (found[-1].granule - skipped) / _RATE


def waveform_of(audio: bytes) -> bytes:
    """64 bytes, 0 to 100, in the shape of the speech: loud parts need large packets."""
    sizes = [size for page in pages(audio) for size in _packet_sizes(page.lacing)]
    sizes = sizes[2:]  # after the two headers
    edges = [bar * len(sizes) // BARS for bar in range(BARS + 1)]
    bars = [max(sizes[start : max(end, start + 1)]) for start, end in pairwise(edges)]
    top, low = max(bars), min(bars)
    return bytes(100 * (bar - low) // max(top - low, 1) for bar in bars)


def _packet_sizes(lacing: bytes) -> Iterator[int]:
    """Bytes of each packet of a page, or of its part on this page."""
    size = 0
    for each in lacing:
        size += each
        if each < 255:
            yield size
            size = 0
    if size:
        yield size
