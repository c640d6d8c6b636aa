"""Names that come from a backup, made safe. Pure: no file is touched here.

A backup's names were written by somebody else's program on somebody else's phone, and contact
names by anybody at all. :func:`safe_path` turns a stored path into one that stays below a
folder on every file system, or refuses; :func:`safe_name` turns any text into one file name.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath

from gdrive_wa.core.errors import UnsafeNameError

MAX_NAME_BYTES = 200
"""Longest file name made here, in UTF-8 bytes: 255 is the usual limit of a file system, less
what a temporary file or a collision adds."""

MAX_PATH_BYTES = 1024
"""Longest path made here, in UTF-8 bytes: what macOS takes. Real ones have a hundred or two."""

OWN_PREFIX = ".gdrive-wa"
"""What the names of this program's own state and temporary files begin with; no name of a
backup keeps it."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED = re.compile(
    r"^(con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)", re.IGNORECASE
)
_DRIVE = re.compile(r"^[A-Za-z]:")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d", "\ufe0e", "\ufe0f"}


def safe_name(text: str, *, fallback: str = "unnamed", max_bytes: int = MAX_NAME_BYTES) -> str:
    """One file name out of any text, valid on Linux, macOS and Windows.

    Characters that a file system or a shell gives a meaning, control characters and direction
    overrides become ``_`` or go; names are NFC; a leading ``-`` or ``~`` and trailing dots and
    spaces go; device names (``CON``, ``aux.opus``) get a leading ``_``; what is longer than
    `max_bytes` in UTF-8 is cut and gets a short hash of the whole, so that two long names
    stay two. A text with nothing left in it becomes `fallback`.
    """
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    text = _FORBIDDEN.sub("_", text)
    if not text.isascii():
        text = "".join(
            c for c in text if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE
        )
        text = unicodedata.normalize("NFC", text)  # what was invisible may have stood between
    text = re.sub(r"\s+", " ", text).lstrip("-~ ").rstrip(". ")
    if not text.strip("._ \u200c\u200d\ufe0e\ufe0f"):
        text = fallback
    if _RESERVED.match(text):
        text = "_" + text
    return _cut(text, max_bytes)


def safe_path(stored: str) -> PurePosixPath:
    """A stored path as a relative path that stays below the folder it is joined to.

    Separators of both kinds are understood. What :func:`parts_of` refuses is refused; every
    component goes through :func:`safe_name`.

    Raises:
        UnsafeNameError: the path is empty, absolute, climbs, holds a NUL, or is longer than
            :data:`MAX_PATH_BYTES`, its components shortened.
    """
    return PurePosixPath(*safe_parts(stored))


def safe_parts(stored: str) -> list[str]:
    """The components of :func:`safe_path`, for whoever makes thousands."""
    parts = [_keep_or_clean(part) for part in parts_of(stored)]
    if len("/".join(parts).encode()) > MAX_PATH_BYTES:
        raise UnsafeNameError(f"the stored name {_shown(stored)} is longer than a disk takes")
    return parts


def parts_of(stored: str) -> list[str]:
    """The components of a stored path, as they are, once it is known to stay below its folder.

    A path that is absolute, has a drive letter, or climbs with ``..`` is refused, for no honest
    backup has one.

    Raises:
        UnsafeNameError: the path is empty, absolute, climbs, or holds a NUL.
    """
    parts = stored.replace("\\", "/").split("/")
    if "\x00" in stored:
        raise UnsafeNameError(f"the stored name {_shown(stored)} holds a NUL")
    if parts[0] == "" or _DRIVE.match(stored):
        raise UnsafeNameError(f"the stored name {_shown(stored)} is empty or absolute")
    if ".." in parts:
        raise UnsafeNameError(f"the stored name {_shown(stored)} leads out of its folder")
    kept = [part for part in parts if part not in ("", ".")]
    if not kept:
        raise UnsafeNameError(f"the stored name {_shown(stored)} names nothing")
    return kept


def _shown(stored: str) -> str:
    return ascii(stored[:80])


def folded_name(path: PurePosixPath | str) -> str:
    """What two names share when some file system would take them for the same file."""
    name = str(path)
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


@lru_cache(maxsize=1024)
def _keep_or_clean(part: str) -> str:
    cleaned = safe_name(part)
    if folded_name(cleaned).startswith(OWN_PREFIX):
        cleaned = safe_name("_" + cleaned)
    return cleaned if folded_name(cleaned) == folded_name(part) else _with_hash(cleaned, part)


def _with_hash(cleaned: str, original: str) -> str:
    mark = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    suffix = _suffix(cleaned)
    stem = cleaned[: len(cleaned) - len(suffix)] if suffix else cleaned
    return _cut(f"{stem}~{mark}{suffix}", MAX_NAME_BYTES)


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return "." + suffix if dot and stem and len(suffix) <= 16 else ""


def _cut(text: str, max_bytes: int) -> str:
    encoded = text.encode("utf-8")
    if len(encoded) <= max_bytes:
        return text
    mark = "~" + hashlib.sha256(encoded).hexdigest()[:8]
    suffix = _suffix(text)
    if len(mark) + len(suffix.encode("utf-8")) > max_bytes // 2:
        suffix = ""
    room = max_bytes - len(suffix.encode("utf-8")) - len(mark)
    stem = encoded[:room].decode("utf-8", "ignore").rstrip(". ") or "_"
    return f"{stem}{mark}{suffix}"
