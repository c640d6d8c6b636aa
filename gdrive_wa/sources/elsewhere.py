"""Find a phone's files elsewhere in the folder that the user gave.

People move files from a full phone into other folders, such as ``old phone/Media``, and other
programs keep the databases in folders of their own, such as ``apps/com.whatsapp/db``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from gdrive_wa.core.junk import is_junk
from gdrive_wa.core.kinds import Kind, kind_of
from gdrive_wa.sources.beside import is_database_name
from gdrive_wa.sources.scan import scan
from gdrive_wa.storage.manifest import STATE_FOLDER

_MANY_FOLDERS = 5000
_DEEPEST = 8


def files_elsewhere(
    given: Path, backups: Iterable[Path]
) -> Iterator[tuple[str, os.DirEntry[str], os.stat_result]]:
    """The databases of chats and names, and the voice notes, in `given` but outside its backups.

    Args:
        given: the folder that the user named.
        backups: the folders of the backups in it.

    Returns:
        A path to show and to store, which begins with the name of `given`, the file, and the
        result of its ``lstat``.
    """
    taken = {os.path.abspath(backup) for backup in backups}
    top = os.path.abspath(given)
    waiting, seen = [(top, os.path.basename(top), 0)], 0
    while waiting:
        folder, shown, depth = waiting.pop()
        children = scan(folder)
        seen += 1
        if folder in taken or seen > _MANY_FOLDERS or _is_archive(children):
            continue
        for child in children:
            try:
                found = child.stat(follow_symlinks=False)
            except OSError:  # deleted in the meantime
                continue
            path = f"{shown}/{child.name}"
            if stat.S_ISDIR(found.st_mode):
                if depth < _DEEPEST and not child.name.startswith("."):
                    waiting.append((child.path, path, depth + 1))
            elif stat.S_ISREG(found.st_mode) and _is_wanted(path):
                yield path, child, found


def _is_wanted(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not is_junk(path) and (is_database_name(name) or kind_of(path) is Kind.VOICE)


def _is_archive(children: list[os.DirEntry[str]]) -> bool:
    return any(child.name == STATE_FOLDER for child in children)
