"""Small temporary files, written at once, in a folder that this run holds."""

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
    """A finished temporary file in a folder that this run holds: whole, verified, closed.

    Attributes:
        path: where it lies now.
        size: bytes on disk.
        sha256: of the bytes on disk, hex.
        mtime_ns: its modification time, which it keeps when it is renamed.
        content_sha256: of the content before tags were added, hex.
        start: its first bytes, which tell what it is.
        tagged_for: key of the voice note whose tags it carries; None for one without.
    """

    path: str
    size: int
    sha256: str
    mtime_ns: int
    content_sha256: str
    start: bytes = b""
    tagged_for: str | None = None


START = 64
"""So many bytes at its start tell what a file is."""


def write_draft(
    folder: str | Path,
    content: bytes,
    *,
    mtime: float | None = None,
    content_sha256: str | None = None,
    tagged_for: str | None = None,
) -> DraftFile:
    """Write a small file whole into a temporary file of `folder`, readable by its owner only.

    The folder is one that this run holds: whatever is left there is swept by the next run. The
    content is not flushed to the disk; that is done for many at a time.

    Args:
        folder: where to.
        content: the bytes.
        mtime: modification time, seconds since 1970 UTC.
        content_sha256: of the content without tags, where `content` has them.
        tagged_for: see :class:`DraftFile`.

    Raises:
        StorageError: the disk refuses.
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
