"""Recover files of earlier runs that the manifest does not list.

If an archive was copied without its hidden folder, or its damaged manifest was moved away,
``SHA256SUMS`` and the index still list its files. A file with the listed checksum is added to the
manifest again and keeps its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gdrive_wa.archive.layout import INDEX_NAME, SUMS_NAME, TABLE_NAME, note_id_of
from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.names import parts_of
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.manifest import Manifest, Record
from gdrive_wa.storage.tree import Tree

_REGENERATED = frozenset({INDEX_NAME, TABLE_NAME})
_DIGITS = 64


def recover_untracked(manifest: Manifest, notes: Iterable[VoiceNote], progress: Progress) -> None:
    """Add unchanged files that are listed in ``SHA256SUMS`` to `manifest`.

    Args:
        manifest: the archive's open manifest.
        notes: all notes of the archive's index.
        progress: receives a message with the number of files.
    """
    by_file = {note.file: note for note in notes if note.file is not None}
    tree, found = manifest.tree, 0
    for sha256, path in _sums(tree):
        if path in _REGENERATED or manifest.get(path) is not None:
            continue
        if _hash(tree, path) == sha256:
            manifest.add(_record(tree.lstat(path), path, sha256, by_file.get(path)))
            found += 1
    if found:
        progress.say(f"added files to the manifest that were listed only in SHA256SUMS: {found}")


def _record(found: os.stat_result, path: str, sha256: str, note: VoiceNote | None) -> Record:
    record = Record(path=path, size=found.st_size, sha256=sha256, mtime_ns=found.st_mtime_ns)
    if note is None:
        return record
    return replace(
        record,
        content_sha256=note.sha256 if note.status is not NoteStatus.MISMATCH else None,
        whatsapp_path=note.whatsapp_path,
        message=note_id_of(note) if note.chat_jid else None,
    )


def _sums(tree: Tree) -> Iterator[tuple[str, str]]:
    """Checksums and paths of the valid lines."""
    try:
        text = tree.read(SUMS_NAME).decode("utf-8", "replace")
    except OSError:
        return
    for line in text.split("\n"):
        sha256, _, name = line.partition("  ")
        try:
            plain = "/".join(parts_of(name)) == name
        except UnsafeNameError:
            continue
        if plain and len(sha256) == _DIGITS:
            yield sha256, name


def _hash(tree: Tree, path: str) -> str | None:
    """SHA-256 of a file, hex; None if it is missing, unreadable or not a regular file."""
    try:
        return tree.sha256(path)
    except OSError:
        return None
