"""Write an archive: files arrive one by one and get their final path.

    with ArchiveWriter(folder) as archive:
        …place the databases…
        archive.expect(notes)
        …place the media…
        archive.finish()

The manifest lists the files on disk, and the status of each note follows from it. After an
interrupted run, the next one simply continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from gdrive_wa.archive.assign_existing import assign_existing
from gdrive_wa.archive.catalogue import NoteCatalogue, former_notes
from gdrive_wa.archive.database_folder import DatabaseFolder, SamePhone
from gdrive_wa.archive.finalise import finalised_notes, write_lists
from gdrive_wa.archive.layout import (
    UNMATCHED,
    VOICE_FOLDER,
    Layout,
    database_name,
    media_path,
    note_id_of,
    owner_of,
)
from gdrive_wa.archive.recover import recover_untracked
from gdrive_wa.archive.store import ArchiveStore
from gdrive_wa.archive.tags import NoteTags, is_opus, tags_for
from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.core.names import safe_name
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.storage.draft_file import DraftFile
from gdrive_wa.storage.manifest import Manifest, Record
from gdrive_wa.storage.tree import Tree


class ArchiveWriter:
    """One run into an archive, with exclusive access to it. Not thread-safe.

    Args:
        dest: the archive's folder; created if necessary.
        timezone: for the times in names and tags; None for this machine's.
        tags: write sender and date into Opus files; otherwise files stay as on the phone.
        account: the account of the backup; databases of other accounts get their own folder.
        same_phone: compares the databases of two accounts if the source reports no account.
        progress: receives messages for the user.

    Raises:
        StorageError: another run uses the folder, or it cannot be written.
        FormatError: the manifest is damaged, or a newer gdrive-wa wrote it.
    """

    def __init__(
        self,
        dest: Path,
        *,
        timezone: tzinfo | None = None,
        tags: bool = True,
        account: str | None = None,
        same_phone: SamePhone = lambda *_: None,
        progress: Progress | None = None,
    ) -> None:
        self.folder = dest
        self._timezone = timezone
        self._tags = tags
        self._account = account
        self._progress = progress or Silent()
        self._manifest = Manifest(dest)
        self._databases = DatabaseFolder(self._manifest, account, same_phone)

    def __enter__(self) -> Self:
        self._manifest.__enter__()
        try:
            former = former_notes(self.folder, self._progress)
            recover_untracked(self._manifest, former, self._progress)
            self._layout = Layout(self._timezone, self._manifest)
            self._store = ArchiveStore(
                self._manifest,
                timezone=self._timezone,
                tags=self._tags,
                progress=self._progress,
            )
            self._catalogue = NoteCatalogue(former)
        except BaseException:
            self._manifest.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._store.__exit__(kind, error, trace)
        finally:
            self._manifest.__exit__(kind, error, trace)

    @property
    def tree(self) -> Tree:
        """The archive's folder, for everything that is written or deleted below it."""
        return self._manifest.tree

    @property
    def drafts(self) -> str:
        """The folder for temporary files, readable by its owner only, on the file system of the
        archive. The next run empties it."""
        return self._store.drafts

    def flush(self) -> list[tuple[Record, StorageError]]:
        """Give all files their final names; return the records whose names the disk refused."""
        return self._store.flush()

    def tick(self) -> None:
        """Call this when idle: writes files that have waited long enough."""
        self._store.tick()

    def when_flushed(self, call: Callable[[], None]) -> None:
        """Run `call` once all files so far have their final names."""
        self._store.when_flushed(call)

    def discard(self, draft: DraftFile) -> None:
        """Delete `draft`."""
        self._store.discard(draft)

    def tags_of(self, entry: Entry) -> NoteTags | None:
        """The tags for `entry` if its path is that of a voice note without a file so far."""
        if not self._tags or entry.kind is Kind.DATABASE:
            return None
        note_ids = self._catalogue.matcher().by_path(entry.path)
        if not note_ids or self._store.existing_file(note_ids[0]) is not None:
            return None
        note = self._catalogue.notes[note_ids[0]]
        sent = None if note.sent_at is None else note.sent_at.timestamp()
        return NoteTags(note_ids[0], note.sha256, sent, tags_for(note, self._timezone))

    def existing_record(self, entry: Entry) -> Record | None:
        """The intact file that was made from the same stored bytes, if any."""
        if entry.md5 is None and entry.revision is None:
            return None
        found = self._manifest.from_source(entry.stored_as, md5=entry.md5, revision=entry.revision)
        if found is None or not self._manifest.intact(found):
            return None
        self._databases.found(found)
        return found

    def database(self, name: str) -> Path | None:
        """The archive's copy of this account's database `name`, such as ``msgstore.db``."""
        record = self._manifest.get(f"{self._databases.folder()}/{name}")
        if record is None:
            return None
        return self.folder / record.path if self.tree.is_file(record.path) else None

    def expect(self, notes: Iterable[VoiceNote]) -> list[VoiceNote]:
        """Add the notes of this account's databases; return them with the archive's names.

        Files already in the archive are assigned to these notes.
        """
        note_ids = self._catalogue.expect(notes)
        self._layout.assign(self._catalogue.notes[note_id] for note_id in note_ids)
        assign_existing(note_ids, self._catalogue, self._manifest, self._store, self._layout)
        return [self._catalogue.notes[note_id] for note_id in note_ids]

    def expects_content(self, sha256: str) -> bool:
        """True if a note has this hash."""
        return bool(self._catalogue.matcher().by_content(sha256))

    def note_of(self, entry: Entry) -> VoiceNote | None:
        """The note of `entry`, judged by its path."""
        note_ids = self._catalogue.matcher().by_path(entry.path)
        return self._catalogue.notes[note_ids[0]] if note_ids else None

    def missing(self, backup: Iterable[Entry]) -> list[VoiceNote]:
        """Notes of this run's databases with a file neither in the archive nor in `backup`."""
        absent = self._catalogue.missing_from(entry.path for entry in backup)
        return [note for note_id, note in absent if self._store.existing_file(note_id) is None]

    def place(self, draft: DraftFile, entry: Entry, *, note: VoiceNote | None = None) -> str:
        """Move a finished temporary file to its path, and return it relative to the archive.

        Args:
            draft: a file in :attr:`drafts` with the verified content of `entry`.
            entry: the file's entry in the backup.
            note: the note of the file, if neither its path nor its content identifies it.

        Raises:
            UnsafeNameError: the entry's path leads out of the archive.
            StorageError: the disk is full or read-only, or a link leads out of the archive.
        """
        record = Record(
            path="",
            size=draft.size,
            sha256=draft.sha256,
            mtime_ns=draft.mtime_ns,
            stored_as=entry.stored_as,
            source_md5=entry.md5,
            source_revision=entry.revision,
            content_sha256=draft.content_sha256,
            whatsapp_path=entry.path,
        )
        if entry.kind is Kind.DATABASE:
            self._store.flush()
            path = self._databases.place(database_name(entry.path), Path(draft.path))
            placed = self._store.put(draft, replace(record, path=path, account=self._account))
            self._store.flush()
            return placed
        match = self._catalogue.match(entry.path, draft.content_sha256, note)
        placed_notes = self._place_notes(draft, record, match.note_ids, exact=match.exact)
        if placed_notes is None:
            return self._store.put(draft, self._as_unmatched(draft, record, entry))
        return placed_notes

    def file_of(self, note: VoiceNote) -> str | None:
        """The path of the intact file of `note` in the archive, if there is one."""
        record = self._store.existing_file(note_id_of(note))
        return None if record is None else record.path

    def finish(self) -> list[VoiceNote]:
        """Set the status of each note, and write the index, the table and the checksums.

        Returns:
            All notes of the archive, from this run and earlier ones, by time.
        """
        self._store.flush()
        notes = finalised_notes(self._catalogue.notes.values(), self._manifest)
        write_lists(self._manifest, notes)
        return notes

    def _place_notes(
        self, draft: DraftFile, record: Record, note_ids: tuple[str, ...], *, exact: bool
    ) -> str | None:
        """Write the file of these notes; None if each of them already has another file."""
        if not note_ids:
            return None
        content = record.content_sha256
        existing = {
            note_id: file
            for note_id in note_ids
            if (file := self._store.existing_file(note_id)) is not None
        }
        other = {
            note_id
            for note_id, file in existing.items()
            if exact and file.content_sha256 != content
        }
        wanting = [note_id for note_id in note_ids if note_id not in existing or note_id in other]
        if not wanting:
            same = [file for file in existing.values() if file.content_sha256 == content]
            if not same:
                return None
            self._store.also(same[0], record)
            self._store.discard(draft)
            return same[0].path
        for note_id in wanting:
            if note_id in existing:
                self._make_way(existing[note_id])
        first, *others = wanting
        for note_id in others:  # several messages share the file: each chat gets a copy
            note = self._catalogue.notes[note_id]
            copy = replace(record, path=self._layout.of(note), stored_as=None)
            self._store.put_copy(draft.path, copy, note)
        note = self._catalogue.notes[first]
        return self._store.put_note(draft, replace(record, path=self._layout.of(note)), note)

    def _make_way(self, record: Record) -> None:
        """Move `record`, an inexact match, out of the way of the exact file."""
        name = safe_name(PurePosixPath(record.whatsapp_path or record.path).name)
        aside = PurePosixPath(VOICE_FOLDER, UNMATCHED, name)
        self._store.move(record, self._unowned(record, aside))

    def _as_unmatched(self, draft: DraftFile, record: Record, entry: Entry) -> Record:
        """The record of a file that does not belong to a known voice note."""
        wanted = media_path(entry.path)
        if entry.kind is Kind.VOICE:
            wanted = PurePosixPath(VOICE_FOLDER, UNMATCHED, wanted.name)
        elif entry.kind is Kind.UNKNOWN and is_opus(draft.start):
            wanted = PurePosixPath(VOICE_FOLDER, UNMATCHED, f"{wanted.name}.opus")
        return self._unowned(record, wanted)

    def _unowned(self, record: Record, wanted: PurePosixPath) -> Record:
        record = replace(record, path=wanted.as_posix(), message=None)
        return replace(record, path=self._layout.claim(record.path, owner_of(record)))
