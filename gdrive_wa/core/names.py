"""Make names from a backup safe. Nothing in this module accesses files.

Stored names and contact names come from other people and are not trusted. :func:`safe_path` turns
a stored path into one that stays below a folder on every file system, or refuses it.
:func:`safe_name` turns any text into one file name.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath

from gdrive_wa.core.errors import UnsafeNameError

MAX_NAME_BYTES = 200
"""Maximum length of a file name, in UTF-8 bytes: the usual limit is 255, minus what temporary
files and collisions add."""

MAX_PATH_BYTES = 1024
"""Maximum length of a path, in UTF-8 bytes: the limit of macOS. Typical ones have 100 or 200."""

OWN_PREFIX = ".gdrive-wa"
"""Prefix of this program's state and temporary files; names from a backup must not have it."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_DEVICE = r"(?i:con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *"
_RESERVED = re.compile(rf"^{_DEVICE}(\.|$)")
_DRIVE = re.compile(r"^[A-Za-z]:")
_PLAIN_NAME = r"(?=[A-Za-z0-9])[\w.,()+@-]++(?: [\w.,()+@-]++)*+(?<!\.)"
_PLAIN = re.compile(_PLAIN_NAME, re.ASCII)
_PLAIN_PATH = re.compile(
    rf"(?!{_DEVICE}(?:[./]|$)){_PLAIN_NAME}(?:/(?!{_DEVICE}(?:[./]|$)){_PLAIN_NAME})*", re.ASCII
)
"""A path of names that are safe as they are, as most paths of a backup."""
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d", "\ufe0e", "\ufe0f"}


_SURROGATE = re.compile("[\ud800-\udfff]")


def whole_text(text: str) -> str:
    """`text` in a form that every disk, JSON document, URL and page can contain.

    Half of a surrogate pair, which UTF-8 cannot contain, is written as ``%ud800``, and a byte of a
    file name that is not UTF-8 as ``%ff``. The result identifies the original, but differs from it.
    """
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"%{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"%u{code:04x}"


def safe_name(text: str, *, fallback: str = "unnamed", max_bytes: int = MAX_NAME_BYTES) -> str:
    """Turn any text into a file name that is valid on Linux, macOS and Windows.

    - Characters with a meaning in file systems or shells become ``_``.
    - Invisible characters, such as direction overrides, are removed.
    - The name is normalised to NFC.
    - A leading ``-`` or ``~`` and trailing dots and spaces are removed.
    - Device names (``CON``, ``aux.opus``) get a leading ``_``.
    - A name longer than `max_bytes` is cut and gets a short hash, so that long names stay unique.
    - If nothing is left, the result is `fallback`.
    """
    if _is_plain(text, max_bytes):
        return text
    text = unicodedata.normalize("NFC", whole_text(text))
    text = _FORBIDDEN.sub("_", text)
    if not text.isascii():
        text = "".join(
            c for c in text if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE
        )
        text = unicodedata.normalize("NFC", text)  # removed characters may have separated others
    text = re.sub(r"\s+", " ", text).lstrip("-~ ").rstrip(". ")
    if not text.strip("._ \u200c\u200d\ufe0e\ufe0f"):
        text = fallback
    if _RESERVED.match(text):
        text = "_" + text
    return _cut(text, max_bytes)


def safe_path(stored: str) -> PurePosixPath:
    """Turn a stored path into a relative path that stays below the folder it is joined to.

    Accepts both kinds of separators, refuses paths that :func:`parts_of` refuses, and applies
    :func:`safe_name` to every component.

    Raises:
        UnsafeNameError: the path is empty, absolute, contains ``..`` or a NUL, or is longer than
            :data:`MAX_PATH_BYTES` even with shortened components.
    """
    return PurePosixPath(*safe_parts(stored))


def safe_parts(stored: str) -> list[str]:
    """The components of :func:`safe_path`, without the cost of a path object."""
    if len(stored) <= MAX_NAME_BYTES and _PLAIN_PATH.fullmatch(stored):
        return stored.split("/")
    parts = [_keep_or_clean(part) for part in parts_of(stored)]
    if len("/".join(parts).encode()) > MAX_PATH_BYTES:
        raise UnsafeNameError(f"the stored name {_shown(stored)} is too long for a disk")
    return parts


def parts_of(stored: str) -> list[str]:
    """Split a stored path into its components and check that it stays below its folder.

    Genuine backups have no absolute paths, drive letters or ``..``, so these are refused.

    Raises:
        UnsafeNameError: the path is empty, absolute, or contains ``..`` or a NUL.
    """
    parts = stored.replace("\\", "/").split("/")
    if "\x00" in stored:
        raise UnsafeNameError(f"the stored name {_shown(stored)} contains a NUL")
    if parts[0] == "" or _DRIVE.match(stored):
        raise UnsafeNameError(f"the stored name {_shown(stored)} is empty or absolute")
    if ".." in parts:
        raise UnsafeNameError(f"the stored name {_shown(stored)} leads out of its folder")
    kept = [part for part in parts if part not in ("", ".")]
    if not kept:
        raise UnsafeNameError(f"the stored name {_shown(stored)} has no components")
    return kept


def _shown(stored: str) -> str:
    return ascii(stored[:80])


def folded_name(path: PurePosixPath | str) -> str:
    """A folded form that is equal for names that some file system treats as the same file."""
    name = str(path)
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_plain(text: str, max_bytes: int) -> bool:
    """True if :func:`safe_name` would leave `text` as it is; a quick check of usual names."""
    return (
        len(text) <= max_bytes
        and _PLAIN.fullmatch(text) is not None
        and _RESERVED.match(text) is None
    )


@lru_cache(maxsize=1024)
def _keep_or_clean(part: str) -> str:
    if _is_plain(part, MAX_NAME_BYTES):
        return part
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
