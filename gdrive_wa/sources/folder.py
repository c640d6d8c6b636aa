"""A folder on this machine: a phone's ``WhatsApp`` folder, or a download by this or another tool.

Nothing in it is changed, and symbolic links are not followed. Files that disappear while the
folder is read are ignored.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError, UsageError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import (
    LONGEST_ENVELOPE,
    METADATA_SUFFIX,
    is_encrypted,
    is_end_to_end,
)
from gdrive_wa.core.model import Backup, Entry, Outcome
from gdrive_wa.core.moments import END_SECONDS, moment_at
from gdrive_wa.core.names import whole_text
from gdrive_wa.sources.base import WHEN_EMPTY
from gdrive_wa.sources.beside import adjacent_databases
from gdrive_wa.sources.elsewhere import files_elsewhere
from gdrive_wa.sources.fields import LONG_AGO
from gdrive_wa.sources.file_blob import OPEN_FLAGS, FileBlob
from gdrive_wa.sources.folder_root import Found, Root
from gdrive_wa.sources.scan import has_names, is_readable_folder, scan, subfolders
from gdrive_wa.storage.manifest import read_manifest

_MEDIA = "Android/media"
_APPS = ("com.whatsapp/WhatsApp", "com.whatsapp.w4b/WhatsApp Business")
_PHONE_ROOTS = (
    *(f"{_MEDIA}/{app}" for app in _APPS),
    *(f"media/{app}" for app in _APPS),
    *_APPS,
    "WhatsApp",
    "WhatsApp Business",
)
_ACCOUNTS = "accounts"
_NUMBER = re.compile(r"(\d{7,15})(?:_.*)?", re.ASCII)
_INSIDE_A_BACKUP = {"databases", "media", "backups"}
_READ_IT = ("change its permissions so that you can read it, and run the command again",)
_END = END_SECONDS * 1_000_000_000
SCAN_SECONDS = 10.0
"""Seconds for which a listing may use the files that :meth:`Folder.backups` found."""


class Folder:
    """The backups in a folder, such as one for each WhatsApp app and each account of a phone.

    Attributes:
        unreadable: folders of the backups that this user may not read, as failed outcomes.
    """

    name = "folder"
    any_folder = True
    """Any folder can be given, so its files may have nothing to do with WhatsApp."""

    def __init__(self, path: Path) -> None:
        if path.is_file():
            raise UsageError(
                f"'{path}' is a file, not a folder", hint=f"give its folder: '{path.parent}'"
            )
        if not path.is_dir():
            raise UsageError(f"no folder named '{path}'", hint="check the spelling")
        self._path = path
        self._scans: dict[Path, tuple[float, dict[str, Found]]] = {}
        self._adjacent: dict[Path, dict[str, str]] = {}
        self._refused: dict[str, Outcome] = {}

    @property
    def unreadable(self) -> tuple[Outcome, ...]:
        """See the class."""
        return tuple(self._refused.values())

    @property
    def when_empty(self) -> tuple[str, tuple[str, ...]]:
        """The error for a folder without a backup: a message, and hints."""
        if self._refused:
            return f"'{next(iter(self._refused))}' cannot be read: permission denied", _READ_IT
        return "there is no WhatsApp backup here", WHEN_EMPTY[self.name]

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        found = []
        self._refused.clear()
        for root in self._roots():
            files = dict(root.files(self._refuse))
            backup = _backup(root.path, files)
            self._scans[root.path] = (time.monotonic(), self._with_adjacent(root, files))
            if backup:
                found.append(backup)
        return sorted(found, key=lambda backup: backup.updated or LONG_AGO, reverse=True)

    def has_names(self, count: int) -> bool:
        """See :class:`~gdrive_wa.sources.base.LocalSource`."""
        return has_names(str(self._path), count)

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        The first listing after :meth:`backups` uses its result; later ones read the folder again.
        """
        path = Path(backup.name)
        files = self._scanned(path)
        hashes = _hashes(path)
        number = _NUMBER.fullmatch(path.name)
        root = f"{path}{os.sep}"
        backup_id = number[1] if number else whole_text(str(path.absolute()))
        for stored_as in sorted(files):
            owner = stored_as.removesuffix(METADATA_SUFFIX)
            if owner != stored_as and owner in files:
                continue  # an envelope: it is read with its media file
            size, modified_ns = files[stored_as]
            file = self._adjacent[path].get(stored_as) or f"{root}{stored_as}"
            sealed = stored_as + METADATA_SUFFIX in files
            shown = stored_as if stored_as.isascii() else _whole(stored_as, files)
            yield Entry(
                stored_as=shown,
                path=shown,
                locator=root if file == f"{root}{shown}" else file,
                size=size,
                md5=hashes.get(shown),
                modified=_moment(modified_ns),
                revision=f"{size}-{modified_ns}",
                envelope=_envelope(file + METADATA_SUFFIX) if sealed else None,
                backup=backup_id,
            )

    def path_of(self, entry: Entry) -> str:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return os.path.abspath(_file_of(entry))

    def state(self, backup: Backup) -> str:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: names, sizes and times."""
        path = Path(backup.name)
        files = self._scanned(path)
        self._scans[path] = (time.monotonic(), files)  # the next listing uses it too
        listed = [f"{name}\0{size}\0{at}" for name, (size, at) in files.items()]
        text = "\0".join([str(path.absolute()), *sorted(listed)])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _scanned(self, path: Path) -> dict[str, Found]:
        """The files of the backup at `path`, from a recent scan or a new one."""
        at, files = self._scans.pop(path, (-math.inf, {}))
        if time.monotonic() - at < SCAN_SECONDS:
            return files
        root = next((root for root in self._roots() if root.path == path), Root(path))
        self._refused.clear()
        return self._with_adjacent(root, dict(root.files(self._refuse)))

    def _with_adjacent(self, root: Root, files: dict[str, Found]) -> dict[str, Found]:
        """`files`, and the databases next to them; for a further account's backup, only `files`."""
        paths = self._adjacent[root.path] = {}
        if root.path.parent.name != _ACCOUNTS:
            for stored_as, child in adjacent_databases(root.path, self._path):
                if stored_as not in files:
                    found = child.stat(follow_symlinks=False)
                    files[stored_as] = found.st_size, found.st_mtime_ns
                    paths[stored_as] = child.path
        if len(roots := self._roots()) == 1 and root.path != self._path:
            known = set(paths.values())
            for stored_as, child, found in files_elsewhere(self._path, [roots[0].path]):
                if stored_as not in files and child.path not in known:
                    files[stored_as] = found.st_size, found.st_mtime_ns
                    paths[stored_as] = child.path
        return files

    def open(self, entry: Entry, *, offset: int = 0) -> FileBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return FileBlob(Path(_file_of(entry)), offset)

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _refuse(self, folder: str) -> None:
        """Record a folder that this user may not read."""
        shown = os.path.relpath(folder, self._path).replace(os.sep, "/")
        if shown == ".":
            raise UsageError(f"cannot read '{self._path}': permission denied", hint=_READ_IT)
        if not is_junk(f"{shown}/x"):
            self._refused[shown] = Outcome(
                path=whole_text(shown),
                reason="the folder cannot be read: permission denied",
                hints=_READ_IT,
                exit_code=UsageError.exit_code,
            )

    def _roots(self) -> list[Root]:
        """The folders of the backups; no file belongs to two of them."""
        phone = [path for name in _PHONE_ROOTS if is_readable_folder(path := self._path / name)]
        # a phone over USB shows its storages as folders: "Internal shared storage", a card
        phone += [
            path
            for storage in subfolders(self._path, self._refuse)
            for app in _APPS
            if is_readable_folder(path := storage / _MEDIA / app)
        ]
        if phone:
            return [root for path in phone for root in _with_accounts(path, frozenset())]
        dumps = [
            child
            for child in subfolders(self._path)
            if _NUMBER.fullmatch(child.name) and _looks_like_a_dump(child)
        ]
        roots = [root for path in dumps for root in _with_accounts(path, frozenset())]
        own = _with_accounts(self._path, frozenset(dumps))
        if not dumps or own[1:] or own[0].holds_a_backup():
            roots += own
        return roots


