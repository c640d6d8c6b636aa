"""The pages of an Ogg file (RFC 3533), which every voice note is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from gdrive_wa.core.errors import FormatError

MAGIC = b"OggS"
CONTINUED = 1
"""In a page's flags: its first packet began on the page before."""
_HEAD = struct.Struct("<4sxBqIIIB")
_NO_PACKET_ENDS = -1
_LONGEST_LACING = 255
_NUMBER_AT, _CHECKSUM_AT = 18, 22
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse."""


class Page(NamedTuple):
    """Where one page is in a file, and what its header says.

    Attributes:
        start: offset of its first byte.
        body: offset of its packets' bytes.
        end: offset of the first byte after it.
        flags: :data:`CONTINUED`, 2 for a stream's first page, 4 for its last.
        granule: its time; in Opus, samples at 48 kHz.
        serial: of its stream.
        number: of the page in its stream.
        checksum: as stored.
        lacing: the sizes of its packets: a size below 255 ends one.
    """

    start: int
    body: int
    end: int
    flags: int
    granule: int
    serial: int
    number: int
    checksum: int
    lacing: bytes

    @property
    def ended(self) -> int:
        """Packets that end on this page."""
        return len(self.lacing) - self.lacing.count(255)


def pages(content: bytes) -> Iterator[Page]:
    """The pages of an Ogg file, one after the other. Checksums are not checked.

    Raises:
        FormatError: something between the pages is not Ogg, or the last page is cut.
    """
    at, size = 0, len(content)
    while at < size:
        try:
            magic, flags, granule, serial, number, checksum, count = _HEAD.unpack_from(content, at)
        except struct.error as error:
            raise FormatError("the last page is cut") from error
        if magic != MAGIC:
            raise FormatError("not a page of Ogg")
        body = at + _HEAD.size + count
        lacing = content[at + _HEAD.size : body]
        end = body + sum(lacing)
        if end > size or body > size:
            raise FormatError("the last page is cut")
        yield Page(at, body, end, flags, granule, serial, number, checksum, lacing)
        at = end


def checksum(data: bytes) -> int:
    """Ogg's CRC of a page whose checksum field is zero.

    It is zlib's CRC-32 with every bit order reversed and without the two inversions, which is how
    C code can do the work.
    """
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def one_packet(packet: bytes, *, serial: int, number: int) -> list[bytes]:
    """The pages that hold `packet` and nothing else, at time 0, from page `number` on."""
    whole, rest = divmod(len(packet), 255)
    lacing = b"\xff" * whole + bytes([rest])
    made: list[bytes] = []
    for at in range(0, len(lacing), _LONGEST_LACING):
        sizes = lacing[at : at + _LONGEST_LACING]
        body = packet[at * 255 : (at + _LONGEST_LACING) * 255]
        flags = CONTINUED if at else 0
        granule = 0 if at + len(sizes) == len(lacing) else _NO_PACKET_ENDS
        head = _HEAD.pack(MAGIC, flags, granule, serial, number + len(made), 0, len(sizes))
        made.append(_sealed(head + sizes + body))
    return made


def changed(content: bytes, page: Page, *, serial: int, number: int) -> bytes:
    """`page` of `content` in another stream or at another place.

    The checksum follows from the old one by what differs, so that damage which it would have
    shown still shows.
    """
    new = struct.pack("<II", serial, number & 0xFFFFFFFF)
    old = content[page.start + _NUMBER_AT - 4 : page.start + _CHECKSUM_AT]
    differs = bytes(a ^ b for a, b in zip(old, new, strict=True))
    behind = page.end - page.start - _CHECKSUM_AT
    crc = page.checksum ^ checksum(differs + bytes(behind))
    before = content[page.start : page.start + _NUMBER_AT - 4]
    after = content[page.start + _CHECKSUM_AT + 4 : page.end]
    return b"".join((before, new, crc.to_bytes(4, "little"), after))


def _sealed(page: bytes) -> bytes:
    crc = checksum(page).to_bytes(4, "little")
    return page[:_CHECKSUM_AT] + crc + page[_CHECKSUM_AT + 4 :]
