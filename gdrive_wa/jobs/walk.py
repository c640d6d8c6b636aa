"""List the files of a folder, in order; unreadable ones are reported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import METADATA_SUFFIX, is_encrypted
from gdrive_wa.core.model import Outcome
from gdrive_wa.jobs.opening import StoredFile
from gdrive_wa.storage.manifest import STATE_FOLDER

_END = 253_402_214_400 * 10**9
"""The last day of the year 9999, in nanoseconds since 1970 UTC."""
_ENVELOPE = f".mcrypt1{METADATA_SUFFIX}"


def walk(src: Path, *, excluded: str | None) -> Iterator[StoredFile | Outcome]:
    """Every file below `src`, in order; an outcome for each file or folder that cannot be read.

    Symbolic links are not followed. Envelopes, junk, and empty files with the name of an encrypted
    one are left out. There is no limit on depth, because the folder is untrusted.

    Args:
        src: the folder.
        excluded: a folder below `src` to leave out, such as the target folder of a run; or None.
    """
    waiting: list[tuple[str, os.DirEntry[str] | None]] = [("", None)]
    while waiting:
        below, entry = waiting.pop()
        try:
            if entry is not None and not entry.is_dir(follow_symlinks=False):
                if entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    if is_junk(below) or (is_encrypted(below) and not stat.st_size):
                        continue
                    yield StoredFile(
                        path=os.path.abspath(entry.path),
                        stored_as=below,
                        size=stat.st_size,
                        mtime=_time(stat.st_mtime_ns),
                        revision=f"{stat.st_size}-{stat.st_mtime_ns}",
                        sidecar=True,
                    )
                continue
            with os.scandir(src if entry is None else entry.path) as found:
                inside = sorted(found, key=lambda each: each.name, reverse=True)
        except OSError as error:
            yield _unreadable(below or str(src), error)
            continue
        prefix = f"{below}/" if below else ""
        waiting += [
            (prefix + each.name, each)
            for each in inside
            if each.name != STATE_FOLDER
            and not each.name.endswith(_ENVELOPE)
            and prefix + each.name != excluded
        ]


def _time(nanoseconds: int) -> float | None:
    """Seconds since 1970 UTC; None for a time without a date, such as a damaged disk may have."""
    return nanoseconds / 1e9 if 0 <= nanoseconds < _END else None


def _unreadable(path: str, error: OSError) -> Outcome:
    return Outcome(
        path=path,
        reason=f"it cannot be read: {(error.strerror or 'error').lower()}",
        hints=("change its permissions so that you can read it, and run the command again",),
        exit_code=UsageError.exit_code,
    )
