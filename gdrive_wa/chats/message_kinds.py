"""WhatsApp's numbers for the types of messages (proto/README.md, "Messages around a note")."""

from __future__ import annotations

from gdrive_wa.core.context import ContextKind

AUDIO_KINDS = (2, 82, 81, 103)
"""Android's types of messages that can be voice notes."""
SYSTEM_KINDS = "7, 11, 36, 68"
"""Android's types of system messages."""

_ANDROID = {
    0: ContextKind.TEXT,
    1: ContextKind.IMAGE,
    2: ContextKind.AUDIO,
    3: ContextKind.VIDEO,
    4: ContextKind.CONTACT,
    5: ContextKind.LOCATION,
    8: ContextKind.CALL,
    9: ContextKind.DOCUMENT,
    10: ContextKind.CALL,
    13: ContextKind.VIDEO,
    14: ContextKind.CONTACT,
    15: ContextKind.DELETED,
    16: ContextKind.LOCATION,
    20: ContextKind.STICKER,
    26: ContextKind.DOCUMENT,
    42: ContextKind.IMAGE,
    43: ContextKind.VIDEO,
    64: ContextKind.DELETED,
    66: ContextKind.POLL,
    81: ContextKind.VIDEO,
    82: ContextKind.VOICE,
    90: ContextKind.CALL,
}
_APPLE = {
    0: ContextKind.TEXT,
    1: ContextKind.IMAGE,
    2: ContextKind.VIDEO,
    3: ContextKind.AUDIO,
    4: ContextKind.CONTACT,
    5: ContextKind.LOCATION,
    7: ContextKind.TEXT,
    8: ContextKind.DOCUMENT,
    11: ContextKind.VIDEO,
    14: ContextKind.DELETED,
    15: ContextKind.STICKER,
    38: ContextKind.IMAGE,
    39: ContextKind.VIDEO,
    46: ContextKind.POLL,
    53: ContextKind.VOICE,
    54: ContextKind.VIDEO,
    59: ContextKind.CALL,
}
APPLE_SYSTEM_KINDS = "6, 10"
"""An iPhone's types of system messages."""


def kind_of_type(number: int | None) -> ContextKind:
    """The kind of an Android message, in either schema."""
    return _ANDROID.get(-1 if number is None else number, ContextKind.OTHER)


def kind_on_iphone(number: int | None) -> ContextKind:
    """The kind of an iPhone message."""
    return _APPLE.get(-1 if number is None else number, ContextKind.OTHER)
