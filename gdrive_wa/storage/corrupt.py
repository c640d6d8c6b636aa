"""Remember files whose content changed while size and time did not, as on a failing disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import write_file

STATE_FOLDER = ".gdrive-wa"
NAME = "changed.json"


def mark_corrupt(folder: Path, paths: Iterable[str]) -> None:
    """Record that exactly the files at `paths`, relative to `folder`, are damaged.

    The next run fetches them again.

    Raises:
        StorageError: the record cannot be written.
    """
    target = folder / STATE_FOLDER / NAME
    listed = sorted(paths)
    if listed:
        write_file(target, json.dumps(listed, ensure_ascii=False, indent=1).encode())
    else:
        with storage_errors(target):
            target.unlink(missing_ok=True)


def corrupt_paths(folder: Path) -> set[str]:
    """Paths of the files that the last check found damaged."""
    try:
        listed = json.loads((folder / STATE_FOLDER / NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    return {path for path in listed if isinstance(path, str)} if isinstance(listed, list) else set()
