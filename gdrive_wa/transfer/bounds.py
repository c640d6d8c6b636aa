"""The maximum length of an entry, whatever a server claims or sends."""

from __future__ import annotations

import shutil
from pathlib import Path

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.kinds import LONGEST_MEDIA, longest
from gdrive_wa.core.model import Entry
from gdrive_wa.storage.disk import storage_errors

LONGEST_UNLISTED = 512 << 20
"""Maximum bytes of a media file without a listed size."""
LONGEST_UNLISTED_DATABASE = 32 << 30
"""Maximum bytes of a database without a listed size."""
FREE_SHARE = 2
"""An entry without a listed size may take at most the free space divided by this."""
USUAL_NOTE = 1 << 20
"""Bytes that every entry may have: some minutes of speech. If even these do not fit, the disk is
full."""


class OversizedError(NetworkError):
    """An entry is impossibly long, according to the listing or to what the server sends."""


def require_possible_size(entry: Entry) -> None:
    """Check the listed size of `entry`, so that an impossible one affects only this entry.

    Raises:
        OversizedError: no file of this kind is that long.
    """
    if entry.impossible:
        raise OversizedError(
            f"the listing gives an impossible size for '{entry.stored_as}': {entry.size:,} bytes",
            hint="run the command again for a new listing; a genuine backup has no such file",
        )


def unlisted_limit(entry: Entry, folder: Path) -> int:
    """Maximum bytes of an `entry` without a listed size that is stored in `folder`.

    Raises:
        StorageError: the free space of the disk cannot be read.
    """
    possible = longest(entry.kind)
    usual = LONGEST_UNLISTED if possible <= LONGEST_MEDIA else LONGEST_UNLISTED_DATABASE
    with storage_errors(folder):
        free = shutil.disk_usage(folder).free
    return min(possible, usual, max(free // FREE_SHARE, USUAL_NOTE))


def too_long(entry: Entry, limit: int) -> OversizedError:
    """The error for an `entry` without a listed size that has more than `limit` bytes."""
    return OversizedError(
        f"the listing has no size for '{entry.stored_as}', which is longer than the {limit:,} bytes"
        " that are allowed for it here",
        hint="free up space on this disk, and run the command again for a new listing",
    )
