"""Files go to their place in an archive, and the manifest says so at once."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import IO

from gdrive_wa.archive.layout import message_key
from gdrive_wa.archive.tags import LONGEST_TAGGED, is_opus, tagged, tags_for
from gdrive_wa.core.errors import FormatError, StorageError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft, flush_folders, make_folder
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record

BATCH = 256
"""Small files that are flushed to the disk together. Each is recorded at once, with its size, so
that after a power cut a file that did not reach the disk is known not to be intact."""

_PIECE = 1024 * 1024


class Filing:
    """Puts, moves and removes the files of one archive.

    Args:
        manifest: of the archive, open.
        timezone: of the times in tags; None for this machine's.
        tags: write them.
        progress: who is told when a file had to stay without.
    """

    def __init__(
        self, manifest: Manifest, *, timezone: tzinfo | None, tags: bool, progress: Progress
    ) -> None:
        self._manifest = manifest
        self._folder = manifest.folder
        self._timezone = timezone
        self._tags = tags
        self._progress = progress
        self._unflushed = 0
        self._notes = {record.message: record for record in manifest if record.message is not None}

    def draft(self) -> Draft:
        """A temporary file in the archive's file system."""
        return Draft(self._folder / STATE_FOLDER)

    def held(self, key: str) -> Record | None:
        """The file of the note `key`, while it is as it was written."""
        record = self._notes.get(key)
        return record if record is not None and self._manifest.intact(record) else None

    def put(self, draft: Draft, record: Record, *, mtime: float | None = None) -> str:
        """`draft` becomes the file of `record`; its path."""
        target = self._folder / record.path
        check_inside(self._folder, target)
        draft.commit(target, mtime=mtime, durable=record.size > _PIECE)
        self._unflushed += 1
        if self._unflushed >= BATCH:
            flush_folders(self._folder)
            self._unflushed = 0
        self._add(replace(record, mtime_ns=target.lstat().st_mtime_ns))
        return record.path

    def put_note(self, draft: Draft, record: Record, note: VoiceNote) -> str:
        """`draft` becomes the file of `note`, tagged, dated when it was sent."""
        record = self._tag(draft, note, replace(record, message=message_key(note)))
        mtime = None if note.sent_at is None else note.sent_at.timestamp()
        return self.put(draft, record, mtime=mtime)

    def put_copy(self, source: IO[bytes], record: Record, note: VoiceNote) -> str:
        """What `source` holds becomes the file of `note`, too."""
        with self.draft() as draft:
            with storage_errors(draft.path):
                source.seek(0)
                shutil.copyfileobj(source, draft.file, _PIECE)
                draft.file.flush()
            return self.put_note(draft, record, note)

    def also(self, record: Record, other: Record) -> None:
        """`other`'s stored bytes hold what `record` has already."""
        new = tuple(source for source in other.sources if source not in record.sources)
        if new:
            self._add(replace(record, also=record.also + new))

    def move(self, old: Record, new: Record) -> None:
        """The file of `old` becomes that of `new`."""
        target = self._folder / new.path
        check_inside(self._folder, target)
        make_folder(target.parent)
        with storage_errors(target):
            (self._folder / old.path).replace(target)
        self._add(new)
        self._manifest.drop(old.path)

    def remove(self, record: Record) -> None:
        """The file of `record` lies elsewhere in the archive now."""
        path = self._folder / record.path
        check_inside(self._folder, path)
        with storage_errors(path):
            path.unlink(missing_ok=True)
        self._manifest.drop(record.path)

    def _add(self, record: Record) -> None:
        self._manifest.add(record)
        if record.message is not None:
            self._notes[record.message] = record

    def _tag(self, draft: Draft, note: VoiceNote, record: Record) -> Record:
        """Write tags into the draft; the record of what it holds then."""
        draft.file.seek(0)
        if not (self._tags and is_opus(draft.file.read(64))):
            return record
        draft.file.seek(0)
        content = draft.file.read(LONGEST_TAGGED + 1)
        try:
            content = tagged(content, tags_for(note, self._timezone))
        except FormatError as error:
            self._progress.say(f"{record.path}: kept without tags: {error.message}")
            return record
        with storage_errors(draft.path):
            draft.file.seek(0)
            draft.file.truncate()
            draft.file.write(content)
        return replace(record, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def check_inside(folder: Path, target: Path) -> None:
    """Refuse to write through a link that leads out of `folder`.

    Raises:
        StorageError: one does.
    """
    parent = target.parent
    while not parent.exists() and parent != folder and not parent.is_symlink():
        parent = parent.parent
    if not parent.resolve().is_relative_to(folder.resolve()):
        raise StorageError(
            f"a link leads out of the archive: {parent}",
            hint="remove the link; the archive writes only inside its own folder",
        )
