"""Distinguish voice notes from attached audio files.

Format facts: proto/README.md, "Voice notes". A forwarded note loses the push-to-talk mark, and
notes from some business programs never had it; for the receiver, they are still voice notes.
"""

from __future__ import annotations

import re

_RECORDED = re.compile(r"^audio/ogg\s*;\s*codecs\s*=\s*\"?opus", re.IGNORECASE)
"""The type that the app gives to its recordings; other files have ``audio/ogg`` or another type."""
_NAMED = re.compile(r"(^|[/\\])(\.trashed-\d+-)?ptt-|voice notes[/\\]", re.IGNORECASE)


def is_named_as_spoken(path: str | None) -> bool:
    """True for ``PTT-…`` and for files in a folder of voice notes."""
    return path is not None and _NAMED.search(path) is not None


def is_spoken(
    *,
    marked: bool | None,
    mime_type: str | None,
    path: str | None,
    waveform: bool = False,
    forwarded: bool = False,
) -> bool:
    """Whether an audio message is a voice note.

    Args:
        marked: it has the push-to-talk mark; None if the database has no column for it.
        mime_type: the type of its file.
        path: the path of its file, or the name.
        waveform: the app drew a waveform for it.
        forwarded: it was forwarded.
    """
    if marked:
        return True
    kind = (mime_type or "").lower()
    if kind.startswith(("image/", "video/", "text/")):
        return False
    if is_named_as_spoken(path):
        return True
    opus = "opus" in kind or "/ogg" in kind or (path or "").lower().endswith(".opus")
    if opus and (waveform or forwarded):
        return True
    return marked is not None and _RECORDED.match(kind) is not None
