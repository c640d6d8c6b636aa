"""Where each entry lies below a folder, so that no two ever meet.

Names come from a backup and are hostile (:mod:`gdrive_wa.core.names`). On top of that two may
be the same file on some disk (case, Unicode form), one may be a folder where another is a file,
and a file that the user put there is nobody's to replace. Whoever comes second gets a number.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from threading import Lock

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.kinds import METADATA_SUFFIX
from gdrive_wa.core.names import folded_name, safe_path
from gdrive_wa.storage.manifest import Record


class FreeNames:
    """The names below one folder, each given once in a run. Safe from any thread.

    Args:
        folder: where they lie.
        records: what earlier runs put there; an entry gets the place it had.
    """

    def __init__(self, folder: Path, records: Iterable[Record] = ()) -> None:
        self._folder = folder
        self._lock = Lock()
        self._owners: dict[str, str | None] = {}
        self._folders: set[str] = set()
        self._given: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._sound: set[PurePosixPath] = set()
        self._renamed: dict[str, PurePosixPath] = {}
        self._last_home: tuple[tuple[str, ...], PurePosixPath] = ((), PurePosixPath())
        for record in records:
            path = PurePosixPath(record.path)
            self._owners[folded_name(path)] = record.stored_as
            self._folders.update(folded_name(parent) for parent in path.parents)

    def allocate(self, stored_as: str, *, with_metadata: bool = False) -> PurePosixPath:
        """The place of `stored_as`, relative to the folder.

        Args:
            stored_as: the backup's own name.
            with_metadata: the name of its metadata envelope must be free as well.

        Raises:
            UnsafeNameError: the name leads out of the folder.
        """
        wanted = safe_path(stored_as)
        with self._lock:
            folder = self._home(wanted.parts[:-1])

            def free(path: PurePosixPath) -> bool:
                sidecar_free = not with_metadata or self._free_for_file(metadata_path(path), None)
                return sidecar_free and self._free_for_file(path, stored_as)

            path = self._first_free(folder / wanted.name, free)
            self._given.add(folded_name(path))
            if with_metadata:
                self._given.add(folded_name(metadata_path(path)))
            return path

    def recorded(self, path: PurePosixPath) -> bool:
        """Whether an earlier run put `path` there."""
        return folded_name(path) in self._owners

    def check_no_link(self, path: PurePosixPath) -> None:
        """Refuse to follow a symbolic link on the way from the folder to `path`.

        Raises:
            StorageError: one of its folders is a link.
        """
        if path.parent in self._sound:
            return
        for parent in reversed(path.parents):  # so whatever is sound lies in what is sound
            if parent in self._sound or parent == PurePosixPath():
                continue
            if (self._folder / parent).is_symlink():
                raise StorageError(
                    f"{self._folder / parent} is a link that may lead elsewhere",
                    hint="remove the link, or choose another folder",
                )
            self._sound.add(parent)

    def _home(self, parts: tuple[str, ...]) -> PurePosixPath:
        """The folder for what is stored below `parts`: the same one each time."""
        if parts == self._last_home[0]:  # a listing comes folder by folder
            return self._last_home[1]
        folder = PurePosixPath()
        for part in parts:
            wanted = folder / part
            renamed = self._renamed.get(folded_name(wanted))
            folder = renamed or self._first_free(wanted, self._free_for_folder)
            if folder != wanted:
                self._renamed[folded_name(wanted)] = folder
            self._folders.add(folded_name(folder))
        self._last_home = (parts, folder)
        return folder

    def _free_for_folder(self, path: PurePosixPath) -> bool:
        key = folded_name(path)
        if key in self._folders:
            return True
        taken = key in self._given or key in self._owners
        return not taken and not (self._folder / path).is_file()

    def _free_for_file(self, path: PurePosixPath, owner: str | None) -> bool:
        key = folded_name(path)
        if key in self._given or key in self._folders:
            return False
        if key in self._owners:
            return self._owners[key] == owner
        return not os.path.isdir(f"{self._folder}/{path}")

    def _first_free(
        self, wanted: PurePosixPath, free: Callable[[PurePosixPath], bool]
    ) -> PurePosixPath:
        if free(wanted):
            return wanted
        key = folded_name(wanted)
        number = self._numbers.get(key, 1)
        path = wanted
        while not free(path):
            number += 1
            path = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        self._numbers[key] = number
        return path


def metadata_path(path: PurePosixPath) -> PurePosixPath:
    """Where the metadata envelope of the blob at `path` lies."""
    return path.with_name(path.name + METADATA_SUFFIX)
