"""What the jobs take: a key or its file, a source or a folder, an archive or its folder."""

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
"""A key, or the path of a key file; never the digits themselves."""
SourceLike: TypeAlias = BackupSource | PathLike
"""A source, or the path of a folder that holds backups."""
ArchiveLike: TypeAlias = Archive | PathLike
"""An archive that was opened, or the path of its folder."""

P = ParamSpec("P")
R = TypeVar("R")
_PARTS = ("backups", "entries", "open", "path_of", "close")


def as_key(value: KeyLike | None) -> Key | None:
    """The key, or the one in the file of that path; None stays None.

    Raises:
        UsageError: it is of another type.
        KeyFileError: the file cannot be read or holds no key, or `value` is the key's digits.
    """
    if value is None or isinstance(value, RootKey | CipherKey):
        return value
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("key", "a key or the path of a key file", value)
    return load_key(as_path(value, "key"))


def require_key(value: KeyLike) -> Key:
    """As :func:`as_key`, where there must be one.

    Raises:
        UsageError: it is of another type, or None.
        KeyFileError: as for :func:`as_key`.
    """
    key = as_key(value)
    if key is None:
        raise wrong_type("key", "a key or the path of a key file", value)
    return key


def as_source(value: SourceLike | None) -> BackupSource:
    """The source that was opened.

    Raises:
        UsageError: it is of another type.
    """
    if not all(callable(getattr(value, part, None)) for part in _PARTS):
        raise wrong_type("source", "a backup source or the path of a folder", value)
    return cast("BackupSource", value)


@contextmanager
def opened_source(value: SourceLike | None) -> Iterator[BackupSource]:
    """The source, or the folder of that path; None is the account that is logged in. What is
    opened here is closed at the end.

    Raises:
        UsageError: it is of another type, or there is no such folder.
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
    """Let a job's first argument, its source, be the path of a folder: it is opened before the
    job begins, and closed after it. :func:`as_source` is what the job itself sees.
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
    """Who opens the files in place of this machine's workers; None stays None.

    Raises:
        UsageError: nothing can be submitted to it.
    """
    if value is not None and not callable(getattr(value, "submit", None)):
        raise wrong_type("executor", "a concurrent.futures.Executor", value)
    return value


def as_archive(value: ArchiveLike) -> Archive:
    """The archive, or the one in the folder of that path.

    Raises:
        UsageError: it is of another type, or the folder holds no archive.
    """
    if isinstance(value, Archive):
        return value
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("archive", "an archive or the path of its folder", value)
    return open_archive(as_path(value, "archive"))


def as_archive_folder(value: ArchiveLike) -> Path:
    """The folder of an archive.

    Raises:
        UsageError: it is of another type.
    """
    if isinstance(value, Archive):
        return value.folder
    if not isinstance(value, str | os.PathLike):
        raise wrong_type("archive", "an archive or the path of its folder", value)
    return as_path(value, "archive")


def backup_name(value: Backup | str | None) -> str | None:
    """The name of the backup that is meant; None for the newest.

    Raises:
        UsageError: it is of another type.
    """
    if value is None:
        return None
    return value.name if isinstance(value, Backup) else as_text(value, "backup")
