"""What an entry is, judged by WhatsApp's own folders and names.

Format facts: proto/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

__all__ = [
    "LONGEST_ENVELOPE",
    "LONGEST_VOICE_NOTE",
    "METADATA_SUFFIX",
    "ROOT_KEY_SUFFIXES",
    "SERVER_KEY_SUFFIXES",
    "Kind",
    "is_encrypted",
    "is_end_to_end",
    "kind_of",
    "without_encryption",
]

METADATA_SUFFIX = "-metadata"
"""The metadata envelope of a stored file is named after the file, with this at the end."""
LONGEST_ENVELOPE = 1 << 16
"""Bytes of a file that may be a metadata envelope; real ones have a few hundred."""
LONGEST_VOICE_NOTE = 64 << 20
"""Bytes of a file that may be a voice note: hours of speech at WhatsApp's bit rate."""
ROOT_KEY_SUFFIXES = (".crypt15", ".mcrypt1")
"""Stored names of an end-to-end encrypted backup, which the root key opens."""
SERVER_KEY_SUFFIXES = (".crypt12", ".crypt14")
"""Stored names of a backup that opens with the key file that WhatsApp's servers gave the phone."""
_ENCRYPTED = re.compile(r"\.(crypt1[245]|mcrypt1)$", re.IGNORECASE)


class Kind(StrEnum):
    """What an entry is, by WhatsApp's own folders; the words of ``--only``."""

    VOICE = "voice"
    """A voice note: push-to-talk."""
    AUDIO = "audio"
    """An audio file that somebody attached."""
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    DATABASE = "database"
    SETTINGS = "settings"
    """Settings, wallpapers, and what else the app backs up beside chats and media."""
    UNKNOWN = "unknown"
    """A name that says nothing: a media file of an end-to-end backup seen without the key."""


_FOLDERS = {
    "voice notes": Kind.VOICE,
    "audio": Kind.AUDIO,
    "images": Kind.IMAGE,
    "profile photos": Kind.IMAGE,
    "video": Kind.VIDEO,
    "video notes": Kind.VIDEO,
    "animated gifs": Kind.VIDEO,
    "documents": Kind.DOCUMENT,
    "stickers": Kind.STICKER,
    "wallpaper": Kind.SETTINGS,
}
_SUFFIXES = {
    ".opus": Kind.AUDIO,
    ".ogg": Kind.AUDIO,
    ".m4a": Kind.AUDIO,
    ".mp3": Kind.AUDIO,
    ".aac": Kind.AUDIO,
    ".amr": Kind.AUDIO,
    ".jpg": Kind.IMAGE,
    ".jpeg": Kind.IMAGE,
    ".png": Kind.IMAGE,
    ".mp4": Kind.VIDEO,
    ".3gp": Kind.VIDEO,
    ".pdf": Kind.DOCUMENT,
    ".webp": Kind.STICKER,
}
_DATABASES = (
    "msgstore",
    "chatstorage.sqlite",
    "contactsv2.sqlite",
    "lid.sqlite",
    "wa.db",
    "chatsettings",
    "axolotl",
    "companion_devices",
    "commerce",
)
_SMALL_BACKUPS = ("stickers", "wallpapers", "backup_settings", "status_backup", "settings")


def kind_of(path: str) -> Kind:
    """What a stored path is, by WhatsApp's folders and names (matched without case).

    ``WhatsApp Voice Notes`` and ``WhatsApp Business Voice Notes`` alike are voice notes; a
    ``PTT-`` name is one wherever it lies. An iPhone keeps all media in ``Message/Media``; what
    is Opus there was spoken.
    """
    parts = path.replace("\\", "/").lower().split("/")
    name = parts[-1]
    if name.startswith("ptt-") or (parts[:2] == ["message", "media"] and name.endswith(".opus")):
        return Kind.VOICE
    for folder in reversed(parts[:-1]):
        words = folder.removeprefix("whatsapp ").removeprefix("business ")
        if words in _FOLDERS and words != folder:
            return _FOLDERS[words]
    if ".mcrypt1" in name:
        return Kind.UNKNOWN
    if name.startswith(_DATABASES):
        return Kind.DATABASE
    if name.startswith(_SMALL_BACKUPS) or parts[0] in ("backups", "wallpapers"):
        return Kind.SETTINGS
    if ".db" in name:
        return Kind.DATABASE
    for suffix, kind in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    return Kind.SETTINGS if name.endswith((".json", ".zip", ".xml")) else Kind.UNKNOWN


def is_encrypted(name: str) -> bool:
    """True when a stored name says that the file is encrypted."""
    return name.lower().endswith(ROOT_KEY_SUFFIXES + SERVER_KEY_SUFFIXES)


def is_end_to_end(names: Iterable[str]) -> bool | None:
    """Whether a backup of files with these stored names is end-to-end encrypted.

    None when no name says that its file is encrypted.
    """
    served = False
    for name in names:
        lower = name.lower()
        if lower.endswith(ROOT_KEY_SUFFIXES):
            return True
        served = served or lower.endswith(SERVER_KEY_SUFFIXES)
    return False if served else None


def without_encryption(name: str) -> str:
    """A stored name or path without the suffix that says that the file is encrypted."""
    return _ENCRYPTED.sub("", name)
