"""Ids of voice notes from an exported chat, which does not contain WhatsApp's ids."""

from __future__ import annotations

import re
from datetime import datetime

EXPORT_SERVER = "export"
"""The part after the ``@`` in the jid of a chat or person of which only the name is known."""
_ID = re.compile(r"\d{8}T\d{6} note \d{3,}", re.ASCII)


def exported_id(at: datetime, number: int) -> str:
    """The id of a voice note: the same in each export of its chat.

    Args:
        at: time of sending, in the local time of the phone.
        number: its position among the notes of that time, from 1. Android has only minutes.
    """
    return f"{at:%Y%m%dT%H%M%S} note {number:03}"


def is_exported_id(message_id: str) -> bool:
    """True for an id that :func:`exported_id` made."""
    return _ID.fullmatch(message_id) is not None
