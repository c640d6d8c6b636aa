"""Convert values of untrusted databases to the expected types, or to None."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from sys import intern

from gdrive_wa.core.moments import END_SECONDS, moment_at
from gdrive_wa.core.names import whole_text
from gdrive_wa.core.numbers import LARGEST
from gdrive_wa.core.waveform import Waveform

_SECONDS = range(1_230_768_000, END_SECONDS)
"""Times in seconds since 2009, when WhatsApp began. As milliseconds, they are in January 1970."""

_DIGITS = re.compile(r"[+-]?\d{1,18}(?:\.\d*)?")
_WAVEFORM = 64
_LOUDNESS = bytes(range(101))

_MARKS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
"""Characters that only change the direction of writing, which phones put around names."""
_MERE_NUMBER = re.compile(r"[\d+().\s\u2010\u2011\u202f\u00a0-]*")


def as_int(value: object) -> int | None:
    """An integer of at most 63 bits, stored as any type; None for other values."""
    if value is None:
        return None
    if isinstance(value, int):
        return value if -0x7FFF_FFFF_FFFF_FFFF <= value <= 0x7FFF_FFFF_FFFF_FFFF else None
    if isinstance(value, float):
        return int(value) if abs(value) < 1e18 else None
    shown = text(value)
    if shown is None or not _DIGITS.fullmatch(shown.strip()):
        return None
    return int(float(shown)) if "." in shown else int(shown)


def flag(value: object) -> bool:
    """True for a number other than 0."""
    return bool(as_int(value))


def text(value: object) -> str | None:
    """A text that is not empty, without NULs; None for an empty one."""
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        return None
    if "\x00" in value:
        value = value.replace("\x00", "")
    return (value if value.isascii() else whole_text(value)) or None


def name_text(value: object) -> str | None:
    """A name, without the marks of direction around it; None for an empty one."""
    shown = text(value)
    return None if shown is None else shown.translate(_MARKS).strip() or None


def person_name(value: object) -> str | None:
    """Like :func:`name_text`; None for a number, which is stored in place of a missing name."""
    shown = name_text(value)
    return None if shown is None or _MERE_NUMBER.fullmatch(shown) else shown


def moment(*values: object) -> datetime | None:
    """The first of `values`, in milliseconds since 1970 UTC, that is a plausible time of a message.

    A value that is only plausible in seconds is taken as seconds.
    """
    for value in values:
        number = as_int(value)
        if number is not None and number in _SECONDS:
            number *= 1000
        if number and (found := moment_at(number / 1000)) is not None:
            return found
    return None


def positive(*values: object) -> int | None:
    """The first of `values` that is a number above 0 and not absurdly large; None without one."""
    for value in values:
        number = as_int(value)
        if number is not None and 0 < number <= LARGEST:
            return number
    return None


def sha256_hex(value: object) -> str | None:
    """A SHA-256 that is stored in base64, as hex; None for other values."""
    shown = text(value)
    if shown is None:
        return None
    try:
        raw = binascii.a2b_base64(shown.strip(), strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return intern(raw.hex()) if len(raw) == 32 else None  # the note's file has the same


def waveform(value: object) -> Sequence[int]:
    """64 loudness values from 0 to 100; empty if `value` is anything else."""
    if not isinstance(value, bytes) or len(value) != _WAVEFORM or value.translate(None, _LOUDNESS):
        return ()
    return Waveform(value)
