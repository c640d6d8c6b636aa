"""Convert the arguments of the jobs: keys, sources and archives, or their paths."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

from gdrive_wa.archive.archive import Archive, open_archive
from gdrive_wa.core.arguments import PathLike, as_path, as_text, wrong_type
from gdrive_wa.core.model import Backup
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey, load_key
from gdrive_wa.sources import connect, open_folder
from gdrive_wa.sources.base import BackupSource

KeyLike: TypeAlias = Key | PathLike
"""A key, or the path of a key file; the digits themselves are not accepted."""
SourceLike: TypeAlias = BackupSource | PathLike
"""A source, or the path of a folder that contains backups."""
ArchiveLike: TypeAlias = Archive | PathLike
"""An opened archive, or the path of its folder."""

P = ParamSpec("P")
R = TypeVar("R")
_PARTS = ("backups", "entries", "open", "path_of", "close")


def as_key(value: KeyLike | None) -> Key | None:
    """The key itself, or the key in the given file; None stays None.

    Raises:
        UsageError: `value` has the wrong type.
        KeyFileError: the file cannot be read or is not a key, or `value` is the key's digits.
    """
    if value is None or isinstance(value, RootKey | CipherKey):
        return value
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("key", "a key or the path of a key file", value)
    return load_key(as_path(value, "key"))


def require_key(value: KeyLike) -> Key:
    """Like :func:`as_key`, but None is an error.

    Raises:
        UsageError: `value` has the wrong type, or is None.
        KeyFileError: as for :func:`as_key`.
    """
    key = as_key(value)
    if key is None:
        raise wrong_type("key", "a key or the path of a key file", value)
    return key


def as_source(value: SourceLike | None) -> BackupSource:
    """Check that `value` is a source, and return it.

    Raises:
        UsageError: `value` has the wrong type.
    """
    if not all(callable(getattr(value, part, None)) for part in _PARTS):
        raise wrong_type("source", "a backup source or the path of a folder", value)
    return cast("BackupSource", value)


@contextmanager
def opened_source(value: SourceLike | None) -> Iterator[BackupSource]:
    """Give the source itself, the source for the given folder, or for None the backup service
    with the stored login. A source that is opened here is closed at the end.

    Raises:
        UsageError: `value` has the wrong type, or the folder does not exist.
    """
    if value is not None and not isinstance(value, str | os.PathLike):
        yield as_source(value)
        return
    source = connect() if value is None else open_folder(value)
    try:
        yield source
    finally:
        source.close()


def takes_source(call: Callable[P, R]) -> Callable[P, R]:
    """Let a job accept the path of a folder as its first argument, the source. The folder is
    opened before the job begins, and closed after it. The job itself calls :func:`as_source`.
    """

    @functools.wraps(call)
    def opening(*args: P.args, **kwargs: P.kwargs) -> R:
        first, *others = args or [kwargs.get("source")]
        if not isinstance(first, str | os.PathLike):
            return call(*args, **kwargs)
        given: dict[str, Any] = {name: value for name, value in kwargs.items() if name != "source"}
        with opened_source(first) as opened:
            return cast("Callable[..., R]", call)(opened, *others, **given)

    return opening


def as_executor(value: Executor | None) -> Executor | None:
    """The executor that opens files instead of local workers; None stays None.

    Raises:
        UsageError: `value` is not an executor.
    """
    if value is not None and not callable(getattr(value, "submit", None)):
        raise wrong_type("executor", "a concurrent.futures.Executor", value)
    return value


def as_archive(value: ArchiveLike) -> Archive:
    """The archive itself, or the archive in the given folder.

    Raises:
        UsageError: `value` has the wrong type, or the folder is not an archive.
    """
    if isinstance(value, Archive):
        return value
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("archive", "an archive or the path of its folder", value)
    return open_archive(as_path(value, "archive"))


def as_archive_folder(value: ArchiveLike) -> Path:
    """The folder of an archive.

    Raises:
        UsageError: `value` has the wrong type.
    """
    if isinstance(value, Archive):
        return value.folder
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("archive", "an archive or the path of its folder", value)
    return as_path(value, "archive")


def backup_name(value: Backup | str | None) -> str | None:
    """The name of the given backup; None stays None, and means the newest backup.

    Raises:
        UsageError: `value` has the wrong type.
    """
    if value is None:
        return None
    return value.name if isinstance(value, Backup) else as_text(value, "backup")
