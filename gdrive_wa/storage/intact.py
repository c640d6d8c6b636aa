"""Check a whole folder against its manifest by file sizes and times only."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable

from gdrive_wa.storage.corrupt import corrupt_paths
from gdrive_wa.storage.manifest import read_lines
from gdrive_wa.storage.record import VERSION
from gdrive_wa.storage.tree import Tree


def all_intact(tree: Tree) -> bool:
    """True if all files in the manifest of a folder have their recorded size and time.

    False if an earlier check found a damaged file. Takes no lock, and parses only what it needs,
    because a manifest may list tens of thousands of files.

    Raises:
        ValueError, KeyError, TypeError: not a manifest of this version.
    """
    if corrupt_paths(tree):
        return False
    first, *lines = read_lines(tree).split(b"\n")[:-1]
    if json.loads(first)["version"] != VERSION:
        return False
    last = {item["path"]: item for item in json.loads(_array(lines))}
    for path, item in last.items():
        if item.get("dropped"):
            continue
        try:
            found = tree.lstat(path)
        except OSError:
            return False
        as_recorded = found.st_size == item["size"] and found.st_mtime_ns == item["mtime_ns"]
        if not as_recorded or not stat.S_ISREG(found.st_mode):
            return False
    return True


def _array(lines: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(lines) + b"]"
