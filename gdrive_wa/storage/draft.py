"""Write a file completely under its final name, or not at all.

All files of this package are written this way: to a hidden temporary file (mode 0600) in the
target's folder, which is flushed to the disk and renamed; then the folder is flushed too. The next
run removes temporary files of a killed run, recognised by their names and released locks.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.disk import storage_errors

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be removed, which has the same effect
    fcntl = None  # type: ignore[assignment]

TEMPORARY_PREFIX = ".gdrive-wa-"
TEMPORARY_SUFFIX = ".tmp"
FD_TIMES = os.utime in os.supports_fd
STRIDE = 256 << 10
"""Maximum number of bytes to write at once."""
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Draft:
    """A temporary file, renamed by :meth:`commit` or else removed.

    Use it as a context manager: exiting without :meth:`commit` removes the file.

    Attributes:
        path: path of the temporary file.
        file: the open file, binary, readable and writable.
    """

    def __init__(self, folder: str | Path) -> None:
        self._name, self.file = _new_file(folder)
        while not _keep(self._name, self.file):  # swept before it was locked
            self.file.close()
            self._name, self.file = _new_file(folder)
        self._live = True

    @property
    def path(self) -> Path:
        """See the class."""
        return Path(self._name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Append `piece`.

        Raises:
            StorageError: the disk is full or fails.
        """
        with storage_errors(self._name):
            for stride in in_strides(piece):
                self.file.write(stride)

    def commit(
        self,
        target: Path,
        *,
        mtime: float | None = None,
        mode: int = 0o600,
        durable: bool = True,
    ) -> None:
        """Give the file its final name, replacing what was there.

        Args:
            target: the final name, on the same file system.
            mtime: modification time to set, in seconds since 1970 UTC.
            mode: permissions; by default, only the owner can read the file.
            durable: flush file and folder to the disk. For thousands of small files, pass
                False and call :func:`flush_folders` before recording them.
        """
        if mode != 0o600:
            with storage_errors(self.path):
                self.path.chmod(mode)
        self.close(mtime=mtime, durable=durable)
        move_into_place(self._name, target)
        self._live = False
        if durable:
            with storage_errors(target):
                _fsync_folder(target.parent)

    def close(self, *, mtime: float | None = None, durable: bool = False) -> None:
        """Close the file, which keeps its temporary name and is still removed on exit."""
        with storage_errors(self._name):
            self.file.flush()
            if durable:
                os.fsync(self.file.fileno())
            self.file.close()
            if mtime is not None:
                os.utime(self._name, (mtime, mtime))

    def detach(self) -> str:
        """Return the path of the closed temporary file, which the caller now owns."""
        self._live = False
        return self._name

    def discard(self) -> None:
        """Remove the temporary file, unless it was committed."""
        if not self._live:
            return
        self._live = False
        with suppress(OSError):  # a full disk refuses what is still in the buffer
            self.file.close()
        with storage_errors(self.path):
            self.path.unlink(missing_ok=True)


def move_into_place(draft: str | Path, target: str | Path) -> None:
    """Rename a finished temporary file to its final name, replacing an existing file.

    Raises:
        StorageError: the disk refuses, or the existing target is not a regular file.
    """
    refuse_device(target)
    with storage_errors(target):
        try:
            os.replace(draft, target)
        except FileNotFoundError:
            make_folder(Path(target).parent)
            os.replace(draft, target)


def refuse_device(target: str | Path) -> None:
    """Refuse to replace a device, a pipe or a socket.

    Otherwise, writing to ``/dev/null`` as root would replace the device with a regular file.

    Raises:
        StorageError: `target` exists and is neither a file nor a folder.
    """
    try:
        mode = os.stat(target).st_mode
    except OSError:  # it does not exist, or writing will report the error
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise StorageError(
            f"'{target}' is not a regular file, and writing to it would replace it",
            hint="choose another target",
        )


def write_file(target: Path, data: bytes, *, mode: int = 0o600, mtime: float | None = None) -> None:
    """Write `data` to `target` completely, or not at all."""
    with Draft(target.parent) as draft:
        with storage_errors(target):
            draft.file.write(data)
        draft.commit(target, mode=mode, mtime=mtime)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make `folder` and its parents.

    Raises:
        StorageError: a file has the name of the folder, or the disk refuses.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=mode)


def in_strides(piece: bytes | bytearray | memoryview) -> Iterator[memoryview]:
    """Split `piece` into blocks of :data:`STRIDE` bytes.

    Measured on Linux 6.18 with ext4: one write of 1 MiB takes ten times as long as four of
    256 KiB.
    """
    view = memoryview(piece)
    for start in range(0, len(view), STRIDE):
        yield view[start : start + STRIDE]


def flush_folders(folder: Path) -> None:
    """Flush the whole file system of `folder` to the disk."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only where syncfs exists, only when asked

        handle = os.open(folder, os.O_RDONLY)
        try:
            ctypes.CDLL(None, use_errno=True).syncfs(handle)
        finally:
            os.close(handle)
    elif hasattr(os, "sync"):
        os.sync()


def sweep(folder: Path) -> int:
    """Remove temporary files of dead runs from `folder`; return their number."""
    removed = 0
    for path in folder.glob(f"{TEMPORARY_PREFIX}*{TEMPORARY_SUFFIX}"):
        try:
            with path.open("rb") as abandoned:
                if _lock(abandoned.fileno()):
                    path.unlink(missing_ok=True)
                    removed += 1
        except OSError:  # already removed, or no permission
            continue
    return removed


def _new_file(folder: str | Path) -> tuple[str, IO[bytes]]:
    name = f"{folder}/{TEMPORARY_PREFIX}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    return name, os.fdopen(open_new(name), "w+b")


def open_new(name: str) -> int:
    """Create the file `name` (mode 0600), and its folder if necessary; return the descriptor."""
    with storage_errors(name):
        try:
            return os.open(name, _NEW_FILE, 0o600)
        except FileNotFoundError:
            make_folder(Path(name).parent)
            return os.open(name, _NEW_FILE, 0o600)


def _keep(name: str, file: IO[bytes]) -> bool:
    """Lock a new file against another run's :func:`sweep`; False if that removed it first."""
    if os.name == "nt":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nothing is swept
        return True
    return os.path.exists(name)


def _fsync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock the file; False if a running draft holds the lock."""
    if os.name == "nt":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
