"""Write files into an archive in batches and record them in the manifest."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from types import TracebackType
from typing import Self

from gdrive_wa.archive.layout import note_id_of
from gdrive_wa.archive.tags import LONGEST_TAGGED, is_opus, tagged, tags_for
from gdrive_wa.core.errors import FormatError, StorageError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.batch import Batch
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import make_folder
from gdrive_wa.storage.draft_file import DraftFile, write_draft
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record


class ArchiveStore:
    """Writes, moves and removes the files of one archive.

    A context manager: on exit, as after :meth:`flush`, all files have their final names.

    Args:
        manifest: the archive's open manifest.
        timezone: for the times in tags; None for this machine's.
        tags: whether to write tags.
        progress: receives a message for each file that cannot be tagged.

    Attributes:
        folder: the archive's folder.
        drafts: the folder for temporary files.
    """

    def __init__(
        self, manifest: Manifest, *, timezone: tzinfo | None, tags: bool, progress: Progress
    ) -> None:
        self.drafts = str((manifest.folder / STATE_FOLDER).absolute())
        self._manifest = manifest
        self.folder = manifest.folder
        self._timezone = timezone
        self._tags = tags
        self._progress = progress
        self._batch = Batch(manifest)
        self._inside: set[str] = set()
        self._notes = {record.message: record for record in manifest if record.message is not None}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._batch.__exit__(kind, error, trace)

    def flush(self) -> list[tuple[Record, StorageError]]:
        """Give all files their final names; return the records whose names the disk refused."""
        self._batch.flush()
        refused, self._batch.refused = self._batch.refused, []
        for record, _ in refused:
            self._notes.pop(record.message or "", None)
        return refused

    def tick(self) -> None:
        """Call this when idle: writes files that have waited long enough."""
        self._batch.tick()

    def when_flushed(self, call: Callable[[], None]) -> None:
        """Run `call` once all files so far have their final names."""
        self._batch.when_flushed(call)

    def existing_file(self, note_id: str) -> Record | None:
        """The record of the file of note `note_id`, if it is intact."""
        record = self._notes.get(note_id)
        return record if record is not None and self._manifest.intact(record) else None

    def put(self, draft: DraftFile, record: Record) -> str:
        """Write `draft` as the file of `record` and return its path."""
        self._check_inside(record.path)
        record = replace(record, size=draft.size, sha256=draft.sha256, mtime_ns=draft.mtime_ns)
        self._batch.add(draft, record)
        if record.message is not None:
            self._notes[record.message] = record
        return record.path

    def put_note(self, draft: DraftFile, record: Record, note: VoiceNote) -> str:
        """Write `draft` as the file of `note`, with tags and the date of sending."""
        note_id = note_id_of(note)
        if draft.tagged_for != note_id:
            draft = _dated(self._tag(draft, record, note), draft.mtime_ns, note)
        return self.put(draft, replace(record, message=note_id))

    def put_copy(self, source: str | Path, record: Record, note: VoiceNote) -> str:
        """Write a copy of the archive's file `source` as the file of `note`."""
        with storage_errors(source):
            content = Path(source).read_bytes()
        copy = write_draft(self.drafts, content, content_sha256=record.content_sha256)
        return self.put_note(copy, record, note)

    def discard(self, draft: DraftFile) -> None:
        """Delete `draft`."""
        with storage_errors(draft.path):
            os.unlink(draft.path)

    def also(self, record: Record, other: Record) -> None:
        """Add the sources of `other`, which has the same content, to `record`."""
        new = tuple(source for source in other.sources if source not in record.sources)
        if new:
            more = replace(record, also=record.also + new)
            self._batch.amend(more)
            if more.message is not None:
                self._notes[more.message] = more

    def rename_note(self, old_id: str, new_id: str) -> None:
        """Give the file of note `old_id` to note `new_id`; if that has a file, to no note."""
        record = self._notes.pop(old_id, None)
        if record is None:
            return
        message = None if self.existing_file(new_id) is not None else new_id
        record = replace(record, message=message)
        self._batch.amend(record)
        if message is not None:
            self._notes[message] = record

    def move(self, old: Record, new: Record) -> None:
        """Rename the file of `old` to the path of `new`."""
        self.flush()
        target = self.folder / new.path
        self._check_inside(new.path)
        make_folder(target.parent)
        with storage_errors(target):
            (self.folder / old.path).replace(target)
        self._add(new)
        self._manifest.drop(old.path)

    def remove(self, record: Record) -> None:
        """Delete the file of `record`, which has another copy in the archive."""
        self.flush()
        path = self.folder / record.path
        self._check_inside(record.path)
        with storage_errors(path):
            path.unlink(missing_ok=True)
        self._manifest.drop(record.path)

    def _add(self, record: Record) -> None:
        self._manifest.add(record)
        if record.message is not None:
            self._notes[record.message] = record

    def _tag(self, draft: DraftFile, record: Record, note: VoiceNote) -> DraftFile:
        """Add the tags of `note` to `draft`, if its format allows."""
        if not (self._tags and is_opus(draft.start)) or draft.size > LONGEST_TAGGED:
            return draft
        with storage_errors(draft.path):
            content = Path(draft.path).read_bytes()
        try:
            content = tagged(content, tags_for(note, self._timezone))
        except FormatError as error:
            self._progress.say(f"{record.path}: kept without tags: {error.message}")
            return draft
        new = write_draft(
            self.drafts,
            content,
            content_sha256=draft.content_sha256,
            tagged_for=note_id_of(note),
        )
        self.discard(draft)
        return new

    def _check_inside(self, path: str) -> None:
        """As :func:`check_inside`, but checks each folder only once per run."""
        folder = path.rpartition("/")[0]
        if folder not in self._inside:
            check_inside(self.folder, self.folder / path)
            self._inside.add(folder)


def _dated(draft: DraftFile, usual_ns: int, note: VoiceNote) -> DraftFile:
    """Set the modification time of `draft` to when `note` was sent, or to `usual_ns`."""
    with storage_errors(draft.path):
        if note.sent_at is None:
            os.utime(draft.path, ns=(usual_ns, usual_ns))
        else:
            moment = note.sent_at.timestamp()
            os.utime(draft.path, (moment, moment))
        return draft._replace(mtime_ns=os.stat(draft.path).st_mtime_ns)


def check_inside(folder: Path, target: Path) -> None:
    """Check that no symbolic link leads from `target` out of `folder`.

    Raises:
        StorageError: a link leads out.
    """
    parent = target.parent
    while not parent.exists() and parent != folder and not parent.is_symlink():
        parent = parent.parent
    if not parent.resolve().is_relative_to(folder.resolve()):
        raise StorageError(
            f"the link '{parent}' leads out of the archive",
            hint="remove the link; the archive writes only inside its own folder",
        )
