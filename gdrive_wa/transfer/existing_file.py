"""Check whether an existing file is the one in the listing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

from gdrive_wa.core.model import Entry
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.digest import Digests
from gdrive_wa.transfer.partial import PIECE


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """A verified file that already existed.

    Attributes:
        size: bytes.
        sha256: hex; None if it was not requested.
        mtime_ns: modification time.
    """

    size: int
    sha256: str | None
    mtime_ns: int


def may_match(tree: Tree, name: str, entry: Entry) -> bool:
    """True if the file `name` of `tree` has the size of `entry`, so that its MD5 must decide."""
    if entry.md5 is None:
        return False
    try:
        found = tree.lstat(name)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and entry.size in (None, found.st_size)


def find_existing(
    tree: Tree, name: str, entry: Entry, *, sha256: bool, check: Callable[[], None]
) -> ExistingFile | None:
    """Return the file `name` of `tree` if it has the listed MD5 of `entry`; else None.

    Raises:
        StorageError: the file cannot be read.
    """
    if not may_match(tree, name, entry):
        return None
    digests = Digests(sha256=sha256)
    try:
        with storage_errors(tree.shown(name)), tree.open(name) as file:
            while piece := file.read(PIECE):
                check()
                digests.feed(piece)
            found = os.fstat(file.fileno())
        if digests.md5() != entry.md5:
            return None
        return ExistingFile(found.st_size, digests.sha256(), found.st_mtime_ns)
    finally:
        digests.close()
