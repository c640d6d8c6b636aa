"""Bytes as people read them."""

from __future__ import annotations

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
