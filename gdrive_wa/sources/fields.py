"""Parse the values in Google's listings; an invalid value gives None and never an error."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Any

from gdrive_wa.core.kinds import LONGEST_ENVELOPE
from gdrive_wa.core.moments import moment_in
from gdrive_wa.core.names import whole_text

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Older than any time; used to compare when a time is unknown."""
_BOM = "\ufeff"
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)


def parse_moment(text: object) -> datetime | None:
    """A time in RFC 3339, as UTC; None for anything else."""
    return moment_in(text)


def parse_size(value: object) -> int | None:
    """A size in bytes, given as a number or digits; None for anything else or absurd sizes."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 10**18 else None
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value.strip()) else None


def parse_md5(value: object) -> str | None:
    """An MD5 in Base64 or hex, as lower-case hex; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        raw = bytes.fromhex(value) if len(value) == 32 else base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 16 else None


def parse_object(value: object) -> dict[str, Any]:
    """A JSON object, parsed, as a string, or as a string in a string; empty for anything else."""
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value.lstrip(_BOM))
            except (ValueError, RecursionError):
                return {}
    return value if isinstance(value, dict) else {}


def parse_envelope(value: object) -> str | None:
    """The text of a metadata envelope; None for anything else, or if it is too long for one."""
    text = parse_text(value)
    return text if text is not None and len(text) <= LONGEST_ENVELOPE else None


def parse_text(value: object) -> str | None:
    """A string that is not empty; None for anything else. See :func:`whole_text`."""
    return whole_text(value) if isinstance(value, str) and value else None
