"""A folder on this machine: a phone's ``WhatsApp`` folder, or a download by this or another tool.

Nothing in it is ever changed, and no symbolic link is followed. Whatever vanishes while it is
read is as if it had not been there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gdrive_wa.core.errors import GdriveWaError, GoneError, NetworkError, UsageError
from gdrive_wa.core.kinds import Kind, kind_of
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.sources.fields import LONG_AGO
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER, read_manifest

METADATA_SUFFIX = "-metadata"
LONGEST_ENVELOPE = 65536
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
_SEALED = re.compile(r"\.(crypt1[245]|mcrypt1)$", re.IGNORECASE)


class Folder:
    """The backups that a folder holds: its own, one a phone root, one a second account."""

    name = "folder"

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise UsageError(f"{path} is no folder", hint="name a folder that is there")
        self._path = path

    def backups(self) -> list[Backup]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        found = [_backup(root) for root in self._roots()]
        kept = [backup for backup in found if backup.size]
        return sorted(kept, key=lambda backup: backup.updated or LONG_AGO, reverse=True)

    def entries(self, backup: Backup) -> Iterator[Entry]:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        path = Path(backup.name)
        root = next((root for root in self._roots() if root.path == path), _Root(path))
        known = _hashes(path)
        number = _NUMBER.fullmatch(path.name)
        whose = number[1] if number else str(path.absolute())
        files = {file.stored_as: file for file in root.files()}
        for stored_as, file in sorted(files.items()):
            owner = stored_as.removesuffix(METADATA_SUFFIX)
            if owner != stored_as and owner in files:
                continue  # an envelope: it is read with the file that it belongs to
            beside = files.get(stored_as + METADATA_SUFFIX)
            yield Entry(
                stored_as=stored_as,
                path=stored_as,
                locator=file.path,
                size=file.stat.st_size,
                md5=known.get(stored_as),
                modified=file.modified,
                revision=_revision(file.stat),
                envelope=_envelope(beside.path) if beside else None,
                backup=whose,
            )

    def path_of(self, entry: Entry) -> str:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return entry.locator

    def open(self, entry: Entry, *, offset: int = 0) -> FileBlob:
        """See :class:`~gdrive_wa.sources.base.BackupSource`."""
        return FileBlob(Path(entry.locator), offset)

    def close(self) -> None:
        """Nothing is held open."""

    def _roots(self) -> list[_Root]:
        """Where backups lie, no file in two of them."""
        phone = [path for name in _PHONE_ROOTS if _leads_in(path := self._path / name)]
        # a phone over USB shows its storages as folders: "Internal shared storage", a card
        phone += [
            path
            for storage in _subfolders(self._path)
            for app in _APPS
            if _leads_in(path := storage / _MEDIA / app)
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
class _File:
    stored_as: str
    path: str
    stat: os.stat_result

    @property
    def modified(self) -> datetime:
        return datetime.fromtimestamp(max(self.stat.st_mtime, 0), UTC)


@dataclass(frozen=True, slots=True)
class _Root:
    """Where one backup lies, and which folders below it are other backups."""

    path: Path
    others: frozenset[Path] = frozenset()

    def files(self) -> Iterator[_File]:
        others = {os.path.abspath(other) for other in self.others}
        waiting = [(os.path.abspath(self.path), "")]
        while waiting:
            folder, prefix = waiting.pop()
            children = _scan(folder)
            if prefix and _is_archive(folder, children):
                continue
            for child in children:
                if child.name.startswith(STATE_FOLDER) or child.path in others:
                    continue
                try:
                    found = child.stat(follow_symlinks=False)
                except OSError:  # gone meanwhile
                    continue
                if stat.S_ISDIR(found.st_mode):
                    waiting.append((child.path, f"{prefix}{child.name}/"))
                elif stat.S_ISREG(found.st_mode):
                    yield _File(f"{prefix}{child.name}", child.path, found)

    def holds_a_backup(self) -> bool:
        return any(
            _SEALED.search(file.stored_as) or kind_of(file.stored_as) is not Kind.UNKNOWN
            for file in self.files()
        )


class FileBlob:
    """A file as :class:`~gdrive_wa.sources.base.BlobStream`.

    Attributes:
        offset: where it starts.
        total: bytes of the whole.
        revision: its size and time.
    """

    def __init__(self, path: Path, offset: int) -> None:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe put in its place would keep us waiting
        try:
            self._file: IO[bytes] = os.fdopen(os.open(path, flags), "rb", 0)
        except FileNotFoundError as error:
            raise GoneError(f"{path.name} is no longer there") from error
        except OSError as error:
            raise NetworkError(f"{path.name} cannot be read", hint="check the folder") from error
        found = os.fstat(self._file.fileno())
        if not stat.S_ISREG(found.st_mode):
            self._file.close()
            raise GoneError(f"{path.name} is no longer a file")
        self._name = path.name
        self.total: int | None = found.st_size
        self.revision: str | None = _revision(found)
        self.offset = min(offset, found.st_size)
        self._file.seek(self.offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """At most `size` more bytes; empty only at the end."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise NetworkError(f"{self._name} cannot be read") from error


