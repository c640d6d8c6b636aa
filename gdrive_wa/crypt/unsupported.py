"""Recognise backups in formats that are not supported, and explain what to do instead."""

from __future__ import annotations

import os
import re

from gdrive_wa.core.errors import FormatError

_OLD = re.compile(r"\.crypt([1-9]?|1[01])$", re.IGNORECASE)
_NEW = re.compile(r"\.crypt(1[3-9]|[2-9]\d|\d{3,})$", re.IGNORECASE)
_SUPPORTED = ("14", "15")
_ICLOUD = "chatstorage.sqlite.enc"
_ADB = b"ANDROID BACKUP\n"


def unsupported(name: str, start: bytes) -> FormatError | None:
    """The error for a file in a known but unsupported format; None for any other file.

    Args:
        name: the file's name or path.
        start: its first bytes.
    """
    shown = os.path.basename(name.replace("\\", "/"))
    old, new = _OLD.search(shown), _NEW.search(shown)
    if shown.lower() == _ICLOUD:
        return FormatError(
            f"'{shown}' is an iCloud backup, which cannot be opened: its format is unknown",
            hint="back up the iPhone to a computer with Finder or iTunes, and restore from that",
        )
    if old is not None:
        return FormatError(
            f"'{shown}' is crypt{old[1]}, an old format of WhatsApp that is not supported",
            hint="if a phone still shows these chats, make a new backup there: it is supported",
        )
    if new is not None and new[1] not in _SUPPORTED:
        return FormatError(
            f"'{shown}' is crypt{new[1]}, a format that this version does not know",
            hint="update gdrive-wa",
        )
    if start.startswith(_ADB):
        return FormatError(
            f"'{shown}' is an Android backup made with adb, which is not supported",
            hint="unpack it with an Android backup extractor, and give the folder that comes out",
        )
    return None
