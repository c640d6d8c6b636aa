"""Recognise iPhone backups that cannot be read: in iCloud, incomplete, or too old."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

from gdrive_wa.core.errors import DamagedError, FormatError, GoneError
from gdrive_wa.core.moments import EPOCH, moment_at
from gdrive_wa.sources.scan import scan, subfolders

ICLOUD = "ChatStorage.sqlite.enc"
MANIFEST = "Manifest.db"
PROPERTIES = "Manifest.plist"
_FOLDER_OF_BACKUPS = "Backup"
_BEFORE_IOS_10 = "Manifest.mbdb"
_ANDROID = ("whatsapp", "com.whatsapp", "android", "databases", "media")
"""Beginnings of the names of folders in an Android's backup."""
_DIGITS = frozenset("0123456789abcdef")
COPY_AGAIN = (
    "copy the whole folder of the backup again, with every file and folder in it",
    "or back up the iPhone again with Finder or iTunes",
)
"""Hints for an incomplete or damaged iPhone backup."""
WITHOUT_WHATSAPP = (
    "check on the iPhone that WhatsApp is installed and shows the chats",
    "then back up the iPhone again with Finder or iTunes, or give the backup of another day",
)
"""Hints for an iPhone backup that does not contain WhatsApp."""


def is_own_file(path: Path) -> bool:
    """True if `path` is a regular file, and not a symbolic link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def backup_folders(path: Path) -> list[Path]:
    """The folders of complete iPhone backups at `path`: itself, or those in it, or those in the
    folder ``Backup`` of a ``MobileSync``.
    """
    if is_own_file(path / MANIFEST):
        return [path]
    return [
        child
        for child in _children(path)
        if is_own_file(child / MANIFEST) and is_own_file(child / PROPERTIES)
    ]


def _children(path: Path) -> list[Path]:
    """The folders in `path`, or in its ``Backup``: Finder and iTunes write MobileSync/Backup."""
    children = subfolders(path)
    outer = next((child for child in children if child.name == _FOLDER_OF_BACKUPS), None)
    return children if outer is None else [*children, *subfolders(outer)]


def stored_file(folder: Path, file_id: str, shown: str) -> Path:
    """The stored file `file_id` of the backup in `folder`.

    Raises:
        GoneError: the file is listed but was not copied, or it is a symbolic link, which may lead
            to another user's file; the error calls it `shown`.
    """
    path = folder / file_id[:2] / file_id
    if path.is_symlink() or path.parent.is_symlink():
        raise GoneError(
            f"'{shown}' is a link in this backup, and is not followed",
            hint="a backup made by Finder or iTunes contains no links: copy it again",
        )
    if not is_own_file(path):
        raise GoneError(f"'{shown}' is no longer there, or was never copied", hint=COPY_AGAIN)
    return path


def facts(folder: Path, file_id: str, unknown: datetime) -> tuple[int | None, datetime]:
    """The size in bytes and the modification time, UTC, of the stored file `file_id`; None and
    `unknown` if it was not copied."""
    try:
        info = (folder / file_id[:2] / file_id).lstat()
    except OSError:
        return None, unknown
    return info.st_size, moment_at(info.st_mtime) or EPOCH


def refuse_icloud(path: Path) -> None:
    """Refuse an iCloud backup.

    Raises:
        FormatError: `path` is one, or contains one.
    """
    if path.name == ICLOUD or is_own_file(path / ICLOUD):
        raise FormatError(
            f"'{ICLOUD}' is an iCloud backup, which cannot be opened: its format is unknown",
            hint="back up the iPhone to a computer with Finder or iTunes, and give that folder",
        )


def refuse_incomplete(path: Path) -> None:
    """Refuse the folder of an incomplete iPhone backup.

    Args:
        path: the folder of a backup, or of several backups; none of them is complete.

    Raises:
        DamagedError: a backup lacks its list of files, or the file that describes how to read it.
        FormatError: a backup is from before iOS 10.
    """
    children = _children(path)
    android = any(child.name.lower().startswith(_ANDROID) for child in children)
    for folder in (path, *(() if android else children)):
        if is_own_file(folder / MANIFEST):  # alone, or it would be a whole backup
            raise _incomplete(folder, PROPERTIES)
        if is_own_file(folder / _BEFORE_IOS_10):
            raise FormatError(
                f"'{folder}' is an iPhone backup of iOS 9 or older ({_BEFORE_IOS_10}),"
                " which is not supported",
                hint="back up the iPhone again with a current Finder or iTunes",
            )
        if is_own_file(folder / PROPERTIES) or _has_blobs(folder):
            raise _incomplete(folder, MANIFEST)


def _incomplete(folder: Path, lacks: str) -> DamagedError:
    return DamagedError(
        f"'{folder}' is an iPhone backup without {lacks}: it was not copied completely",
        hint=COPY_AGAIN,
    )


def _has_blobs(folder: Path) -> bool:
    """True if `folder` has files of a backup: their names are 40 digits, and each is in a folder
    that is named after its first two digits."""
    return any(
        len(child.name) == 2 and _DIGITS.issuperset(child.name) and _holds_a_blob(child)
        for child in subfolders(folder)
    )


def _holds_a_blob(folder: Path) -> bool:
    names = (entry.name for entry in scan(str(folder)))
    return any(
        len(name) == 40 and name.startswith(folder.name) and _DIGITS.issuperset(name)
        for name in names
    )
