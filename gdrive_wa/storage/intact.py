"""Check a whole folder against its manifest by file sizes and times only."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from gdrive_wa.storage.corrupt import corrupt_paths
from gdrive_wa.storage.manifest import MANIFEST_NAME, STATE_FOLDER, read_lines
from gdrive_wa.storage.record import VERSION


def all_intact(folder: Path) -> bool:
    """True if all files in the manifest of `folder` have their recorded size and time.

    False if an earlier check found a damaged file. Takes no lock, and parses only what it needs,
    because a manifest may list tens of thousands of files.

    Raises:
        ValueError, KeyError, TypeError: not a manifest of this version.
    """
    if corrupt_paths(folder):
        return False
    first, *lines = read_lines(folder / STATE_FOLDER / MANIFEST_NAME).split(b"\n")[:-1]
    if json.loads(first)["version"] != VERSION:
        return False
    root, last = str(folder), {item["path"]: item for item in json.loads(_array(lines))}
    for path, item in last.items():
        if item.get("dropped"):
            continue
        try:
            found = os.lstat(f"{root}/{path}")
        except OSError:
            return False
        as_recorded = found.st_size == item["size"] and found.st_mtime_ns == item["mtime_ns"]
        if not as_recorded or not stat.S_ISREG(found.st_mode):
            return False
    return True


def _array(lines: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(lines) + b"]"
