"""Numbers from outside: each becomes an integer within bounds, or None."""

from __future__ import annotations

LARGEST = (1 << 53) - 1
"""The largest number that JSON, JavaScript and databases all hold exactly: 8 PiB, as a size."""


def whole_number(value: object, *, least: int = 0, most: int = LARGEST) -> int | None:
    """An integer from `least` to `most`; None for text, a boolean or anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if least <= value <= most else None
