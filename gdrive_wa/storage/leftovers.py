"""Remove the temporary files of killed runs, recognised by their names and released locks."""

from __future__ import annotations

import os
from pathlib import Path

from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.tree import Tree, as_tree

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be removed, which has the same effect
    fcntl = None  # type: ignore[assignment]

TEMPORARY_PREFIX = ".gdrive-wa-"
TEMPORARY_SUFFIX = ".tmp"


def sweep(folder: Tree | str | Path, inside: str = "") -> int:
    """Remove the temporary files of killed runs from `folder`; return their number.

    Args:
        folder: a folder that the user named, or a tree.
        inside: the subfolder to sweep; by default `folder` itself.

    Raises:
        StorageError: a link, a pipe or a device has the name of a temporary file.
    """
    tree, removed = as_tree(folder), 0
    with storage_errors(tree.shown(inside)):
        try:
            found = tree.names(inside)
        except (PermissionError, NotADirectoryError):
            return 0
        for name in found:
            if name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX):
                removed += _remove_abandoned(tree, f"{inside}/{name}" if inside else name)
    return removed


def _remove_abandoned(tree: Tree, name: str) -> bool:
    """Remove the temporary file `name`, unless a running draft holds its lock."""
    tree.check(name)
    try:
        with tree.open(name) as abandoned:
            if lock_draft(abandoned.fileno()):
                tree.unlink(name)
                return True
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        pass
    return False


def lock_draft(handle: int) -> bool | None:
    """Lock a temporary file; False if another process holds it, None if it cannot be locked."""
    if os.name == "nt":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nothing is swept
        return None
    return True
