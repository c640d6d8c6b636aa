"""Short recordings: real Ogg Opus of a few hundred bytes, another for each number."""

from __future__ import annotations

from functools import cache
from importlib import resources

from gdrive_wa.core.ogg import MAGIC, pages
from gdrive_wa.emulation.ogg import with_serial

_LARGEST = 4


@cache
def sound(number: int) -> bytes:
    """The beginning of a real voice, with `number` as the serial number of its stream."""
    return with_serial(_beginning(number % _LARGEST), 1000 + number)


@cache
def _beginning(number: int) -> bytes:
    folder = resources.files("gdrive_wa.emulation") / "recordings"
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".opus"))
    whole = (folder / names[number]).read_bytes()
    third = list(pages(whole))[2]
    return whole[: third.end]


def packets(audio: bytes) -> list[bytes]:
    """The pages of sound: what stays the same when tags are written."""
    if not audio.startswith(MAGIC):
        return [audio]
    return [audio[page.body : page.end] for page in pages(audio) if page.granule > 0]
