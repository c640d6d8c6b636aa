"""Read and write the pages of Ogg files (RFC 3533), the container of voice notes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from gdrive_wa.core.errors import FormatError

MAGIC = b"OggS"
CONTINUED = 1
"""Page flag: the first packet began on the previous page."""
_HEAD = struct.Struct("<4sxBqIIIB")
_BRIEF = struct.Struct("<4s10xI8xB")
_NO_PACKET_ENDS = -1
_OPUS_HEAD = 12
"""Bytes of the first packet of Opus, with the settings for playing."""
_LONGEST_LACING = 255
_NUMBER_AT, _CHECKSUM_AT = 18, 22
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse."""


class Page(NamedTuple):
    """The position and header of one page.

    Attributes:
        start: offset of its first byte.
        body: offset of its packets' bytes.
        end: offset of the first byte after it.
        flags: :data:`CONTINUED`, 2 for a stream's first page, 4 for its last.
        granule: granule position; in Opus, samples at 48 kHz.
        serial: serial number of the stream.
        number: sequence number of the page in its stream.
        checksum: the stored checksum.
        lacing: segment sizes of its packets; a size below 255 ends a packet.
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
        """Number of packets that end on this page."""
        return len(self.lacing) - self.lacing.count(255)


def pages(content: bytes) -> Iterator[Page]:
    """Iterate over the pages of an Ogg file, without checking their checksums.

    Raises:
        FormatError: there is other data between pages, or the last page is truncated.
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
        end = body + _total(lacing)
        if end > size or body > size:
            raise FormatError("the last page is cut")
        yield Page(at, body, end, flags, granule, serial, number, checksum, lacing)
        at = end


def require_pages(content: bytes, at: int, *, serial: int) -> None:
    """Check that from offset `at` on, there are only complete pages of the stream `serial`.

    This is much faster than :func:`pages`, and needs no object for each page.

    Raises:
        FormatError: there is other data, or the last page is truncated.
    """
    size = len(content)
    while at < size:
        try:
            magic, found, count = _BRIEF.unpack_from(content, at)
        except struct.error as error:
            raise FormatError("the last page is cut") from error
        if magic != MAGIC:
            raise FormatError("not a page of Ogg")
        if found != serial:
            raise FormatError("more than one stream")
        body = at + _HEAD.size + count
        at = body + _total(content[body - count : body])
    if at > size:
        raise FormatError("the last page is cut")


def _total(lacing: bytes) -> int:
    """The sum of up to 255 segment sizes. It is one less than the lower half of their Adler-32 (RFC
    1950, section 8.2), which is twice as fast to compute as the sum.
    """
    return (zlib.adler32(lacing) & 0xFFFF) - 1


def checksum(data: bytes) -> int:
    """Ogg's CRC of a page with a zero checksum field.

    It equals zlib's CRC-32 with reversed bit order and without the two inversions, so that zlib's
    fast code can compute it.
    """
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def one_packet(packet: bytes, *, serial: int, number: int) -> list[bytes]:
    """Build the pages for `packet` alone, at granule position 0, starting at page `number`."""
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
    """Copy `page` of `content` with a new serial number and sequence number.

    The new checksum is derived from the old one and the difference, so that a damaged page keeps
    a wrong checksum.
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


def opus_seconds(content: bytes) -> float | None:
    """How long an Opus file plays, in seconds; None if it is something else, or damaged.

    The last granule position counts samples at 48 kHz, and the first packet says how many of them
    are skipped (RFC 7845, sections 4 and 5.1).
    """
    head, last = b"", 0
    try:
        for page in pages(content):
            head = head or content[page.body : page.end][:_OPUS_HEAD]
            last = max(last, page.granule)
    except FormatError:
        return None
    if not head.startswith(b"OpusHead") or len(head) < _OPUS_HEAD:
        return None
    samples = last - int.from_bytes(head[10:12], "little")
    return round(samples / 48_000, 2) if 0 < samples < 1 << 40 else None