def _backup(root: _Root) -> Backup:
    size, newest, names = 0, LONG_AGO, set()
    for file in root.files():
        size += file.stat.st_size
        newest = max(newest, file.modified)
        names.add(Path(file.path).suffix.lower())
    number = _NUMBER.fullmatch(root.path.name)
    encrypted = bool(names & {".crypt15", ".mcrypt1"})
    plain = bool(names & {".crypt12", ".crypt14"})
    return Backup(
        name=str(root.path),
        account=number[1] if number else root.path.name,
        updated=newest if size else None,
        size=size,
        encrypted=True if encrypted else (False if plain else None),
        key_type=None if encrypted or not plain else "server",
    )


def _with_accounts(path: Path, others: frozenset[Path]) -> list[_Root]:
    """The backup at `path`, and those of second accounts, which lie inside it."""
    accounts = _subfolders(path / _ACCOUNTS)
    inside = frozenset({path / _ACCOUNTS}) if accounts else frozenset()
    return [_Root(path, others | inside), *map(_Root, accounts)]


def _is_archive(folder: str, children: Iterable[os.DirEntry[str]]) -> bool:
    """What a restore made of a backup and put into its folder is not of the backup: each run
    would take what the last one made. A download of ours, which has partial files, may be."""
    state = any(child.name == STATE_FOLDER for child in children)
    return state and not _leads_in(Path(folder, STATE_FOLDER, PARTIAL_FOLDER))


def _looks_like_a_dump(folder: Path) -> bool:
    """A number for a name is not enough: WhatsApp and cameras name folders after days."""
    return any(
        child.name.lower() in _INSIDE_A_BACKUP or _SEALED.search(child.name)
        for child in _scan(str(folder))
    )


def _leads_in(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # not ours to read
        return False


def _subfolders(folder: Path) -> list[Path]:
    return [folder / child.name for child in _scan(str(folder)) if _is_folder(child)]


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return False


def _scan(folder: str) -> list[os.DirEntry[str]]:
    """What lies in `folder`, by name; nothing when it is gone, or not ours to read."""
    try:
        with os.scandir(folder) as children:
            return sorted(children, key=lambda child: child.name)
    except OSError:
        return []


def _hashes(root: Path) -> dict[str, str | None]:
    """MD5 of stored bytes, where a download of ours wrote them down."""
    try:
        return {record.path: record.source_md5 for record in read_manifest(root)}
    except GdriveWaError:  # then its files are read as any other tool's
        return {}


def _envelope(path: str) -> str | None:
    try:
        with FileBlob(Path(path), 0) as blob:
            return blob.read(LONGEST_ENVELOPE).decode("ascii", "replace")
    except GdriveWaError:
        return None


def _revision(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}"
