"""A folder of the user's own Drive, with its subfolders and shortcuts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gdrive_wa.core.errors import NetworkError, UsageError
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.google.session import Session
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.drive import DriveSource, newest, one_backup
from gdrive_wa.sources.drive_list import DriveFile
from gdrive_wa.storage.manifest import STATE_FOLDER

MOST_LEVELS = 500
"""Most levels of folders, shortcuts included; Drive itself allows 100."""
FOLDERS_AT_ONCE = 24
"""How many folders one request lists; with more, its URL exceeds 2,048 characters."""


class DriveFolder(DriveSource):
    """A folder of the user's own Drive, with its subfolders and shortcuts."""

    name = "drive"

    def __init__(self, session: Session, endpoints: Endpoints, folder: str | None) -> None:
        super().__init__(session, endpoints)
        self._folder = (folder or "").strip("/")

    def backups(self) -> list[Backup]:
        """The folder as one backup; none if it contains no files."""
        return one_backup(self._folder or "My Drive", newest(self._walk()))

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        yield from self._sealed_entries(newest(self._walk()), backup)

    def _start(self) -> list[str]:
        """The ids of the folders at the given path. There may be several, because Drive allows
        folders of the same name."""
        folders = ["root"]
        for name in filter(None, self._folder.split("/")):
            quoted = name.replace("\\", "\\\\").replace("'", "\\'")
            children = self._children(folders[:FOLDERS_AT_ONCE], f" and name = '{quoted}'")
            folders = [file.id for file in children if file.is_folder]
            if not folders:
                raise UsageError(
                    f"no folder named {self._folder!r} in this Drive",
                    hint=(
                        "give the path as Drive shows it, such as 'Backups/WhatsApp'",
                        "a login sees other people's folders only through a shortcut",
                    ),
                )
        return folders

    def _walk(self) -> Iterator[tuple[str, DriveFile]]:
        """Every file with its path, level by level; targets of shortcuts come last.

        Each folder is visited once, under its own path rather than that of a shortcut, so a
        shortcut to a parent folder does no harm.
        """
        level, walked = dict.fromkeys(self._start(), ""), set[str]()
        shortcuts: dict[str, str] = {}
        for _ in range(MOST_LEVELS):
            if not level:
                return
            walked.update(level)
            below: dict[str, str] = {}
            waiting = list(level)
            while waiting:
                folders, waiting = waiting[:FOLDERS_AT_ONCE], waiting[FOLDERS_AT_ONCE:]
                for file in self._children(folders):
                    parent = next((each for each in file.parents if each in level), folders[0])
                    path = level[parent] + file.name
                    if not file.is_folder:
                        yield path, file
                    elif file.name != STATE_FOLDER:
                        found = shortcuts if file.is_shortcut else below
                        found.setdefault(file.id, f"{path}/")
            level = _without(below, walked)
            if not level:
                level, shortcuts = _without(shortcuts, walked), {}
        raise NetworkError("the folders of this Drive do not come to an end")

    def _children(self, folders: Iterable[str], more: str = "") -> Iterator[DriveFile]:
        inside = " or ".join(f"'{folder}' in parents" for folder in folders)
        return self._listing.files(spaces="drive", query=f"({inside}) and trashed = false{more}")


def _without(folders: dict[str, str], walked: set[str]) -> dict[str, str]:
    return {folder: path for folder, path in folders.items() if folder not in walked}
