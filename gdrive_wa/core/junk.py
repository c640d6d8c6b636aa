"""Files that phones, computers and sync tools leave among the files of a backup.

None of them is ever a voice note, a database or an error.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["TRASHED", "is_junk", "is_trashed", "without_trash"]

TRASHED = re.compile(r"^\.trashed-\d+-(?=.)")
"""The prefix that Android gives to a file in its bin, with the time of its deletion."""

_NAMES = frozenset({
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "iconcache.db",
    "icon\r",
    "picasa.ini",
    "albumartsmall.jpg",
    "sync.ffs_db",
})  # fmt: skip
_SUFFIXES = (
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".partially",
    ".filepart",
    ".crdownload",
    ".download",
    ".opdownload",
    ".aria2",
    ".swp",
    ".lnk",
    ".tacitpart",
    ".ffs_tmp",
    ".ffs_lock",
    ".ffs_batch",
    ".icloud",
    ".rsls",
    ".!sync",
    ".bts",
    ".lck",
    "~",
)
_STARTS = ("._", "~$", "~syncthing~", "_sync_")
_FOLDERS = frozenset({
    ".appledouble",
    ".dropbox.cache",
    ".fseventsd",
    ".documentrevisions-v100",
    ".spotlight-v100",
    ".stfolder",
    ".stversions",
    ".sync",
    ".temporaryitems",
    ".thumbnails",
    ".trashes",
    ".tmp.drivedownload",
    ".tmp.driveupload",
    "$recycle.bin",
    "#recycle",
    "@eadir",
    "__macosx",
    "lost+found",
    "recycler",
    "system volume information",
})  # fmt: skip
_BIN = ".trash-"
"""The folder of deleted files of a desktop, followed by a user's number."""
_DOCUMENTS = "documents"
"""The end of the name of a folder where all files are content, because people sent them."""


def is_junk(path: str) -> bool:
    """True for a path that phones never use for content: hidden, temporary, or a file of a system.

    WhatsApp's own hidden folders, such as ``.Statuses``, have content. Files in Android's bin may
    have content too; see :func:`is_trashed`.
    """
    folder, _, name = path.replace("\\", "/").lower().rpartition("/")
    if name.startswith("."):
        kept = TRASHED.sub("", name, count=1)
        if kept == name or kept.startswith("."):
            return True
        name = kept
    if name in _NAMES or name.startswith(_STARTS):
        return True
    if _is_junk_folder(folder):
        return True
    return name.endswith(_SUFFIXES) and not any(
        each.endswith(_DOCUMENTS) for each in folder.split("/")
    )


@lru_cache(maxsize=1024)
def _is_junk_folder(folder: str) -> bool:
    return any(each in _FOLDERS or each.startswith(_BIN) for each in folder.split("/"))


def is_trashed(path: str) -> bool:
    """True for a file in Android's bin, which is a voice note only if a database says so."""
    return "trashed-" in path.lower() and TRASHED.match(_name(path)) is not None


def without_trash(name: str) -> str:
    """The former name of a file in Android's bin; other names are returned unchanged."""
    return TRASHED.sub("", name, count=1)


def _name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1].lower()
