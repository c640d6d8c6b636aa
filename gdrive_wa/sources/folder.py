"""A folder on this machine: a phone's ``WhatsApp`` folder, or a download by this or another tool.

Nothing in it is changed, and symbolic links are not followed. Files that disappear while the
folder is read are ignored.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError, UsageError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import (
    LONGEST_ENVELOPE,
    METADATA_SUFFIX,
    Kind,
    is_encrypted,
    is_end_to_end,
    kind_of,
)
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.moments import moment_at
from gdrive_wa.core.names import whole_text
from gdrive_wa.sources.beside import databases_beside
from gdrive_wa.sources.elsewhere import files_elsewhere
from gdrive_wa.sources.fields import LONG_AGO
from gdrive_wa.sources.file_blob import OPEN_FLAGS, FileBlob
from gdrive_wa.sources.scan import is_readable_folder, scan, subfolders
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER, read_manifest

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
SCAN_SECONDS = 10.0
"""Seconds for which a listing may use the files that :meth:`Folder.backups` found."""


Found = tuple[int, float, int]
"""A file's size in bytes and modification time, in seconds and in nanoseconds since 1970. A plain
tuple of numbers, which the garbage collector does not track."""


class Folder:
    """The backups in a folder, such as one for each WhatsApp app and each account of a phone."""

    name = "folder"
    any_folder = True
    """Any folder can be given, so that its files may have nothing to do with WhatsApp."""

    def __init__(self, path: Path) -> None:
        if path.is_file():
            raise UsageError(
                f"'{path}' is a file, not a folder", hint=f"give its folder: '{path.parent}'"
            )
        if not path.is_dir():
            raise UsageError(f"no folder named '{path}'", hint="check the spelling")
        self._path = path
        self._scans: dict[Path, tuple[float, dict[str, Found]]] = {}
        self._beside: dict[Path, dict[str, str]] = {}

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        found = []
        for root in self._roots():
            files = dict(root.files())
            backup = _backup(root.path, files)
            self._scans[root.path] = (time.monotonic(), self._with_beside(root, files))
            if backup:
                found.append(backup)
        return sorted(found, key=lambda backup: backup.updated or LONG_AGO, reverse=True)

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`.

        The first listing after :meth:`backups` uses its result; later ones read the folder again.
        """
        path = Path(backup.name)
        files = self._scanned(path)
        hashes = _hashes(path)
        number = _NUMBER.fullmatch(path.name)
        backup_id = number[1] if number else whole_text(str(path.absolute()))
        for stored_as in sorted(files):
            owner = stored_as.removesuffix(METADATA_SUFFIX)
            if owner != stored_as and owner in files:
                continue  # an envelope: it is read with its media file
            size, modified, modified_ns = files[stored_as]
            locator = self._beside[path].get(stored_as) or f"{path}{os.sep}{stored_as}"
            sealed = stored_as + METADATA_SUFFIX in files
            shown = stored_as if stored_as.isascii() else _whole(stored_as, files)
            yield Entry(
                stored_as=shown,
                path=shown,
                locator=locator,
                size=size,
                md5=hashes.get(shown),
                modified=_moment(modified),
                revision=f"{size}-{modified_ns}",
                envelope=_envelope(locator + METADATA_SUFFIX) if sealed else None,
                backup=backup_id,
            )

    def path_of(self, entry: Entry) -> str:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return os.path.abspath(entry.locator)

    def state(self, backup: Backup) -> str:
        """See :class:`~gdrive_wa.sources.base.BackupSource`: names, sizes and times."""
        path = Path(backup.name)
        files = self._scanned(path)
        self._scans[path] = (time.monotonic(), files)  # the next listing uses it too
        text = repr((str(path.absolute()), sorted(files.items())))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _scanned(self, path: Path) -> dict[str, Found]:
        """The files of the backup at `path`, from a recent scan or a new one."""
        at, files = self._scans.pop(path, (-math.inf, {}))
        if time.monotonic() - at < SCAN_SECONDS:
            return files
        root = next((root for root in self._roots() if root.path == path), _Root(path))
        return self._with_beside(root, dict(root.files()))

    def _with_beside(self, root: _Root, files: dict[str, Found]) -> dict[str, Found]:
        """`files`, and the databases beside them, unless it is a further account's backup."""
        paths = self._beside[root.path] = {}
        if root.path.parent.name != _ACCOUNTS:
            for stored_as, child in databases_beside(root.path, self._path):
                if stored_as not in files:
                    found = child.stat(follow_symlinks=False)
                    files[stored_as] = found.st_size, found.st_mtime, found.st_mtime_ns
                    paths[stored_as] = child.path
        if len(roots := self._roots()) == 1 and root.path != self._path:
            known = set(paths.values())
            for stored_as, child, found in files_elsewhere(self._path, [roots[0].path]):
                if stored_as not in files and child.path not in known:
                    files[stored_as] = found.st_size, found.st_mtime, found.st_mtime_ns
                    paths[stored_as] = child.path
        return files

    def open(self, entry: Entry, *, offset: int = 0) -> FileBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return FileBlob(Path(entry.locator), offset)

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _roots(self) -> list[_Root]:
        """The folders of the backups; no file belongs to two of them."""
        phone = [path for name in _PHONE_ROOTS if is_readable_folder(path := self._path / name)]
        # a phone over USB shows its storages as folders: "Internal shared storage", a card
        phone += [
            path
            for storage in subfolders(self._path)
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


@dataclass(frozen=True, slots=True)
class _Root:
    """The folder of one backup, and the folders below it that are other backups."""

    path: Path
    others: frozenset[Path] = frozenset()

    def files(self) -> Iterator[tuple[str, Found]]:
        """The path of each file below the root, with ``/`` between its parts, and its facts."""
        others = {os.path.abspath(other) for other in self.others}
        waiting = [(os.path.abspath(self.path), "")]
        while waiting:
            folder, prefix = waiting.pop()
            children = scan(folder)
            if prefix and _is_archive(folder, children):
                continue
            for child in children:
                name = child.name
                if name.startswith(STATE_FOLDER) or (others and child.path in others):
                    continue
                if is_junk(prefix + name) and not child.is_dir(follow_symlinks=False):
                    continue
                try:
                    found = child.stat(follow_symlinks=False)
                except OSError:  # gone meanwhile
                    continue
                if stat.S_ISREG(found.st_mode):
                    yield prefix + name, (found.st_size, found.st_mtime, found.st_mtime_ns)
                elif stat.S_ISDIR(found.st_mode):
                    waiting.append((child.path, f"{prefix}{name}/"))

    def holds_a_backup(self) -> bool:
        return any(
            is_encrypted(name) or kind_of(name) is not Kind.UNKNOWN for name, _ in self.files()
        )


def _backup(root: Path, files: Mapping[str, Found]) -> Backup | None:
    """The backup at `root`; None if it has no content."""
    size = sum(size for size, _, _ in files.values())
    if not size:
        return None
    number = _NUMBER.fullmatch(root.name)
    encrypted = is_end_to_end(files)
    return Backup(
        name=str(root),
        account=number[1] if number else whole_text(root.name),
        updated=max(filter(None, (_moment(at) for _, at, _ in files.values())), default=None),
        size=size,
        encrypted=encrypted,
        key_type="server" if encrypted is False else None,
    )


def _with_accounts(path: Path, others: frozenset[Path]) -> list[_Root]:
    """The backup at `path`, and those of further accounts inside it."""
    accounts = subfolders(path / _ACCOUNTS)
    inside = frozenset({path / _ACCOUNTS}) if accounts else frozenset()
    return [_Root(path, others | inside), *map(_Root, accounts)]


def _is_archive(folder: str, children: Iterable[os.DirEntry[str]]) -> bool:
    """True for an archive inside the folder of a backup: without this, each run would
    restore the result of the last one. A download by gdrive-wa is not an archive."""
    state = any(child.name == STATE_FOLDER for child in children)
    return state and not is_readable_folder(Path(folder, STATE_FOLDER, PARTIAL_FOLDER))


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


def _moment(seconds: float) -> datetime | None:
    return moment_at(max(seconds, 0))


def _whole(name: str, files: Mapping[str, Found]) -> str:
    """A name that is not UTF-8, as text; unlike every other one here."""
    whole = whole_text(name)
    while whole != name and whole in files:
        stem, suffix = os.path.splitext(whole)
        whole = f"{stem}%{suffix}"
    return whole
