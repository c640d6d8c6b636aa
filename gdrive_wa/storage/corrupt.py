"""List the files whose content has changed but not their size and time, as on a failing disk."""

from __future__ import annotations

import json
from collections.abc import Iterable

from gdrive_wa.core.plain_file import NotPlainError
from gdrive_wa.storage.disk import explain, storage_errors
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.tree import Tree

STATE_FOLDER = ".gdrive-wa"
NAME = "changed.json"
_PATH = f"{STATE_FOLDER}/{NAME}"


def mark_corrupt(tree: Tree, paths: Iterable[str]) -> None:
    """Record that exactly the files at `paths`, relative to the folder, are damaged.

    The next run fetches them again.

    Raises:
        StorageError: the list cannot be written.
    """
    listed = sorted(paths)
    if listed:
        content = json.dumps(listed, ensure_ascii=False, indent=1).encode()
        write_file(_PATH, content, tree=tree)
    else:
        with storage_errors(tree.shown(_PATH)):
            tree.unlink(_PATH)


def corrupt_paths(tree: Tree) -> set[str]:
    """Paths of the files that the last check found damaged.

    Raises:
        StorageError: the list is a link, a pipe or a device.
    """
    try:
        listed = json.loads(tree.read(_PATH))
    except NotPlainError as error:
        raise explain(error, _PATH) from error
    except (OSError, ValueError, RecursionError):
        return set()
    return {path for path in listed if isinstance(path, str)} if isinstance(listed, list) else set()
