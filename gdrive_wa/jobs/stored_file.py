"""Describe an entry of a backup as a file to open."""

from __future__ import annotations

from gdrive_wa.archive.tags import NoteTags
from gdrive_wa.core.model import Entry
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.jobs.opening import StoredFile


def stored_file(entry: Entry, path: str, note: NoteTags | None) -> StoredFile:
    """The file of `entry`, to be opened. Its time is a number: for a worker process, a date takes
    more time to pickle than everything else.

    Args:
        entry: the entry.
        path: the path of the local file with its stored bytes.
        note: the tags to write, if it seems to be a voice note.
    """
    metadata = None
    if entry.path != entry.stored_as:
        metadata = FileMetadata(entry.path, entry.plain_md5, entry.plain_size)
    return StoredFile(
        path=path,
        stored_as=entry.stored_as,
        size=entry.size or 0,
        mtime=None if entry.modified is None else entry.modified.timestamp(),
        metadata=metadata,
        plain_by_name=True,
        note=note,
    )
