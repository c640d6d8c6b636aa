"""The id of an archive, under which the browser keeps the stars and positions of its page. It stays
the same if the folder is moved."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.storage.tree import Tree

ID_NAME = "archive-id"
_PATH = f"{STATE_FOLDER}/{ID_NAME}"
_ID = re.compile(r"[0-9a-f]{16}")


def id_of_notes(note_ids: Iterable[str]) -> str:
    """16 hexadecimal digits that identify a set of notes, in whatever order."""
    digest = hashlib.sha256()
    for note_id in sorted(note_ids):
        digest.update(note_id.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16]


def archive_id(tree: Tree, note_ids: Iterable[str]) -> str:
    """The id of the archive in the folder `tree`; a copy of the folder has the same id.

    It is computed from the notes of the first page and stored in the state folder, so that later
    notes do not change it. If it cannot be stored, it is computed each time.
    """
    with suppress(OSError, ValueError):
        kept = tree.read(_PATH).decode("ascii").strip()
        if _ID.fullmatch(kept):
            return kept
    computed = id_of_notes(note_ids)
    if tree.is_folder(STATE_FOLDER):
        with suppress(StorageError):  # a read-only archive, or a full disk
            write_file(_PATH, f"{computed}\n".encode(), tree=tree)
    return computed
