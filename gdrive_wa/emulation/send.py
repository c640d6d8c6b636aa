"""Send a response, with the faults of its delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gdrive_wa.emulation.fault_effects import Delivery
from gdrive_wa.emulation.http import FileSlice, Response, head_of

SMALL = 256 * 1024
"""Maximum bytes of a body that is sent together with its head."""
PIECE = 64 * 1024
"""Bytes that are sent at a time if there are faults or a limited bandwidth."""
STRETCH = 4 * 1024 * 1024
"""Bytes of a large file that are sent and counted at a time."""
_PLAIN = Delivery()


@dataclass(slots=True)
class SharedBandwidth:
    """The bandwidth that all connections share.

    Attributes:
        limit: bytes a second; None without a limit.
    """

    limit: float | None = None
    _free_at: float = 0.0

    async def consume(self, size: int) -> None:
        """Wait for as long as it takes to send `size` bytes."""
        if self.limit is None:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + size / self.limit
        await asyncio.sleep(self._free_at - now)


async def send(
    writer: asyncio.StreamWriter,
    response: Response,
    *,
    keep: bool,
    delivery: Delivery = _PLAIN,
    bandwidth: SharedBandwidth | None = None,
    count_bytes: Callable[[int], None] = lambda _: None,
) -> bool:
    """Send `response` in the way of `delivery`; return False if the connection cannot continue.

    `count_bytes` is called with the number of bytes of the body just before they are sent.
    """
    keep = keep and _length_is_right(response)
    if delivery.plain and (bandwidth is None or bandwidth.limit is None):
        await _send_plain(writer, response, count_bytes, keep=keep)
        return keep
    complete = await _send_in_pieces(
        writer, response, delivery, bandwidth or SharedBandwidth(), count_bytes, keep=keep
    )
    return keep and complete


async def _send_plain(
    writer: asyncio.StreamWriter,
    response: Response,
    count_bytes: Callable[[int], None],
    *,
    keep: bool,
) -> None:
    body = response.body
    head = head_of(response, keep=keep)
    if isinstance(body, FileSlice):
        with body.path.open("rb") as file:
            if body.size > SMALL:
                writer.write(head)
                await _send_file(writer, file, body, count_bytes)
                return
            file.seek(body.start)
            body = file.read(body.size)
    count_bytes(len(body))
    writer.write(head + body)
    await writer.drain()


async def _send_file(
    writer: asyncio.StreamWriter,
    file: BinaryIO,
    body: FileSlice,
    count_bytes: Callable[[int], None],
) -> None:
    """Let the operating system send the bytes, without reading them here."""
    loop = asyncio.get_running_loop()
    await writer.drain()
    for start in range(0, body.size, STRETCH):
        size = min(STRETCH, body.size - start)
        count_bytes(size)
        await loop.sendfile(writer.transport, file, body.start + start, size)


async def _send_in_pieces(
    writer: asyncio.StreamWriter,
    response: Response,
    delivery: Delivery,
    bandwidth: SharedBandwidth,
    count_bytes: Callable[[int], None],
    *,
    keep: bool,
) -> bool:
    if delivery.stall_at == -1:
        await asyncio.sleep(delivery.stall)
    if delivery.cut_at == -1:
        return False
    writer.write(head_of(response, keep=keep))
    sent = 0
    for piece in _pieces(response, delivery):
        if delivery.stall_at == sent:
            await writer.drain()
            await asyncio.sleep(delivery.stall)
        if delivery.cut_at is not None and sent >= delivery.cut_at:
            break
        await bandwidth.consume(len(piece))
        count_bytes(len(piece))
        writer.write(piece)
        await writer.drain()
        sent += len(piece)
        if delivery.pause:
            await asyncio.sleep(delivery.pause)
    if delivery.reset:
        await asyncio.sleep(0.02)  # otherwise the reset overtakes bytes in flight
    return delivery.cut_at is None and _length_is_right(response)


def _pieces(response: Response, delivery: Delivery) -> Iterator[bytes]:
    """The body in pieces that end at the positions of faults."""
    size = delivery.piece or PIECE
    stops = sorted({at for at in (delivery.stall_at, delivery.cut_at) if at is not None and at > 0})
    at = 0
    while at < response.size:
        upto = min([at + size, response.size, *(stop for stop in stops if stop > at)])
        piece = bytearray(_read(response, at, upto - at))
        if not piece:
            return
        if delivery.swap:
            piece = bytearray(byte ^ 0x5A for byte in piece)
        if delivery.flip_at is not None and at <= delivery.flip_at < upto:
            piece[delivery.flip_at - at] ^= 1
        yield bytes(piece)
        at = upto


def _read(response: Response, at: int, size: int) -> bytes:
    body = response.body
    if isinstance(body, bytes):
        return body[at : at + size]
    with body.path.open("rb") as file:
        file.seek(body.start + at)
        return file.read(size)


def _length_is_right(response: Response) -> bool:
    """False if the declared length differs from the sent one; no other answer can follow then."""
    return response.headers.get("Content-Length", str(response.size)) == str(response.size)
