"""Turn operating system errors about files into our own errors."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.plain_file import NotPlainError


class storage_errors:  # noqa: N801 - used like a function, as those of contextlib are
    """Turn operating system errors about `path` into :class:`StorageError`.

    A class is faster than a generator: it is entered many times for each file.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            raise explain(error, self._path) from error


def explain(error: OSError, path: str | Path) -> StorageError:
    """The :class:`StorageError` for an operating system error about `path`."""
    if isinstance(error, NotPlainError):
        return StorageError(
            f"'{error.filename}' {(error.strerror or '').removeprefix('it ')}",
            hint=f"remove {'the link' if error.link else 'it'}, or choose another folder",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return too_many_open(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"the disk is full: '{path}'", hint="free some space and run the command again"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(
            f"no permission to write '{path}'", hint="choose a folder that you can write to"
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return _not_a_folder(_obstacle(path, error.filename or path))
    if error.errno == errno.EFBIG:
        return StorageError(
            f"the file '{path}' is too large for this disk", hint="choose a folder on another disk"
        )
    if error.errno == errno.EISDIR:
        return StorageError(
            f"'{path}' is a folder, but a file is needed there",
            hint="choose another name",
        )
    return StorageError(f"{(error.strerror or 'error').lower()}: '{path}'")


def too_many_open(path: str | Path) -> StorageError:
    """The error for a system that does not let this process open another file."""
    return StorageError(
        f"cannot open '{path}': too many open files",
        hint="allow more open files, for example with: ulimit -n 1024",
    )


def _not_a_folder(found: Path) -> StorageError:
    if _is_broken_link(found):
        return StorageError(
            f"'{found}' is a symbolic link to a folder that does not exist",
            hint="connect the disk that the link points to, or choose another folder",
        )
    return StorageError(
        f"'{found}' is a file, but a folder is needed there", hint="choose another folder"
    )


def _obstacle(*names: str | Path) -> Path:
    """The file or broken link, at one of `names` or above it, where a folder is needed. The first
    name if there is none any more."""
    paths = [Path(name) for name in names]
    above = (each for path in paths for each in (path, *path.parents))
    return next((each for each in above if each.is_file() or _is_broken_link(each)), paths[0])


def _is_broken_link(path: Path) -> bool:
    return path.is_symlink() and not path.exists()
