"""Files go to their place in an archive, in batches, and the manifest says so."""

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
    """Puts, moves and removes the files of one archive. A context manager: what was put has its
    name when it is left, or after :meth:`flush`.

    Args:
        manifest: of the archive, open.
        timezone: of the times in tags; None for this machine's.
        tags: write them.
        progress: is told when a file had to stay without.

    Attributes:
        folder: the archive's.
        drafts: the folder where its temporary files lie.
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
        """Everything that was put has its name now; the records whose names the disk refused."""
        self._batch.flush()
        refused, self._batch.refused = self._batch.refused, []
        for record, _ in refused:
            self._notes.pop(record.message or "", None)
        return refused

    def tick(self) -> None:
        """Nothing came for a moment: use it to write what has waited long enough."""
        self._batch.tick()

    def when_flushed(self, call: Callable[[], None]) -> None:
        """`call` something once all that was put so far has its name."""
        self._batch.when_flushed(call)

    def existing_file(self, note_id: str) -> Record | None:
        """The file of the note `note_id`, while it is as it was written."""
        record = self._notes.get(note_id)
        return record if record is not None and self._manifest.intact(record) else None

    def put(self, draft: DraftFile, record: Record) -> str:
        """`draft` becomes the file of `record`; its path."""
        self._check_inside(record.path)
        record = replace(record, size=draft.size, sha256=draft.sha256, mtime_ns=draft.mtime_ns)
        self._batch.add(draft, record)
        if record.message is not None:
            self._notes[record.message] = record
        return record.path

    def put_note(self, draft: DraftFile, record: Record, note: VoiceNote) -> str:
        """`draft` becomes the file of `note`, tagged, dated when it was sent."""
        note_id = note_id_of(note)
        if draft.tagged_for != note_id:
            draft = _dated(self._tag(draft, record, note), draft.mtime_ns, note)
        return self.put(draft, replace(record, message=note_id))

    def put_copy(self, source: str | Path, record: Record, note: VoiceNote) -> str:
        """What the file `source` of this archive holds becomes the file of `note`, too."""
        with storage_errors(source):
            content = Path(source).read_bytes()
        copy = write_draft(self.drafts, content, content_sha256=record.content_sha256)
        return self.put_note(copy, record, note)

    def discard(self, draft: DraftFile) -> None:
        """`draft` is not needed after all."""
        with storage_errors(draft.path):
            os.unlink(draft.path)

    def also(self, record: Record, other: Record) -> None:
        """`other`'s stored bytes hold what `record` has already."""
        new = tuple(source for source in other.sources if source not in record.sources)
        if new:
            more = replace(record, also=record.also + new)
            self._batch.amend(more)
            if more.message is not None:
                self._notes[more.message] = more

    def move(self, old: Record, new: Record) -> None:
        """The file of `old` becomes that of `new`."""
        self.flush()
        target = self.folder / new.path
        self._check_inside(new.path)
        make_folder(target.parent)
        with storage_errors(target):
            (self.folder / old.path).replace(target)
        self._add(new)
        self._manifest.drop(old.path)

    def remove(self, record: Record) -> None:
        """The file of `record` lies elsewhere in the archive now."""
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
        """`draft` with the tags of `note`; as it is where it cannot carry any."""
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
        """Refuse to write through a link that leads out; each folder is looked at once a run."""
        folder = path.rpartition("/")[0]
        if folder not in self._inside:
            check_inside(self.folder, self.folder / path)
            self._inside.add(folder)


def _dated(draft: DraftFile, usual_ns: int, note: VoiceNote) -> DraftFile:
    """`draft` with the time at which `note` was sent; with `usual_ns` where that is unknown."""
    with storage_errors(draft.path):
        if note.sent_at is None:
            os.utime(draft.path, ns=(usual_ns, usual_ns))
        else:
            moment = note.sent_at.timestamp()
            os.utime(draft.path, (moment, moment))
        return draft._replace(mtime_ns=os.stat(draft.path).st_mtime_ns)


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
