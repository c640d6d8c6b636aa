"""The fields of a protobuf message without a schema, read as untrusted bytes."""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


def bytes_fields(value: object) -> Iterator[tuple[int, bytes]]:
    """The number and content of each field with bytes, text or a message.

    Reading ends at the first byte that cannot be part of a message. A value that is not bytes has
    no fields.
    """
    raw, at = value if isinstance(value, bytes) else b"", 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        kind = tag & 7
        if kind == _BYTES:
            size, at = _varint(raw, at)
            if at + size > len(raw):
                return
            yield tag >> 3, raw[at : at + size]
            at += size
        elif kind == _VARINT:
            _, at = _varint(raw, at)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            return


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number and its end; the end of `raw` for a truncated or too long one."""
    value = 0
    for place, byte in enumerate(raw[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    return 0, len(raw)