def _backup(root: Path, files: Mapping[str, Found]) -> Backup | None:
    """The backup at `root`; None if it has no content."""
    size = sum(size for size, _ in files.values())
    if not size:
        return None
    number = _NUMBER.fullmatch(root.name)
    encrypted = is_end_to_end(files)
    newest = max((at for _, at in files.values() if at < _END), default=None)
    return Backup(
        name=str(root),
        account=number[1] if number else whole_text(root.name),
        updated=None if newest is None else _moment(newest),
        size=size,
        encrypted=encrypted,
        key_type="server" if encrypted is False else None,
    )


def _with_accounts(path: Path, others: frozenset[Path]) -> list[Root]:
    """The backup at `path`, and those of further accounts inside it."""
    accounts = subfolders(path / _ACCOUNTS)
    inside = frozenset({path / _ACCOUNTS}) if accounts else frozenset()
    return [Root(path, others | inside), *map(Root, accounts)]


def _looks_like_a_dump(folder: Path) -> bool:
    """True if `folder` contains a backup. The name is not enough: a date is a number too."""
    return any(
        child.name.lower() in _INSIDE_A_BACKUP or is_encrypted(child.name)
        for child in scan(str(folder))
    )


def _hashes(root: Path) -> dict[str, str | None]:
    """The MD5 of stored bytes, as recorded by a download of gdrive-wa."""
    try:
        return {record.path: record.source_md5 for record in read_manifest(root)}
    except GdriveWaError:  # treat the folder like that of any other tool
        return {}


def _envelope(path: str) -> str | None:
    """The content of an envelope file, read with few system calls, as there are thousands."""
    try:
        file = os.open(path, OPEN_FLAGS)
    except OSError:
        return None
    try:
        return os.read(file, LONGEST_ENVELOPE).decode("ascii", "replace")
    except OSError:
        return None
    finally:
        os.close(file)


def _file_of(entry: Entry) -> str:
    """The path of an entry's file. To save memory, the locator of most entries is only the folder
    of the backup, which thousands of entries share; the stored name is the rest of the path."""
    locator = entry.locator
    return f"{locator}{entry.stored_as}" if locator.endswith(os.sep) else locator


def _moment(nanoseconds: int) -> datetime | None:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return moment_at(max(seconds + 1e-9 * rest, 0))


def _whole(name: str, files: Mapping[str, Found]) -> str:
    """A name that is not UTF-8, as text that differs from all other names here."""
    whole = whole_text(name)
    while whole != name and whole in files:
        stem, suffix = os.path.splitext(whole)
        whole = f"{stem}%{suffix}"
    return whole
