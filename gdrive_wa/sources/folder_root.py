"""The files of one backup in a folder, and its unreadable folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import Kind, is_encrypted, kind_of
from gdrive_wa.sources.scan import (
    GONE,
    Refused,
    is_folder,
    is_readable_folder,
    scan_each,
    unreadable,
)
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER

Found = tuple[int, int]
"""A file's size in bytes and modification time in nanoseconds since 1970. A plain tuple of numbers,
which the garbage collector does not track."""


@dataclass(frozen=True, slots=True)
class Root:
    """The folder of one backup.

    Attributes:
        path: the path of the folder.
        others: the folders below it that are other backups.
    """

    path: Path
    others: frozenset[Path] = frozenset()

    def files(self, refused: Refused | None = None) -> Iterator[tuple[str, Found]]:
        """The path of each file below the root, with ``/`` between its parts, and its facts.

        Args:
            refused: as for :func:`~gdrive_wa.sources.scan.scan`.
        """
        others = {os.path.abspath(other) for other in self.others}
        waiting = [(os.path.abspath(self.path), "")]
        while waiting:
            folder, prefix = waiting.pop()
            if prefix and _is_archive(folder):
                continue
            for child in scan_each(folder, refused):
                name = child.name
                if name.startswith(STATE_FOLDER) or (others and child.path in others):
                    continue
                if is_junk(prefix + name) and not is_folder(child):
                    continue
                found = _facts(child, folder, refused)
                if found is None:
                    continue
                if stat.S_ISREG(found.st_mode):
                    yield prefix + name, (found.st_size, found.st_mtime_ns)
                elif stat.S_ISDIR(found.st_mode):
                    waiting.append((child.path, f"{prefix}{name}/"))

    def holds_a_backup(self) -> bool:
        """True if the folder has any file that a phone backs up."""
        return any(
            is_encrypted(name) or kind_of(name) is not Kind.UNKNOWN for name, _ in self.files()
        )


def _facts(child: os.DirEntry[str], folder: str, refused: Refused | None) -> os.stat_result | None:
    """The size and the times of a file in `folder`; None if it is gone or inaccessible.

    Raises:
        StorageError: the disk fails.
    """
    try:
        return child.stat(follow_symlinks=False)
    except GONE:
        return None
    except PermissionError:  # the folder can be listed, but its files cannot be accessed
        if refused is not None:
            refused(folder)
        return None
    except OSError as error:
        raise unreadable(child.path, error) from error


def _is_archive(folder: str) -> bool:
    """True for an archive inside the folder of a backup: without this, each run would
    restore the result of the last one. A download by gdrive-wa is not an archive."""
    state = f"{folder}{os.sep}{STATE_FOLDER}"
    return os.path.lexists(state) and not is_readable_folder(Path(state, PARTIAL_FOLDER))
