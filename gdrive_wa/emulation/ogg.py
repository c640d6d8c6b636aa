"""Ogg Opus, as much as the sample needs: one recording becomes many distinct files."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

from mutagen.ogg import OggPage
from mutagen.oggopus import OggOpus

BARS = 64
"""Of a waveform, as the app draws it."""


def with_serial(audio: bytes, serial: int) -> bytes:
    """The same audio as another stream: `serial` in every page, checksums right."""
    pages = []
    for page in _pages(audio):
        page.serial = serial
        pages.append(page.write())
    return b"".join(pages)


def seconds_of(audio: bytes) -> float:
    """How long it plays."""
    parsed: Any = OggOpus(BytesIO(audio))  # type: ignore[no-untyped-call]
    return float(parsed.info.length)


def waveform_of(audio: bytes) -> bytes:
    """64 bytes 0..100 that look like the speech: loud stretches need large packets."""
    sizes = [len(packet) for page in _pages(audio) for packet in page.packets]
    sizes = sizes[2:]  # after the two headers
    edges = [bar * len(sizes) // BARS for bar in range(BARS + 1)]
    bars = [max(sizes[start : max(end, start + 1)]) for start, end in pairwise(edges)]
    top, low = max(bars), min(bars)
    return bytes(100 * (bar - low) // max(top - low, 1) for bar in bars)


def _pages(audio: bytes) -> Iterator[Any]:
    source = BytesIO(audio)
    while source.tell() < len(audio):
        yield OggPage(source)  # type: ignore[no-untyped-call]
