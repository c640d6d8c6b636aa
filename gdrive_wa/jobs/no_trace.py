"""Leave no trace of a run that ended before it placed anything in a new archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gdrive_wa.core.errors import KeyFailure, UsageError
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest
from gdrive_wa.storage.tree import Tree


@contextmanager
def without_trace(dest: Path, blobs: str) -> Iterator[None]:
    """Remove a new archive that stayed empty, because of a wrong key or an unknown chat.

    An archive that was there before stays as it is, and so do fetched bytes, which the next run
    need not fetch again.

    Args:
        dest: the archive's folder.
        blobs: the folder for fetched bytes, in the archive's state folder.
    """
    tree = Tree(dest)
    was_there, was_archive = tree.is_folder(""), tree.lexists(STATE_FOLDER)
    try:
        yield
    except (KeyFailure, UsageError):
        with suppress(OSError):
            if not was_archive and not len(Manifest.glance(dest)) and not _has_files(tree, blobs):
                tree.remove_folder(STATE_FOLDER)
                if not was_there and not tree.names():
                    tree.remove_empty()
        raise


def _has_files(tree: Tree, folder: str) -> bool:
    return tree.is_folder(folder) and bool(tree.names(folder))
