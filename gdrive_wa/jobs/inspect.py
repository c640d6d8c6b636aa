"""``gdrive-wa inspect``: what a backup file reveals without a key."""

from __future__ import annotations

from gdrive_wa.core.arguments import PathLike, as_path
from gdrive_wa.crypt import inspect as crypt
from gdrive_wa.crypt.inspect import Inspection


def inspect(file: PathLike) -> Inspection:
    """What a backup file reveals without a key.

    Args:
        file: any file of a backup.

    Returns:
        Its format, its header, and the sizes of its parts, which add up to the file's.

    Raises:
        UsageError: the file cannot be read, or `file` has the wrong type.
        FormatError, TruncatedError: its header cannot be read.
    """
    return crypt.inspect(as_path(file, "file"))
