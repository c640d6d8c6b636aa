"""Bytes, moments and other people's words as they are shown at a terminal."""

from __future__ import annotations

from datetime import datetime, tzinfo

KIB = 1024


def size(number: int | None) -> str:
    """Bytes for people: ``3.4 MB`` (units of 1024)."""
    if number is None:
        return "?"
    value = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if value < KIB:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= KIB
    return f"{value:.1f} TB"


def moment(at: datetime | None, form: str = "%Y-%m-%d %H:%M", zone: tzinfo | None = None) -> str:
    """When, in the user's own time: ``2025-03-02 18:04``. A backup may claim the first or the last
    day there is, which is none elsewhere: then as it is."""
    if at is None:
        return "?"
    try:
        return at.astimezone(zone).strftime(form)
    except (ValueError, OverflowError):
        return at.strftime(form)


def plain(text: str) -> str:
    """Text from a backup without anything a terminal would obey."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
