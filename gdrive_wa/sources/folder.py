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
from datetime import UTC, datetime
from pathlib import Path

from gdrive_wa.core.errors import GdriveWaError, UsageError
from gdrive_wa.core.kinds import (
    LONGEST_ENVELOPE,
    METADATA_SUFFIX,
    Kind,
    is_encrypted,
    is_end_to_end,
    kind_of,
)
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.sources.fields import LONG_AGO
from gdrive_wa.sources.file_blob import OPEN_FLAGS, FileBlob
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

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise UsageError(f"no folder named '{path}'", hint="check the spelling")
        self._path = path
        self._scans: dict[Path, tuple[float, dict[str, Found]]] = {}

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        found = []
        for root in self._roots():
            files = dict(root.files())
            self._scans[root.path] = (time.monotonic(), files)
            if backup := _backup(root.path, files):
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
        backup_id = number[1] if number else str(path.absolute())
        for stored_as in sorted(files):
            owner = stored_as.removesuffix(METADATA_SUFFIX)
            if owner != stored_as and owner in files:
                continue  # an envelope: it is read with its media file
            size, modified, modified_ns = files[stored_as]
            locator = f"{path}{os.sep}{stored_as}"
            sealed = stored_as + METADATA_SUFFIX in files
            yield Entry(
                stored_as=stored_as,
                path=stored_as,
                locator=locator,
                size=size,
                md5=hashes.get(stored_as),
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
        return dict(root.files())

    def open(self, entry: Entry, *, offset: int = 0) -> FileBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return FileBlob(Path(entry.locator), offset)

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _roots(self) -> list[_Root]:
        """The folders of the backups; no file belongs to two of them."""
        phone = [path for name in _PHONE_ROOTS if _is_readable_folder(path := self._path / name)]
        # a phone over USB shows its storages as folders: "Internal shared storage", a card
        phone += [
            path
            for storage in _subfolders(self._path)
            for app in _APPS
            if _is_readable_folder(path := storage / _MEDIA / app)
        ]
        if phone:
            return [root for path in phone for root in _with_accounts(path, frozenset())]
        dumps = [
            child
            for child in _subfolders(self._path)
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
            children = _scan(folder)
            if prefix and _is_archive(folder, children):
                continue
            for child in children:
                name = child.name
                if name.startswith(STATE_FOLDER) or (others and child.path in others):
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
        account=number[1] if number else root.name,
        updated=max(filter(None, (_moment(at) for _, at, _ in files.values())), default=None),
        size=size,
        encrypted=encrypted,
        key_type="server" if encrypted is False else None,
    )


def _with_accounts(path: Path, others: frozenset[Path]) -> list[_Root]:
    """The backup at `path`, and those of further accounts inside it."""
    accounts = _subfolders(path / _ACCOUNTS)
    inside = frozenset({path / _ACCOUNTS}) if accounts else frozenset()
    return [_Root(path, others | inside), *map(_Root, accounts)]


def _is_archive(folder: str, children: Iterable[os.DirEntry[str]]) -> bool:
    """True for an archive inside the folder of a backup: without this, each run would
    restore the result of the last one. A download by gdrive-wa is not an archive."""
    state = any(child.name == STATE_FOLDER for child in children)
    return state and not _is_readable_folder(Path(folder, STATE_FOLDER, PARTIAL_FOLDER))


def _looks_like_a_dump(folder: Path) -> bool:
    """True if `folder` contains a backup. The name is not enough: a date is a number too."""
    return any(
        child.name.lower() in _INSIDE_A_BACKUP or is_encrypted(child.name)
        for child in _scan(str(folder))
    )


def _is_readable_folder(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # no permission
        return False


def _subfolders(folder: Path) -> list[Path]:
    return [folder / child.name for child in _scan(str(folder)) if _is_folder(child)]


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return False


def _scan(folder: str) -> list[os.DirEntry[str]]:
    """The content of `folder`, by name; empty if it is gone or cannot be read."""
    try:
        with os.scandir(folder) as children:
            return sorted(children, key=lambda child: child.name)
    except OSError:
        return []


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
    """The time; None if no calendar has it, as a damaged disk may say."""
    try:
        return datetime.fromtimestamp(max(seconds, 0), UTC)
    except (OverflowError, ValueError, OSError):
        return None
