"""The end of a run: the status of each note, and the list files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Mapping, MutableMapping

from gdrive_wa.archive.index import in_order, write_json, write_table
from gdrive_wa.archive.layout import (
    INDEX_NAME,
    SUMS_NAME,
    TABLE_NAME,
    UNDATED,
    UNMATCHED,
    VOICE_FOLDER,
    note_id_of,
)
from gdrive_wa.archive.near_files import NearFiles
from gdrive_wa.archive.transcripts import Transcript, read_transcripts, with_transcript
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.moments import moment_at
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft, write_file
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record
from gdrive_wa.storage.tree import Tree

_NAMED = re.compile(
    rf"{VOICE_FOLDER}/(?P<chat>[^/]+)/(?P<moment>{UNDATED}|[\d-]+ [\d.]+) (?P<sender>[^/]+)\.\w+"
)

ListWriter = Callable[[Iterable[VoiceNote], Callable[[bytes], object]], None]


def finalised_notes(
    notes: MutableMapping[str, VoiceNote], manifest: Manifest, *, failed: Container[str] = ()
) -> list[VoiceNote]:
    """Every note with its file and status, by time; unmatched files come last.

    Args:
        notes: all notes; each is replaced by its final version.
        manifest: the archive's open manifest.
        failed: ids of notes that count as failed, not as missing, if the archive has no file for
            them.
    """
    files = {record.message: record for record in manifest if record.message is not None}
    catalogued = {note_id_of(note): key for key, note in notes.items()}
    transcripts, near = read_transcripts(manifest.tree), NearFiles(manifest.tree, manifest)
    there = _Files(manifest.tree)
    for note_id, key in catalogued.items():
        failure = note_id in failed
        ended = _finalised(notes[key], files.get(note_id), there, transcripts, failed=failure)
        notes[key] = near.added_to(ended)
    shown = (notes[key] for key in catalogued.values())
    return in_order([*shown, *_unmatched(manifest, there, catalogued, transcripts)])


class _Files:
    """The paths of the regular files of an archive; each folder is listed only once.

    Args:
        tree: the archive's folder.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._names: dict[str, set[str]] = {}

    def __contains__(self, path: object) -> bool:
        folder, _, name = (text := str(path)).rpartition("/")
        names = self._names.get(folder)
        if names is None:
            names = self._names[folder] = self._tree.files(folder)
        return name in names or self._tree.is_file(text)  # some disks spell a name differently


def write_lists(manifest: Manifest, notes: Iterable[VoiceNote]) -> None:
    """Write the index, the table, and the checksums of all files in the manifest.

    Files with unchanged content are not rewritten.
    """
    notes = list(notes)
    for name, write in ((INDEX_NAME, write_json), (TABLE_NAME, write_table)):
        _write_list(manifest, name, notes, write)
    records = sorted(manifest, key=lambda record: record.path)
    sums = "".join(f"{record.sha256}  {record.path}\n" for record in records).encode()
    if _content(manifest.tree, SUMS_NAME) != sums:
        write_file(SUMS_NAME, sums, tree=manifest.tree)


def _write_list(
    manifest: Manifest, name: str, notes: Iterable[VoiceNote], write: ListWriter
) -> None:
    tree, digest = manifest.tree, hashlib.sha256()
    with Draft(tree, STATE_FOLDER) as draft:
        with storage_errors(tree.shown(name)):

            def take(piece: bytes) -> None:
                digest.update(piece)
                draft.file.write(piece)

            write(notes, take)
            size = draft.file.tell()
        record = manifest.get(name)
        if record and record.sha256 == digest.hexdigest() and manifest.intact(record):
            return
        draft.commit(name)
    written = tree.lstat(name).st_mtime_ns
    manifest.add(Record(path=name, size=size, sha256=digest.hexdigest(), mtime_ns=written))


def _content(tree: Tree, name: str) -> bytes | None:
    with storage_errors(tree.shown(name)):
        return tree.read(name) if tree.is_file(name) else None


def _finalised(
    note: VoiceNote,
    record: Record | None,
    there: _Files,
    transcripts: Mapping[str, Transcript],
    *,
    failed: bool,
) -> VoiceNote:
    if record is None or record.path not in there:
        status = NoteStatus.FAILED if failed else NoteStatus.MISSING
        if note.file is None and note.status is status:
            return note
        return replace(note, file=None, status=status)
    if transcripts:
        note = with_transcript(note, record.content_sha256, transcripts)
    fits = note.sha256 is None or record.content_sha256 in (note.sha256, None)
    status = NoteStatus.RESTORED if fits else NoteStatus.MISMATCH
    return replace(note, file=record.path, status=status)


def _unmatched(
    manifest: Manifest,
    there: _Files,
    catalogued: Container[str],
    transcripts: Mapping[str, Transcript],
) -> Iterable[VoiceNote]:
    for record in manifest:
        if record.message in catalogued or not record.path.startswith(f"{VOICE_FOLDER}/"):
            continue
        if record.message is None and is_junk(record.path):  # older versions mistook it for a note
            continue
        if record.path in there:
            note = _unmatched_note(record) if record.message is None else _unindexed_note(record)
            yield with_transcript(note, record.content_sha256, transcripts)


def _unmatched_note(record: Record) -> VoiceNote:
    return VoiceNote(
        chat=UNMATCHED,
        chat_jid="",
        sender="Unknown",
        from_me=False,
        sent_at=None,
        file=record.path,
        size=record.size,
        status=NoteStatus.UNMATCHED,
        whatsapp_path=record.whatsapp_path,
        sha256=record.content_sha256,
    )


def _unindexed_note(record: Record) -> VoiceNote:
    """A note missing from the index and the databases, rebuilt from its file name."""
    chat_jid, _, message_id = (record.message or "").partition("/")
    named = _NAMED.fullmatch(record.path)
    note = replace(_unmatched_note(record), chat_jid=chat_jid, message_id=message_id)
    if named is None:
        return note
    sent_at = None
    if named["moment"] != UNDATED:
        sent_at = moment_at(record.mtime_ns / 1e9)
    return replace(note, chat=named["chat"], sender=named["sender"], sent_at=sent_at)
