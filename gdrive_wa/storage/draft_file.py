"""Write small temporary files into a folder that this run has locked."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import FD_TIMES, in_strides, new_file
from gdrive_wa.storage.tree import Tree, as_tree


class DraftFile(NamedTuple):
    """A finished temporary file in a folder that this run has locked: verified and closed.

    Attributes:
        path: absolute path of the temporary file.
        size: bytes on disk.
        sha256: SHA-256 of the bytes on disk, hex.
        mtime_ns: modification time, in nanoseconds since 1970 UTC.
        content_sha256: SHA-256 of the content before tags were added, hex.
        start: the first bytes, to recognise the file type.
        tagged_for: id of the voice note that the tags describe; None without tags.
    """

    path: str
    size: int
    sha256: str
    mtime_ns: int
    content_sha256: str
    start: bytes = b""
    tagged_for: str | None = None


START = 64
"""Number of bytes needed to recognise a file type."""


def write_draft(
    folder: Tree | str | Path,
    content: bytes,
    *,
    inside: str = "",
    mtime: float | None = None,
    sha256: str | None = None,
    content_sha256: str | None = None,
    tagged_for: str | None = None,
) -> DraftFile:
    """Write `content` to a temporary file, readable by its owner only.

    This run must have locked the folder; the next run removes leftover files. The content is not
    flushed to the disk here, but later for many files at once.

    Args:
        folder: a folder that the user named, or a tree.
        content: the bytes to write.
        inside: the subfolder for the file.
        mtime: modification time, in seconds since 1970 UTC.
        sha256: hash of `content`, if it is known already.
        content_sha256: hash of the content without tags, if `content` has tags.
        tagged_for: see :class:`DraftFile`.

    Raises:
        StorageError: the disk is full or read-only.
    """
    tree = as_tree(folder)
    name, handle = new_file(tree, inside)
    try:
        with storage_errors(name):
            for stride in in_strides(content):
                left = stride
                while left:
                    left = left[os.write(handle, left) :]
            if mtime is not None and FD_TIMES:
                os.utime(handle, (mtime, mtime))
            elif mtime is not None:
                tree.set_time(name, mtime)
            written = os.fstat(handle)
    except BaseException:
        os.close(handle)
        with suppress(OSError):
            tree.unlink(name)
        raise
    os.close(handle)
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    return DraftFile(
        path=name,
        size=written.st_size,
        sha256=sha256,
        mtime_ns=written.st_mtime_ns,
        content_sha256=content_sha256 or sha256,
        start=content[:START],
        tagged_for=tagged_for,
    )
