"""Choose a free name below a folder for each entry of a backup.

Names from a backup are not trusted (:mod:`gdrive_wa.core.names`). In addition, two names may be
the same file on some file systems (case, Unicode normalisation), one entry's folder may be another
entry's file, and the user's own files must not be replaced. On a collision, a number is added to
the name of the later entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from threading import Lock

from gdrive_wa.core.kinds import METADATA_SUFFIX
from gdrive_wa.core.names import folded_name, safe_path
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.manifest import Record
from gdrive_wa.storage.tree import Tree


class FreeNames:
    """Allocates names below one folder, each once per run. Thread-safe.

    Args:
        tree: the folder.
        records: files of earlier runs; an entry keeps the name it had.
    """

    def __init__(self, tree: Tree, records: Iterable[Record] = ()) -> None:
        self._tree = tree
        self._lock = Lock()
        self._owners: dict[str, str | None] = {}
        self._folders: set[str] = set()
        self._allocated: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._checked: set[PurePosixPath] = set()
        self._absent: dict[PurePosixPath, bool] = {}
        self._renamed: dict[str, PurePosixPath] = {}
        self._last_folder: tuple[tuple[str, ...], PurePosixPath] = ((), PurePosixPath())
        for record in records:
            path = PurePosixPath(record.path)
            self._owners[folded_name(path)] = record.stored_as
            self._folders.update(folded_name(parent) for parent in path.parents)

    def allocate(self, stored_as: str, *, with_metadata: bool = False) -> PurePosixPath:
        """Allocate a path for `stored_as`, relative to the folder.

        Args:
            stored_as: the stored name in the backup.
            with_metadata: also require a free name for its metadata envelope.

        Raises:
            UnsafeNameError: the name leads out of the folder.
        """
        wanted = safe_path(stored_as)
        with self._lock:
            folder = self._folder_for(wanted.parts[:-1])

            def free(path: PurePosixPath) -> bool:
                sidecar_free = not with_metadata or self._free_for_file(metadata_path(path), None)
                return sidecar_free and self._free_for_file(path, stored_as)

            path = self._first_free(folder / wanted.name, free)
            self._allocated.add(folded_name(path))
            if with_metadata:
                self._allocated.add(folded_name(metadata_path(path)))
            return path

    def recorded(self, path: PurePosixPath) -> bool:
        """True if an earlier run wrote `path`."""
        return folded_name(path) in self._owners

    def may_exist(self, path: PurePosixPath) -> bool:
        """False if the folder of `path` did not exist when this was first called for that folder.

        So the first run into a new folder does not look up thousands of files there.
        """
        folder = path.parent
        absent = self._absent.get(folder)
        if absent is None:
            absent = self._absent[folder] = not self._tree.is_folder(_text(folder))
        return not absent

    def check_no_link(self, path: PurePosixPath) -> None:
        """Check that no folder between the root folder and `path` is a symbolic link.

        Raises:
            StorageError: one of them is.
        """
        if path.parent in self._checked:
            return
        with storage_errors(self._tree.shown(_text(path.parent))):
            self._tree.check_folder(_text(path.parent))
        self._checked.add(path.parent)

    def _folder_for(self, parts: tuple[str, ...]) -> PurePosixPath:
        """The folder for entries stored below `parts`, the same on each call."""
        if parts == self._last_folder[0]:  # listings are ordered by folder
            return self._last_folder[1]
        folder = PurePosixPath()
        for part in parts:
            wanted = folder / part
            renamed = self._renamed.get(folded_name(wanted))
            folder = renamed or self._first_free(wanted, self._free_for_folder)
            if folder != wanted:
                self._renamed[folded_name(wanted)] = folder
            self._folders.add(folded_name(folder))
        self._last_folder = (parts, folder)
        return folder

    def _free_for_folder(self, path: PurePosixPath) -> bool:
        key = folded_name(path)
        if key in self._folders:
            return True
        taken = key in self._allocated or key in self._owners
        return not taken and not self._tree.is_file(str(path))

    def _free_for_file(self, path: PurePosixPath, owner: str | None) -> bool:
        key = folded_name(path)
        if key in self._allocated or key in self._folders:
            return False
        if key in self._owners:
            return self._owners[key] == owner
        return not (self.may_exist(path) and self._tree.is_folder(str(path)))

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
    """The path of the metadata envelope for the blob at `path`."""
    return path.with_name(path.name + METADATA_SUFFIX)


def _text(folder: PurePosixPath) -> str:
    """The folder as a path in a tree, where the root is empty."""
    return "" if folder == PurePosixPath() else str(folder)
