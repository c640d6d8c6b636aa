"""Assign files that are already in the archive to notes, once a database identifies them."""

from __future__ import annotations

from collections.abc import Iterable

from gdrive_wa.archive.catalogue import NoteCatalogue
from gdrive_wa.archive.layout import VOICE_FOLDER, Layout
from gdrive_wa.archive.match import Matcher
from gdrive_wa.archive.store import ArchiveStore
from gdrive_wa.core.frozen import replace
from gdrive_wa.storage.manifest import Manifest, Record


def assign_existing(
    note_ids: Iterable[str],
    catalogue: NoteCatalogue,
    manifest: Manifest,
    store: ArchiveStore,
    layout: Layout,
) -> None:
    """Give each note without a file its unmatched file, or a copy from another chat.

    Args:
        note_ids: ids of the notes in this run's databases.
        catalogue: all notes.
        manifest: the archive's open manifest.
        store: writes and removes files.
        layout: chooses file names.
    """
    recordings = [
        (record, record.content_sha256)
        for record in manifest
        if record.content_sha256 is not None and record.path.startswith(f"{VOICE_FOLDER}/")
    ]
    if not recordings:
        return
    matcher = Matcher()
    for note_id in note_ids:
        if store.existing_file(note_id) is None:
            matcher.add(note_id, catalogue.notes[note_id])
    recordings.sort(key=lambda each: not matcher.has_path(each[0].whatsapp_path or ""))
    placed = {record.content_sha256: record for record in manifest if record.message}
    for record, content in recordings:  # files at a note's path come before those with its name
        found = matcher.by_content(content)
        if record.message is None:
            match = matcher.match(record.whatsapp_path or "", content)
            found = match.note_ids if match.exact else ()
        wanting = [note_id for note_id in found if store.existing_file(note_id) is None]
        if not (wanting or record.message is None) or not manifest.intact(record):
            continue
        twin = placed.get(content)
        if wanting:
            _copy_to(record, wanting, catalogue, store, layout)
            matcher.forget(content)
        elif twin is not None and manifest.intact(
            twin
        ):  # an interrupted run left it under both names
            store.also(twin, record)
        else:
            continue
        if record.message is None:
            store.remove(record)
            layout.release(record.path)


def _copy_to(
    record: Record,
    note_ids: list[str],
    catalogue: NoteCatalogue,
    store: ArchiveStore,
    layout: Layout,
) -> None:
    store.flush()
    for note_id in note_ids:
        note = catalogue.notes[note_id]
        last = record.message is None and note_id == note_ids[-1]
        copy = record if last else replace(record, stored_as=None, also=())
        store.put_copy(record.path, replace(copy, path=layout.of(note)), note)
