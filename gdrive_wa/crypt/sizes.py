"""Limits on the size of a header, in bytes (M8)."""

from __future__ import annotations

MAX_PREFIX_SIZE = 65536
"""Maximum size of a prefix; the longest ever seen has a few hundred bytes."""
MAX_HEADER_SIZE = MAX_PREFIX_SIZE + 16
"""Maximum size of a header: the prefix, and its length before it."""
