"""Allow only one run at a time in a folder, on every operating system.

The operating system releases the lock when its process ends, even if that is killed. The process
id is stored in a second file, because Windows does not let other processes read a locked file.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.disk import explain, storage_errors
from gdrive_wa.storage.draft import Draft

if TYPE_CHECKING:
    from filelock import BaseFileLock

HOLDER_SUFFIX = ".holder"
"""Suffix of the file that names the process holding the lock."""
_NAME = re.compile(rb"process [0-9]{1,20}")
_LOOK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class FolderLock:
    """A lock, held until :meth:`close` or the end of this process."""

    def __init__(self, lock: BaseFileLock, holder: Path) -> None:
        self._lock = lock
        self._holder = holder

    def close(self) -> None:
        """Release the lock."""
        with suppress(OSError):  # now read-only; only the lock matters
            self._holder.unlink(missing_ok=True)
        self._lock.release()


def hold_folder(path: Path) -> FolderLock:
    """Acquire the lock file `path`, which is two levels below the locked folder.

    Raises:
        StorageError: another run holds the lock, or the disk does not support locks.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed for --help

    holder = path.with_name(path.name + HOLDER_SUFFIX)
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StorageError(
            f"'{path.parent.parent}' is in use by {_name_in(holder)}",
            hint="wait until that run ends, or choose another folder",
        ) from error
    except NotImplementedError as error:  # usually a network share
        raise StorageError(
            f"'{path.parent.parent}' is on a disk that cannot lock files",
            hint="choose a folder on a disk of this machine",
        ) from error
    except OSError as error:
        raise explain(error, path) from error
    held = FolderLock(lock, holder)
    try:
        _sign(holder)
    except BaseException:
        held.close()
        raise
    return held


def _sign(holder: Path) -> None:
    with Draft(holder.parent) as draft:
        with storage_errors(holder):
            draft.file.write(f"process {os.getpid()}".encode())
        draft.commit(holder, durable=False)


def _name_in(holder: Path) -> str:
    """Read which process holds the lock; it may not have written its id yet.

    Only a process id is accepted as content, and links and pipes are not opened.
    """
    try:
        handle = os.open(holder, _LOOK)
    except OSError:
        return "another run"
    try:
        name = os.read(handle, 64)
    except OSError:
        return "another run"
    finally:
        os.close(handle)
    return name.decode() if _NAME.fullmatch(name) else "another run"
