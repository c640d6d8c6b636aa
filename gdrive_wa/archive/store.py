"""Write files into an archive in batches and record them in the manifest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from types import TracebackType
from typing import Self

from gdrive_wa.archive.layout import note_id_of
from gdrive_wa.archive.tags import LONGEST_TAGGED, is_opus, tagged, tags_for
from gdrive_wa.core.errors import FormatError, StorageError
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.batch import Batch
from gdrive_wa.storage.disk import explain, storage_errors
from gdrive_wa.storage.draft import move_into_place
from gdrive_wa.storage.draft_file import DraftFile, write_draft
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record
from gdrive_wa.storage.tree import Tree


class ArchiveStore:
    """Writes, moves and removes the files of one archive.

    A context manager: on exit, as after :meth:`flush`, all files have their final names.

    Args:
        manifest: the archive's open manifest.
        timezone: for the times in tags; None for this machine's.
        tags: whether to write tags.
        progress: receives a message for each file that cannot be tagged.

    Attributes:
        drafts: the folder for temporary files.
    """

    def __init__(
        self, manifest: Manifest, *, timezone: tzinfo | None, tags: bool, progress: Progress
    ) -> None:
        self.drafts = str((manifest.folder / STATE_FOLDER).absolute())
        self._manifest = manifest
        self._tree = manifest.tree
        self._timezone = timezone
        self._tags = tags
        self._progress = progress
        self._batch = Batch(manifest)
        self._checked: set[str] = set()
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
        folder = record.path.rpartition("/")[0]
        if folder not in self._checked:  # once is enough: renaming a file follows no link either
            check_inside(self._tree, record.path)
            self._checked.add(folder)
        written = (draft.size, draft.sha256, draft.mtime_ns)
        if (record.size, record.sha256, record.mtime_ns) != written:
            record = replace(record, size=draft.size, sha256=draft.sha256, mtime_ns=draft.mtime_ns)
        self._batch.add(draft, record)
        if record.message is not None:
            self._notes[record.message] = record
        return record.path

    def put_note(self, draft: DraftFile, record: Record, note: VoiceNote) -> str:
        """Write `draft` as the file of `note`, with tags and the date of sending."""
        note_id = note_id_of(note)
        if draft.tagged_for != note_id:
            draft = self._dated(self._tag(draft, record, note), draft.mtime_ns, note)
        if record.message != note_id:
            record = replace(record, message=note_id)
        return self.put(draft, record)

    def put_copy(self, source: str, record: Record, note: VoiceNote) -> str:
        """Write a copy of the archive's file `source` as the file of `note`."""
        copy = self._write_draft(self._read(source), content_sha256=record.content_sha256)
        return self.put_note(copy, record, note)

    def discard(self, draft: DraftFile) -> None:
        """Delete `draft`."""
        with storage_errors(draft.path):
            self._tree.unlink(draft.path)

    def also(self, record: Record, other: Record) -> None:
        """Add the sources of `other`, which has the same content, to `record`."""
        new = tuple(source for source in other.sources if source not in record.sources)
        if new:
            more = replace(record, also=record.also + new)
            self._batch.amend(more)
            if more.message is not None:
                self._notes[more.message] = more

    def rename_note(self, old_id: str, new_id: str) -> None:
        """Assign the file of note `old_id` to note `new_id`, or to no note if that one has a file
        already."""
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
        move_into_place(old.path, new.path, self._tree)
        self._add(new)
        self._manifest.drop(old.path)

    def remove(self, record: Record) -> None:
        """Delete the file of `record`, which has another copy in the archive."""
        self.flush()
        with storage_errors(self._tree.shown(record.path)):
            self._tree.unlink(record.path)
        self._manifest.drop(record.path)

    def drop_missing(self) -> None:
        """Drop the records of files that no longer exist, if their notes or entries have other
        files.

        If part of a manifest was damaged, files were written again under other names.
        """
        same: dict[str | None, list[Record]] = {}
        for record in self._manifest:
            same.setdefault(record.message or record.stored_as, []).append(record)
        same.pop(None, None)
        for records in same.values():
            gone = [] if len(records) == 1 else [each for each in records if self._is_gone(each)]
            for record in gone if len(gone) < len(records) else ():
                self._manifest.drop(record.path)

    def _is_gone(self, record: Record) -> bool:
        return not self._tree.lexists(record.path)

    def _add(self, record: Record) -> None:
        self._manifest.add(record)
        if record.message is not None:
            self._notes[record.message] = record

    def _tag(self, draft: DraftFile, record: Record, note: VoiceNote) -> DraftFile:
        """Add the tags of `note` to `draft`, if its format allows."""
        if not (self._tags and is_opus(draft.start)) or draft.size > LONGEST_TAGGED:
            return draft
        try:
            content = tagged(self._read(draft.path), tags_for(note, self._timezone))
        except FormatError as error:
            self._progress.say(f"{record.path}: kept without tags: {error.message}")
            return draft
        new = self._write_draft(
            content, content_sha256=draft.content_sha256, tagged_for=note_id_of(note)
        )
        self.discard(draft)
        return new

    def _dated(self, draft: DraftFile, usual_ns: int, note: VoiceNote) -> DraftFile:
        """Set the modification time of `draft` to when `note` was sent, or to `usual_ns`."""
        with storage_errors(draft.path):
            if note.sent_at is None:
                self._tree.set_time_ns(draft.path, usual_ns)
            else:
                self._tree.set_time(draft.path, note.sent_at.timestamp())
            return draft._replace(mtime_ns=self._tree.lstat(draft.path).st_mtime_ns)

    def _read(self, name: str) -> bytes:
        with storage_errors(name):
            return self._tree.read(name)

    def _write_draft(
        self, content: bytes, *, content_sha256: str | None, tagged_for: str | None = None
    ) -> DraftFile:
        return write_draft(
            self._tree,
            content,
            inside=STATE_FOLDER,
            content_sha256=content_sha256,
            tagged_for=tagged_for,
        )


def check_inside(tree: Tree, name: str) -> None:
    """Check that the folders above `name` are not links.

    Raises:
        StorageError: one of them is.
    """
    try:
        tree.check_folder(name.rpartition("/")[0])
    except OSError as error:
        raise explain(error, tree.shown(name)) from error
