"""Notes with files in the backup that could not be fetched or opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gdrive_wa.archive.match import Matcher
from gdrive_wa.core.kinds import Kind, is_encrypted
from gdrive_wa.core.model import Entry, VoiceNote

_TAG_SIZE = 16
"""Bytes by which an encrypted media file is longer than its content (proto/README.md, mcrypt1)."""


def withheld_notes(
    entries: Iterable[Entry], matcher: Matcher, notes: Mapping[str, VoiceNote]
) -> set[str]:
    """The ids of the notes that are, or may be, in files that failed.

    A file whose metadata cannot be opened has no name, so it may be any note of the same size or
    of unknown size. If its own size is unknown too, it may be any note.

    Args:
        entries: the entries of this run that failed.
        matcher: finds notes by path.
        notes: the notes of this run's databases, by id.
    """
    failed: set[str] = set()
    sizes: set[int | None] = set()
    for entry in entries:
        if entry.kind is Kind.UNKNOWN and is_encrypted(entry.path):
            sizes.add(None if entry.size is None else entry.size - _TAG_SIZE)
        else:
            failed.update(matcher.by_path(entry.path))
    if sizes:
        failed.update(
            note_id
            for note_id, note in notes.items()
            if note.size is None or note.size in sizes or None in sizes
        )
    return failed
