"""Write small temporary files into a folder that this run has locked."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import (
    FD_TIMES,
    TEMPORARY_PREFIX,
    TEMPORARY_SUFFIX,
    in_strides,
    open_new,
)


class DraftFile(NamedTuple):
    """A finished temporary file in a folder that this run has locked: verified and closed.

    Attributes:
        path: its current path.
        size: bytes on disk.
        sha256: of the bytes on disk, hex.
        mtime_ns: its modification time, in nanoseconds.
        content_sha256: of the content before tags were added, hex.
        start: its first bytes, to recognise the file type.
        tagged_for: id of the voice note that its tags are for; None without tags.
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
    folder: str | Path,
    content: bytes,
    *,
    mtime: float | None = None,
    content_sha256: str | None = None,
    tagged_for: str | None = None,
) -> DraftFile:
    """Write `content` to a temporary file in `folder`, readable by its owner only.

    This run must have locked the folder; the next run removes leftover files. The content is not
    flushed to the disk here, but later for many files at once.

    Args:
        folder: the folder for the file.
        content: the bytes to write.
        mtime: modification time, seconds since 1970 UTC.
        content_sha256: hash of the content without tags, if `content` has tags.
        tagged_for: see :class:`DraftFile`.

    Raises:
        StorageError: the disk is full or read-only.
    """
    name = f"{folder}/{TEMPORARY_PREFIX}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    handle = open_new(name)
    try:
        with storage_errors(name):
            for stride in in_strides(content):
                left = stride
                while left:
                    left = left[os.write(handle, left) :]
            if mtime is not None:
                os.utime(handle if FD_TIMES else name, (mtime, mtime))
            written = os.fstat(handle)
    except BaseException:
        os.close(handle)
        with suppress(OSError):
            os.unlink(name)
        raise
    os.close(handle)
    sha256 = hashlib.sha256(content).hexdigest()
    return DraftFile(
        path=name,
        size=written.st_size,
        sha256=sha256,
        mtime_ns=written.st_mtime_ns,
        content_sha256=content_sha256 or sha256,
        start=content[:START],
        tagged_for=tagged_for,
    )
