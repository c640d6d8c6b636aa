"""Give away the pictures and videos of the messages around the chosen notes."""

from __future__ import annotations

from collections.abc import Iterable

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft_file import write_draft
from gdrive_wa.storage.manifest import STATE_FOLDER, Record
from gdrive_wa.storage.tree import Tree


def copy_near_files(
    writer: ArchiveWriter, tree: Tree, records: Iterable[Record], progress: Progress
) -> int:
    """Copy the files of messages near notes, and return their size in bytes.

    Args:
        writer: writes the archive that is given away.
        tree: the folder of the archive with the files.
        records: the files. One that no longer exists is left out, but its message remains.
        progress: may stop the run.

    Raises:
        StorageError: a file cannot be written.
        Interrupted: the user asked to stop.
    """
    size = 0
    for record in records:
        progress.check()
        size += _copy(writer, tree, record)
    return size


def _copy(writer: ArchiveWriter, tree: Tree, record: Record) -> int:
    """Copy the file of a message near a note; return its size, 0 if it no longer exists."""
    try:
        raw, mtime = tree.read(record.path), tree.lstat(record.path).st_mtime
    except OSError:  # the message remains, without its picture
        return 0
    with storage_errors(writer.tree.shown(record.path)):
        draft = write_draft(
            writer.tree, raw, inside=STATE_FOLDER, mtime=mtime, content_sha256=record.content_sha256
        )
    path = record.whatsapp_path or record.path
    writer.place(draft, Entry(stored_as=record.path, path=path, size=len(raw)))
    return len(raw)
