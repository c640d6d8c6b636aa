"""Decode the 64 digits that people typed or pasted.

Format facts: proto/README.md, "Keys" (M3).
"""

from __future__ import annotations

import unicodedata

_NO_CHARACTER = "\ufffd"
"""The replacement character, which decoders write for invalid bytes."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decode_text(raw: bytes) -> str | None:
    """`raw` as UTF-8 text, with or without a byte order mark, or as UTF-16 text with one, which
    PowerShell writes; None if it is not text.
    """
    try:
        text = raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    fine = all((c.isprintable() and c != _NO_CHARACTER) or _is_separator(c) for c in text)
    return text if fine else None


def strip_separators(typed: str) -> str:
    """`typed` without the characters that people, apps and web pages put between the digits."""
    return "".join(c for c in typed if not _is_separator(c))


def _is_separator(char: str) -> bool:
    """True for white space, a colon, and the dashes and invisible characters of Unicode."""
    return char.isspace() or char == ":" or unicodedata.category(char) in ("Pd", "Cf")
