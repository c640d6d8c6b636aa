"""Sizes, times and untrusted text, formatted for a terminal."""

from __future__ import annotations

from datetime import datetime, tzinfo

KIB = 1024


def size(number: int | None) -> str:
    """A size in bytes as text such as ``3.4 MB`` (units of 1024)."""
    if number is None:
        return "?"
    value = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if value < KIB:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= KIB
    return f"{value:.1f} TB"


def moment(at: datetime | None, form: str = "%Y-%m-%d %H:%M", zone: tzinfo | None = None) -> str:
    """A time in the user's own zone: ``2025-03-02 18:04``. A time so close to the first or last
    representable day that it cannot be converted is shown unconverted."""
    if at is None:
        return "?"
    try:
        return at.astimezone(zone).strftime(form)
    except (ValueError, OverflowError):
        return at.strftime(form)


def plain(text: str) -> str:
    """Text from a backup without characters that control a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
