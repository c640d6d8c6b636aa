"""How long a header may be."""

from __future__ import annotations

MAX_PREFIX_SIZE = 65536
"""Longer prefixes are refused: the longest ever seen has a few hundred bytes."""
MAX_HEADER_SIZE = MAX_PREFIX_SIZE + 16
"""This many bytes hold any header whole."""
