"""Messages of an increment, written by the numbers of their fields alone."""

from __future__ import annotations

from gdrive_wa.crypt.header import write_varint


def wire(number: int, value: bytes | str | int) -> bytes:
    """One encoded field."""
    if isinstance(value, int):
        return write_varint(number << 3) + write_varint(value)
    body = value.encode() if isinstance(value, str) else value
    return write_varint(number << 3 | 2) + write_varint(len(body)) + body


SPOKEN = wire(8, wire(5, 7) + wire(6, 1))
"""A Message with an AudioMessage of 7 seconds, push-to-talk."""


def a_conversation(
    chat: str,
    *,
    sent: int = 1_704_063_480,
    sender: str = "",
    name: str = "",
    number: str = "1",
    message: bytes = SPOKEN,
) -> bytes:
    """A conversation of one message, as a field of HistorySync."""
    key = wire(1, chat) + wire(3, f"INC{number}") + (wire(4, sender) if sender else b"")
    info = wire(1, key) + wire(2, message) + wire(3, sent)
    named = wire(13, name) if name else b""
    return wire(2, wire(1, chat) + named + wire(2, wire(1, info)))
