"""Whether the file that is already there is the one that the listing means."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.model import Entry
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.transfer.digest import Digests
from gdrive_wa.transfer.partial import PIECE


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """A file that was there already and holds.

    Attributes:
        size: bytes.
        sha256: hex; None when it was not asked for.
        mtime_ns: modification time.
    """

    size: int
    sha256: str | None
    mtime_ns: int


def may_match(path: str | Path, entry: Entry) -> bool:
    """A file is there that only its MD5 can tell from `entry`."""
    if entry.md5 is None:
        return False
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and entry.size in (None, found.st_size)


def find_existing(
    path: Path, entry: Entry, *, sha256: bool, check: Callable[[], None]
) -> ExistingFile | None:
    """The file at `path`, if its MD5 is the one that is listed for `entry`; else None.

    Raises:
        StorageError: it cannot be read.
    """
    if not may_match(path, entry):
        return None
    digests = Digests(sha256=sha256)
    try:
        with storage_errors(path), path.open("rb", buffering=0) as file:
            while piece := file.read(PIECE):
                check()
                digests.feed(piece)
            found = os.fstat(file.fileno())
        if digests.md5() != entry.md5:
            return None
        return ExistingFile(found.st_size, digests.sha256(), found.st_mtime_ns)
    finally:
        digests.close()
