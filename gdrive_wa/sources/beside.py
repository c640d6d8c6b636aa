"""Find databases next to the folder of a backup, where people and other programs copy them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from gdrive_wa.core.junk import is_junk
from gdrive_wa.sources.scan import scan
from gdrive_wa.storage.manifest import STATE_FOLDER

_DATABASE = re.compile(
    r"msgstore.*\.db|wa([ ._(-].*)?\.db|(chatstorage|lid|contactsv2)\.sqlite(-wal)?$",
    re.IGNORECASE | re.DOTALL,
)
_PARTS = ("", "Databases", "Backups")
_MEDIA = re.compile(r"media|whatsapp .*", re.IGNORECASE | re.DOTALL)
"""Folders inside WhatsApp's own: databases may be one level further up."""
_MOST_LEVELS = 6


def adjacent_databases(root: Path, given: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The databases of chats and of names next to `root`, each once.

    They are looked for in each folder between `given` and `root`, or otherwise in the folder that
    contains `root`, and in ``Databases`` and ``Backups`` there.

    Args:
        root: the folder of a backup.
        given: the folder that the user named: `root`, or a folder that contains it.

    Returns:
        A path to show and to store, which begins with the name of the parent folder, and the file.
    """
    root, given = Path(os.path.abspath(root)), Path(os.path.abspath(given))
    for above in _above(root, given):
        if (above / STATE_FOLDER).is_dir():  # an archive: its databases come from a backup
            continue
        for part in _PARTS:
            if above / part == root:
                continue
            prefix = "/".join(name for name in (above.name, part) if name)
            for child in _files(above / part):
                yield f"{prefix}/{child.name}", child


def _above(root: Path, given: Path) -> Iterator[Path]:
    folder = root
    for _ in range(_MOST_LEVELS):
        if folder.parent == folder:
            return
        yield folder.parent
        between = folder.parent != given and given in folder.parent.parents
        if not between and (given in root.parents or not _MEDIA.fullmatch(folder.name)):
            return
        folder = folder.parent


def _files(folder: Path) -> list[os.DirEntry[str]]:
    return [child for child in scan(str(folder)) if _is_database(child)]


def is_database_name(name: str) -> bool:
    """True for the name of a database of chats or of names, in any spelling."""
    return _DATABASE.match(name) is not None


def _is_database(child: os.DirEntry[str]) -> bool:
    if not is_database_name(child.name) or is_junk(child.name):
        return False
    try:
        return stat.S_ISREG(child.stat(follow_symlinks=False).st_mode)
    except OSError:  # deleted in the meantime
        return False
