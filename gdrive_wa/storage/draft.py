"""A file appears whole under its final name, or not at all.

The one way anything of this package reaches its final name: written to a hidden temporary file
(mode 0600) in the target's folder, flushed to the disk, renamed, and the folder flushed too.
What a killed run left behind is recognised by its name, and by the lock that nobody holds any
more, and removed by the next one.
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
except ImportError:  # Windows: an open file cannot be removed there, which serves as well
    fcntl = None  # type: ignore[assignment]

TEMPORARY_PREFIX = ".gdrive-wa-"
TEMPORARY_SUFFIX = ".tmp"
FD_TIMES = os.utime in os.supports_fd
STRIDE = 256 << 10
"""Most bytes written at once."""
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Draft:
    """A temporary file that becomes `commit`'s target, or vanishes.

    Use as a context manager: leaving it without :meth:`commit` removes the file, whatever the
    reason.

    Attributes:
        path: the temporary file.
        file: it, open for writing (and reading back) in binary.
    """

    def __init__(self, folder: str | Path) -> None:
        self._name, self.file = _new_file(folder)
        while not _keep(self._name, self.file):  # swept between its making and its locking
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
        """`piece` comes next.

        Raises:
            StorageError: the disk does not take it.
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
            mode: permissions; only the owner reads what a backup held, unless told otherwise.
            durable: flush file and folder to the disk. A caller who commits thousands of
                small files says False and calls :func:`flush_folders` before it records them.
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
        """Finish the content; the file keeps its temporary name, and goes with this draft."""
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
    """Give a finished temporary file its final name, replacing what was there.

    Raises:
        StorageError: the disk refuses, or what was there is no file.
    """
    refuse_device(target)
    with storage_errors(target):
        try:
            os.replace(draft, target)
        except FileNotFoundError:
            make_folder(Path(target).parent)
            os.replace(draft, target)


def refuse_device(target: str | Path) -> None:
    """Raise when a device, a pipe or a socket has the name of the file to make.

    A file takes the place of what has its name, and the machine itself may depend on that: whoever
    writes to ``/dev/null`` as root would leave a file there.

    Raises:
        StorageError: something is there that is neither file nor folder.
    """
    try:
        mode = os.stat(target).st_mode
    except OSError:  # nothing is there, or the disk says so itself when it is written
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise StorageError(
            f"{target} is no file, and would be replaced by one", hint="name another target"
        )


def write_file(target: Path, data: bytes, *, mode: int = 0o600, mtime: float | None = None) -> None:
    """Put `data` under `target`, whole or not at all."""
    with Draft(target.parent) as draft:
        with storage_errors(target):
            draft.file.write(data)
        draft.commit(target, mode=mode, mtime=mtime)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make `folder` and its parents.

    Raises:
        StorageError: a file stands in the way, or the disk refuses.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=mode)


def in_strides(piece: bytes | bytearray | memoryview) -> Iterator[memoryview]:
    """`piece` cut into what a disk's cache takes at a time: measured on Linux 6.18 with ext4, one
    write of 1 MiB takes ten times as long as four of 256 KiB.
    """
    view = memoryview(piece)
    for start in range(0, len(view), STRIDE):
        yield view[start : start + STRIDE]


def flush_folders(folder: Path) -> None:
    """Make everything written so far to the file system of `folder` survive a power cut."""
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
    """Remove temporary files that runs which no longer live left in `folder`; how many."""
    removed = 0
    for path in folder.glob(f"{TEMPORARY_PREFIX}*{TEMPORARY_SUFFIX}"):
        try:
            with path.open("rb") as abandoned:
                if _lock(abandoned.fileno()):
                    path.unlink(missing_ok=True)
                    removed += 1
        except OSError:  # gone meanwhile, or not ours to remove
            continue
    return removed


def _new_file(folder: str | Path) -> tuple[str, IO[bytes]]:
    name = f"{folder}/{TEMPORARY_PREFIX}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    return name, os.fdopen(open_new(name), "w+b")


def open_new(name: str) -> int:
    """A new file `name` for its owner only, and its folder if need be; its descriptor."""
    with storage_errors(name):
        try:
            return os.open(name, _NEW_FILE, 0o600)
        except FileNotFoundError:
            make_folder(Path(name).parent)
            return os.open(name, _NEW_FILE, 0o600)


def _keep(name: str, file: IO[bytes]) -> bool:
    """Hold a new file against the sweep of another run; False when that was quicker."""
    if os.name == "nt":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nothing is swept there either
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
    """Take the lock that a living draft holds; False when that one has it."""
    if os.name == "nt":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
