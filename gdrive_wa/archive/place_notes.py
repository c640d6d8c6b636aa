"""Write a file as the file of one or several notes."""

from __future__ import annotations

from collections.abc import Callable

from gdrive_wa.archive.catalogue import NoteCatalogue
from gdrive_wa.archive.layout import Layout, note_id_of
from gdrive_wa.archive.match import Match
from gdrive_wa.archive.store import ArchiveStore
from gdrive_wa.core.frozen import replace
from gdrive_wa.storage.draft_file import DraftFile
from gdrive_wa.storage.record import Record


def place_notes(
    draft: DraftFile,
    record: Record,
    match: Match,
    catalogue: NoteCatalogue,
    store: ArchiveStore,
    layout: Layout,
    set_aside: Callable[[Record], None],
) -> str | None:
    """Write `draft` as the file of the notes in `match`, and return its path; None if there are
    no notes, or each of them already has another file.

    Args:
        draft: the finished temporary file.
        record: what is known about it, without a path.
        match: the notes it belongs to.
        catalogue: all notes.
        store: writes files.
        layout: chooses file names.
        set_aside: moves the file of an inexact match aside.
    """
    note_ids = match.note_ids
    if not note_ids:
        return None
    content = record.content_sha256
    existing = {
        note_id: file for note_id in note_ids if (file := store.existing_file(note_id)) is not None
    }
    wanting = list(note_ids)
    if existing:
        other = {
            note_id
            for note_id, file in existing.items()
            if match.exact and not match.by_name and file.content_sha256 != content
        }
        wanting = [note_id for note_id in note_ids if note_id not in existing or note_id in other]
    if not wanting:
        same = [file for file in existing.values() if file.content_sha256 == content]
        if not same:
            return None
        store.also(same[0], record)
        store.discard(draft)
        return same[0].path
    for note_id in wanting:
        if note_id in existing:
            set_aside(existing[note_id])
    first, *others = wanting
    for note_id in others:  # several messages share the file: each chat gets a copy
        note = catalogue.notes[note_id]
        copy = replace(record, path=layout.of(note), stored_as=None)
        store.put_copy(draft.path, copy, note)
    note = catalogue.notes[first]
    own = replace(record, path=layout.of(note), message=note_id_of(note))
    return store.put_note(draft, own, note)
