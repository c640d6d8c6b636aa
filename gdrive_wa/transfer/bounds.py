"""The maximum length of an entry, whatever a server claims or sends."""

from __future__ import annotations

import shutil
from pathlib import Path

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.kinds import LONGEST_MEDIA, longest
from gdrive_wa.core.model import Entry
from gdrive_wa.storage.disk import storage_errors

LONGEST_UNLISTED = 512 << 20
"""Most bytes of a media file of which the listing has no size."""
LONGEST_UNLISTED_DATABASE = 32 << 30
FREE_SHARE = 2
"""The divisor of the free space that an entry without a listed size may take."""
USUAL_NOTE = 1 << 20
"""Bytes that any entry may have, some minutes of speech: if these do not fit, the disk is full."""


class OversizedError(NetworkError):
    """An entry is longer than it can be, by the listing or by what the server sends."""


def require_possible_size(entry: Entry) -> None:
    """Check the listed size of `entry`, so that its claim concerns no other entry.

    Raises:
        OversizedError: no such file is that long.
    """
    if entry.impossible:
        raise OversizedError(
            f"the listing claims an impossible size of '{entry.stored_as}': {entry.size:,} bytes",
            hint="run the command again for a new listing; a genuine backup has no such file",
        )


def unlisted_limit(entry: Entry, folder: Path) -> int:
    """Most bytes of an `entry` without a listed size that is stored in `folder`.

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
        f"'{entry.stored_as}' has no listed size, and is longer than the {limit:,} bytes that"
        " are allowed for it here",
        hint="run the command again for a new listing, or with more free space",
    )
