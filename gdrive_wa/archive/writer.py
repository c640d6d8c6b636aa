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
from datetime import tzinfo
from pathlib import Path, PurePosixPath
from sys import intern
from types import TracebackType
from typing import Self

from gdrive_wa.archive.assign_existing import assign_existing
from gdrive_wa.archive.catalogue import Chosen, NoteCatalogue, every_note, former_notes
from gdrive_wa.archive.database_folder import DatabaseFolder, SamePhone
from gdrive_wa.archive.exported import join_exported
from gdrive_wa.archive.finalise import finalised_notes, write_lists
from gdrive_wa.archive.layout import (
    UNMATCHED,
    VOICE_FOLDER,
    Layout,
    database_name,
    note_id_of,
    owner_of,
    unmatched_path,
)
from gdrive_wa.archive.place_notes import place_notes
from gdrive_wa.archive.recover import recover_untracked
from gdrive_wa.archive.scratch import ScratchDatabases
from gdrive_wa.archive.store import ArchiveStore
from gdrive_wa.archive.tags import NoteTags, is_opus, tags_for
from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.frozen import replace
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
        keep_databases: store this run's databases in the archive; otherwise they are only read.
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
        keep_databases: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self.folder = dest
        self._timezone = timezone
        self._tags = tags
        self._account = account
        self._progress = progress or Silent()
        self._manifest = Manifest(dest)
        self._databases = DatabaseFolder(self._manifest, account, same_phone)
        self.keep_databases = keep_databases
        self._scratch = ScratchDatabases(self._manifest.tree)

    def __enter__(self) -> Self:
        self._manifest.__enter__()
        try:
            self._scratch.clear()
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
            self._scratch.clear()
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
        note_ids = self._catalogue.chosen_by_path(entry.path)
        if not note_ids or self._store.existing_file(note_ids[0]) is not None:
            return None
        note = self._catalogue.notes[note_ids[0]]
        sent = None if note.sent_at is None else note.sent_at.timestamp()
        return NoteTags(note_ids[0], note.sha256, sent, tags_for(note, self._timezone))

    def existing_record(self, entry: Entry) -> Record | None:
        """The record of the intact file that was made from the same stored bytes, if any."""
        if entry.md5 is None and entry.revision is None:
            return None
        if entry.kind is Kind.DATABASE and not self.keep_databases:
            return None
        found = self._manifest.from_source(entry.stored_as, md5=entry.md5, revision=entry.revision)
        if found is None or not self._manifest.intact(found):
            return None
        self._databases.found(found)
        return found

    def database(self, name: str) -> Path | None:
        """The copy of this account's database `name`, such as ``msgstore.db``."""
        if not self.keep_databases:
            return self._scratch.get(name)
        record = self._manifest.get(f"{self._databases.folder()}/{name}")
        if record is None:
            return None
        return self.folder / record.path if self.tree.is_file(record.path) else None

    def expect(self, notes: Iterable[VoiceNote], chosen: Chosen = every_note) -> list[VoiceNote]:
        """Add the notes of this account's databases that are `chosen`, judged by the archive's
        names; return all of them, chosen or not, with these names.

        Files already in the archive are assigned to these notes. Nothing about a note that is not
        chosen gets into the archive.
        """
        notes = join_exported(
            notes, self._catalogue, self._store, self._layout, set_aside=self._set_aside
        )
        note_ids = self._catalogue.expect(notes, chosen)
        self._layout.assign(self._catalogue.notes[note_id] for note_id in note_ids)
        assign_existing(note_ids, self._catalogue, self._manifest, self._store, self._layout)
        return self._catalogue.current()

    @property
    def catalogue(self) -> NoteCatalogue:
        """The notes of the archive and of this run's databases."""
        return self._catalogue

    def unmatched(self) -> list[Record]:
        """The recordings in the archive that belong to no known voice note."""
        prefix = f"{VOICE_FOLDER}/"
        self._store.flush()
        return [
            each for each in self._manifest if each.message is None and each.path.startswith(prefix)
        ]

    def missing(self, backup: Iterable[Entry]) -> list[VoiceNote]:
        """Notes of this run's databases with a file neither in the archive nor in `backup`."""
        absent = self._catalogue.missing_from(entry.path for entry in backup)
        return [note for note_id, note in absent if self._store.existing_file(note_id) is None]

    def place(self, draft: DraftFile, entry: Entry, *, note: VoiceNote | None = None) -> str | None:
        """Move a finished temporary file to its path, and return it relative to the archive; None
        for a database that is not kept.

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
            content_sha256=intern(draft.content_sha256),
            whatsapp_path=entry.path,
        )
        if entry.kind is Kind.DATABASE and not self.keep_databases:
            self._scratch.place(draft.path, database_name(entry.path))
            return None
        if entry.kind is Kind.DATABASE:
            self._store.flush()
            path = self._databases.place(database_name(entry.path), Path(draft.path))
            placed = self._store.put(draft, replace(record, path=path, account=self._account))
            self._store.flush()
            return placed
        match = self._catalogue.match(entry.path, record.content_sha256 or "", note)
        placed_notes = place_notes(
            draft, record, match, self._catalogue, self._store, self._layout, self._set_aside
        )
        if placed_notes is None:
            return self._store.put(draft, self._as_unmatched(draft, record, entry))
        return placed_notes

    def file_of(self, note: VoiceNote) -> str | None:
        """The path of the intact file of `note` in the archive, if there is one."""
        record = self._store.existing_file(note_id_of(note))
        return None if record is None else record.path

    def finish(self, *, withheld: Iterable[Entry] = ()) -> list[VoiceNote]:
        """Call :meth:`finalise` and then :meth:`write_lists`; returns the notes."""
        notes = self.finalise(withheld=withheld)
        self.write_lists(notes)
        return notes

    def finalise(self, *, withheld: Iterable[Entry] = ()) -> list[VoiceNote]:
        """Give all files their final names, and set the status of each note.

        Args:
            withheld: entries of the backup that could not be fetched or opened.

        Returns:
            All notes of the archive, from this run and earlier ones, by time.
        """
        self._store.flush()
        self._store.drop_missing()
        failed = self._catalogue.withheld(withheld)
        notes = finalised_notes(self._catalogue.notes, self._manifest, failed=failed)
        self._catalogue.refresh()
        return notes

    def write_lists(self, notes: Iterable[VoiceNote]) -> None:
        """Write the index and the table of `notes`, and the checksums."""
        write_lists(self._manifest, notes)

    def _set_aside(self, record: Record) -> None:
        """Move `record`, an inexact match, out of the way of the exact file."""
        name = safe_name(PurePosixPath(record.whatsapp_path or record.path).name)
        aside = PurePosixPath(VOICE_FOLDER, UNMATCHED, name)
        self._store.move(record, self._unowned(record, aside))

    def _as_unmatched(self, draft: DraftFile, record: Record, entry: Entry) -> Record:
        """The record of a file that does not belong to a known voice note."""
        return self._unowned(record, unmatched_path(entry, is_recording=is_opus(draft.start)))

    def _unowned(self, record: Record, wanted: PurePosixPath) -> Record:
        record = replace(record, path=wanted.as_posix(), message=None)
        return replace(record, path=self._layout.claim(record.path, owner_of(record)))
