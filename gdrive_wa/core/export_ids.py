"""Ids of voice notes from an exported chat, which holds no ids of WhatsApp's."""

from __future__ import annotations

import re
from datetime import datetime

EXPORT_SERVER = "export"
"""What follows the ``@`` in the jid of a chat or a person of which only the name is known."""
_ID = re.compile(r"\d{8}T\d{6} note \d{3,}", re.ASCII)


def exported_id(at: datetime, number: int) -> str:
    """The id of a voice note: the same in each export of its chat.

    Args:
        at: when it was sent, in the local time of the phone.
        number: which of the notes of that time it is, from 1. Android knows minutes only.
    """
    return f"{at:%Y%m%dT%H%M%S} note {number:03}"


def is_exported_id(message_id: str) -> bool:
    """True for an id that :func:`exported_id` made."""
    return _ID.fullmatch(message_id) is not None
