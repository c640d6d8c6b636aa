"""One run at a time in a folder, on every system.

The lock itself is the operating system's and ends with the process that holds it, even if that
process is killed. The holder's name is in a file of its own beside the lock: Windows lets nobody
read a file that another process has locked.
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
"""What follows the lock file's name in the name of the file that says who holds it."""
_NAME = re.compile(rb"process [0-9]{1,20}")
_LOOK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class FolderLock:
    """A lock that is held until :meth:`close`, or until this process ends."""

    def __init__(self, lock: BaseFileLock, holder: Path) -> None:
        self._lock = lock
        self._holder = holder

    def close(self) -> None:
        """Let the next run in."""
        with suppress(OSError):  # read-only by now: the lock counts, not the name
            self._holder.unlink(missing_ok=True)
        self._lock.release()


def hold_folder(path: Path) -> FolderLock:
    """Take the lock file `path`, which is two levels below the folder that it stands for.

    Raises:
        StorageError: another run holds it, and is named; or the disk has no locks.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed for --help

    holder = path.with_name(path.name + HOLDER_SUFFIX)
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StorageError(
            f"'{path.parent.parent}' is in use by {_name_in(holder)}",
            hint="wait until it ends, or choose another folder",
        ) from error
    except NotImplementedError as error:  # a network share, as a rule
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
    """Who holds the lock, as far as it is known: the name is written just after the lock is taken.

    Nothing but a process id is believed, and neither a link nor a pipe is followed.
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
