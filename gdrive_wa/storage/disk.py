"""What the machine itself says of its disk, as errors of ours."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType

from gdrive_wa.core.errors import StorageError


class storage_errors:  # noqa: N801 - used like a function, as those of contextlib are
    """Turn the machine's own errors about `path` into ours.

    A class, not a generator: it is entered a dozen times for each of thousands of files.
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
    """The machine's own error about `path`, as one of ours."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"the disk is full: {path}", hint="free some space and run the command again"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(
            f"not allowed to write {path}", hint="choose a folder that you can write to"
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return StorageError(
            f"a file stands where a folder is needed: {_in_the_way(Path(path))}",
            hint="choose another folder",
        )
    if error.errno == errno.EFBIG:
        return StorageError(
            f"this disk takes no file so large: {path}", hint="choose a folder on another disk"
        )
    if error.errno == errno.EISDIR:
        return StorageError(
            f"a folder stands where a file is needed: {path}", hint="choose another name"
        )
    return StorageError(f"{(error.strerror or 'error').lower()}: {path}")


def _in_the_way(path: Path) -> Path:
    """The file that stands where a folder of `path` should be; `path` when none does any more."""
    return next((parent for parent in (path, *path.parents) if parent.is_file()), path)
