"""Recover files of earlier runs that the manifest does not list.

If an archive was copied without its hidden folder, or its damaged manifest was moved away,
``SHA256SUMS`` and the index still list its files. A file with the listed checksum is added to the
manifest again and keeps its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from gdrive_wa.archive.layout import INDEX_NAME, SUMS_NAME, TABLE_NAME, note_id_of
from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.names import parts_of
from gdrive_wa.core.progress import Progress
from gdrive_wa.storage.manifest import Manifest, Record

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
    found = 0
    for sha256, path in _sums(manifest.folder / SUMS_NAME):
        if path in _REGENERATED or manifest.get(path) is not None:
            continue
        file = manifest.folder / path
        if _hash(file) == sha256:
            manifest.add(_record(file, path, sha256, by_file.get(path)))
            found += 1
    if found:
        progress.say(f"{found} files were listed only in SHA256SUMS; added them to the manifest")


def _record(file: Path, path: str, sha256: str, note: VoiceNote | None) -> Record:
    stat = file.stat()
    record = Record(path=path, size=stat.st_size, sha256=sha256, mtime_ns=stat.st_mtime_ns)
    if note is None:
        return record
    return replace(
        record,
        content_sha256=note.sha256 if note.status is not NoteStatus.MISMATCH else None,
        whatsapp_path=note.whatsapp_path,
        message=note_id_of(note) if note.chat_jid else None,
    )


def _sums(path: Path) -> Iterator[tuple[str, str]]:
    """Checksums and paths of the valid lines."""
    try:
        text = path.read_text("utf-8", "replace")
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


def _hash(file: Path) -> str | None:
    """SHA-256 of a file, hex; None if it is missing or unreadable."""
    try:
        if file.is_symlink() or not file.is_file():
            return None
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None
