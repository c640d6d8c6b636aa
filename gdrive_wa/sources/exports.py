"""Find exported chats: folders and ZIPs with the text of a chat and its media.

WhatsApp's "Export chat" makes a ZIP or several files: ``_chat.txt`` on an iPhone, ``WhatsApp Chat
with ….txt`` on Android, in the phone's language. People unpack, rename and collect them, so they
are looked for in a folder, and in the folders and ZIPs some levels below it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import Kind, is_encrypted, kind_of
from gdrive_wa.core.moments import EPOCH, moment_at
from gdrive_wa.sources.export_files import (
    ExportedFile,
    ExportFolder,
    as_folder,
    with_sorted_media,
)
from gdrive_wa.sources.export_zip import exports_in_zip
from gdrive_wa.sources.scan import is_folder, scan
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER

DEPTH = 5
"""How many folders below the given one are searched."""
_MANY_FOLDERS = 5000
_SIGNS_OF_A_BACKUP = {"databases", "media", "backups", "android"}
"""Folders of a phone; other programs use such names too, so they count in the given folder only."""
_APPS = ("Android/media/com.whatsapp", "Android/media/com.whatsapp.w4b")
_DATABASES = ("msgstore", "chatstorage.sqlite", "manifest.db")


@dataclass(frozen=True, slots=True)
class FoundExports:
    """All exported chats below a path.

    Attributes:
        folders: by label.
        warnings: what was left out, and why; a line each.
    """

    folders: tuple[ExportFolder, ...] = ()
    warnings: tuple[str, ...] = ()


def find_exports(path: Path) -> FoundExports:
    """The exported chats at `path`: a folder, a ZIP, or the text of a chat.

    A folder with a backup has none: the backup has more data than an exported chat.

    Raises:
        FormatError: `path` is a ZIP that cannot be opened.
    """
    if path.is_dir():
        found = _Search(path)
        found.walk(path, DEPTH)
        if found.holds_a_backup:
            return FoundExports()
        return FoundExports(tuple(found.folders), tuple(found.warnings))
    if path.suffix.lower() == ".zip" and path.is_file():
        warnings: list[str] = []
        folders = tuple(exports_in_zip(path, "", warnings))
        if warnings and not folders:
            raise FormatError(warnings[0], hint="give the ZIP as WhatsApp created it")
        return FoundExports(folders, tuple(warnings))
    if path.suffix.lower() == ".txt" and path.is_file():
        return _of_text(path)
    return FoundExports()


def holds_exports(path: Path) -> bool:
    """True if there is an exported chat at `path`."""
    try:
        return bool(find_exports(path).folders)
    except FormatError:  # reported when it is opened
        return path.is_file()


class _Search:
    """One search below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen = 0
        self.folders: list[ExportFolder] = []
        self.warnings: list[str] = []
        self.holds_a_backup = False

    def walk(self, folder: Path, depth: int) -> list[ExportedFile]:
        """Search `folder`, and return the files in and below it that do not belong to a chat."""
        children = scan(str(folder), self._refused)
        names = {child.name.lower() for child in children}
        self._seen += 1
        is_archive = STATE_FOLDER in names and not (folder / STATE_FOLDER / PARTIAL_FOLDER).is_dir()
        if self.holds_a_backup or is_archive or self._seen > _MANY_FOLDERS:
            return []
        label = "" if folder == self._root else folder.relative_to(self._root).as_posix()
        files = [
            file for child in children if (file := _plain_file(folder, child, label)) is not None
        ]
        own = folder.resolve().name
        found = list(as_folder(label or own, (own,), files))
        if _holds_databases(names) or (not found and _holds_media(folder, names)):
            self.holds_a_backup = True
            return []
        if not label and not found and names & _SIGNS_OF_A_BACKUP:
            self.holds_a_backup = True
            return []
        place = len(self.folders)
        self.folders += found
        for file in files:
            if file.name.lower().endswith(".zip"):
                self._search_zip(file)
        below: list[ExportedFile] = []
        for child in children:
            if depth and not child.name.startswith((".", "__MACOSX")) and is_folder(child):
                below += self.walk(folder / child.name, depth - 1)
        if found:
            self.folders[place] = with_sorted_media(found[0], below)
            return []
        return [*files, *below]

    def _refused(self, folder: str) -> None:
        shown = os.path.relpath(folder, self._root)
        self.warnings.append(f"the folder '{shown}' cannot be read: it is left out")

    def _search_zip(self, file: ExportedFile) -> None:
        try:
            self.folders += exports_in_zip(file.path, file.stored_as, self.warnings)
        except FormatError as error:
            self.warnings.append(f"{error.message}: it is left out")


def _holds_databases(names: set[str]) -> bool:
    return any(name.startswith(_DATABASES) or is_encrypted(name) for name in names)


def _holds_media(folder: Path, names: set[str]) -> bool:
    """True for a folder with WhatsApp's folders of media. Next to the text of a chat, folders with
    such names may be people's own."""
    if any(kind_of(f"{name}/x") is Kind.VOICE for name in names) or {"databases", "media"} <= names:
        return True
    return "android" in names and any((folder / app).is_dir() for app in _APPS)


def _of_text(path: Path) -> FoundExports:
    """The chat in a single text, with the files next to it."""
    folder = path.parent
    files = [
        file
        for child in scan(str(folder))
        if (file := _plain_file(folder, child, "")) is not None
        and (file.name == path.name or not file.name.lower().endswith((".txt", ".zip")))
    ]
    return FoundExports(tuple(as_folder(path.stem, (folder.resolve().name,), files)))


def _plain_file(folder: Path, child: os.DirEntry[str], label: str) -> ExportedFile | None:
    try:
        found = child.stat(follow_symlinks=False)
    except OSError:  # deleted in the meantime
        return None
    if not stat.S_ISREG(found.st_mode) or not found.st_size or is_junk(child.name):
        return None
    return ExportedFile(
        stored_as=f"{label}/{child.name}" if label else child.name,
        name=child.name,
        size=found.st_size,
        modified=moment_at(found.st_mtime) or EPOCH,
        revision=f"{found.st_size}-{found.st_mtime_ns}",
        path=folder / child.name,
    )
