"""A folder of the user's own Drive, with its subfolders and shortcuts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gdrive_wa.core.errors import NetworkError, UsageError
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.google.answers import LoginNotAllowedError
from gdrive_wa.google.session import Session
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.drive import DriveSource, newest, one_backup
from gdrive_wa.sources.drive_list import DriveFile
from gdrive_wa.storage.manifest import STATE_FOLDER

MOST_LEVELS = 500
"""Maximum levels of folders, including shortcuts; Drive itself allows 100."""
_TITLES = {
    *("My Drive", "Shared drives", "Shared with me"),
    *("Meine Ablage", "Geteilte Ablagen", "Für mich freigegeben"),
    *("Mi unidad", "Unidades compartidas", "Compartido conmigo"),
    *("Mon Drive", "Drive partagés", "Partagés avec moi"),
    *("Meu Drive", "Drives compartilhados", "Compartilhados comigo"),
    *("Il mio Drive", "Drive condivisi", "Condivisi con me"),
}
"""Drive's names for the roots of paths; they are not folders."""
FOLDERS_AT_ONCE = 22
"""How many folders one request lists; with more, its URL exceeds 2,048 characters."""


class DriveFolder(DriveSource):
    """A folder of the user's own Drive, with its subfolders and shortcuts."""

    name = "drive"

    def __init__(self, session: Session, endpoints: Endpoints, folder: str | None) -> None:
        super().__init__(session, endpoints)
        self._folder = (folder or "").strip("/")
        self._keys: dict[str, str | None] = {}

    def backups(self) -> list[Backup]:
        """The folder as one backup; none if it contains no files."""
        return one_backup(self._folder or "My Drive", newest(self._walk()))

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        yield from self._sealed_entries(newest(self._walk()), backup)

    def _start(self) -> list[str]:
        """The ids of the folders at the given path. There may be several, because Drive allows
        folders of the same name.

        The path begins in My Drive, with the name of a shared drive, or with a folder that
        another account shares. Drive's own title of these three roots may precede it.
        """
        names = [name for name in self._folder.split("/") if name]
        for path in [names, names[1:]] if names and names[0] in _TITLES else [names]:
            for begin in (self._from_root, self._from_shared_drive, self._from_others):
                if folders := begin(path):
                    return folders
        raise UsageError(
            f"no folder named {self._folder!r} in this Drive",
            hint=(
                "give the path as Drive shows it, such as 'Backups/WhatsApp'",
                "in a shared drive, begin with its name: 'Family/Backups/WhatsApp'",
            ),
        )

    def _from_root(self, path: Sequence[str]) -> list[str]:
        return self._down(["root"], path)

    def _from_shared_drive(self, path: Sequence[str]) -> list[str]:
        try:
            return self._down(self._listing.shared_drives(path[0]), path[1:])
        except LoginNotAllowedError:  # the login sees no shared drives, but may see the folder
            return []

    def _from_others(self, path: Sequence[str]) -> list[str]:
        query = f"sharedWithMe = true and trashed = false{_named(path[0])}"
        return self._down(self._folders(self._listing.files(spaces="drive", query=query)), path[1:])

    def _down(self, folders: list[str], path: Sequence[str]) -> list[str]:
        """The folders at `path` below `folders`."""
        for name in path:
            if not folders:
                break
            folders = self._folders(self._children(folders[:FOLDERS_AT_ONCE], _named(name)))
        return folders

    def _folders(self, files: Iterable[DriveFile]) -> list[str]:
        found = [file for file in files if file.is_folder]
        self._keys.update({file.id: file.resource_key for file in found})
        return [file.id for file in found]

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
                        self._keys.setdefault(file.id, file.resource_key)
                        found = shortcuts if file.is_shortcut else below
                        found.setdefault(file.id, f"{path}/")
            level = _without(below, walked)
            if not level:
                level, shortcuts = _without(shortcuts, walked), {}
        raise NetworkError("the folders of this Drive are nested too deep")

    def _children(self, folders: Sequence[str], more: str = "") -> Iterator[DriveFile]:
        inside = " or ".join(f"'{folder}' in parents" for folder in folders)
        query = f"({inside}) and trashed = false{more}"
        keys = {folder: self._keys.get(folder) for folder in folders}
        return self._listing.files(spaces="drive", query=query, keys=keys)


def _without(folders: dict[str, str], walked: set[str]) -> dict[str, str]:
    return {folder: path for folder, path in folders.items() if folder not in walked}


def _named(name: str) -> str:
    """The part of a query that asks for a name."""
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f" and name = '{quoted}'"
