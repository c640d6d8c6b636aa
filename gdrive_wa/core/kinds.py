"""Recognise the kind of an entry by WhatsApp's folder and file names.

Format facts: proto/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise

from gdrive_wa.core.junk import without_trash

__all__ = [
    "LONGEST_DATABASE",
    "LONGEST_ENVELOPE",
    "LONGEST_MEDIA",
    "LONGEST_VOICE_NOTE",
    "METADATA_SUFFIX",
    "ROOT_KEY_SUFFIXES",
    "SERVER_KEY_SUFFIXES",
    "Kind",
    "is_encrypted",
    "is_end_to_end",
    "kind_of",
    "longest",
    "without_encryption",
]

METADATA_SUFFIX = "-metadata"
"""Suffix of the metadata envelope of a stored file, appended to the file's name."""
LONGEST_ENVELOPE = 1 << 16
"""Maximum size of a metadata envelope, in bytes; typical ones have a few hundred."""
LONGEST_VOICE_NOTE = 64 << 20
"""Maximum size of a voice note, in bytes: hours of speech at WhatsApp's bit rate."""
LONGEST_MEDIA = 4 << 30
"""Maximum size of any other media file, in bytes; WhatsApp sends at most 2 GB."""
LONGEST_DATABASE = 256 << 30
"""Maximum size of a database or of settings, in bytes; large ones have some 20 GB."""
ROOT_KEY_SUFFIXES = (".crypt15", ".mcrypt1")
"""Suffixes of end-to-end encrypted files, which need the root key."""
SERVER_KEY_SUFFIXES = (".crypt12", ".crypt14")
"""Suffixes of files that need the key file from WhatsApp's servers."""
_ENCRYPTED = re.compile(r"\.(crypt1[245]|mcrypt1)$", re.IGNORECASE)


class Kind(StrEnum):
    """The kind of an entry; also the values of ``--only``."""

    VOICE = "voice"
    """A voice note (push-to-talk)."""
    AUDIO = "audio"
    """An attached audio file."""
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    DATABASE = "database"
    SETTINGS = "settings"
    """Settings, wallpapers, and other data of the app that is neither chats nor media."""
    UNKNOWN = "unknown"
    """Unknown from its name, such as a media file of an end-to-end backup without the key."""


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
_NEVER_AUDIO = (
    *(suffix for suffix, kind in _SUFFIXES.items() if kind in (Kind.IMAGE, Kind.DOCUMENT)),
    *(".csv", ".db", ".gif", ".htm", ".html", ".ini", ".json", ".log", ".nfo", ".srt", ".txt"),
    *(".url", ".vcf", ".webp", ".xml", ".zip"),
)
"""Suffixes of files that people and programs put among voice notes, such as pictures."""
_DATABASES = (
    "msgstore",
    "chatstorage.sqlite",
    "contactsv2.sqlite",
    "lid.sqlite",
    "addressbook.sqlitedb",
    "wa.db",
    "chatsettings",
    "axolotl",
    "companion_devices",
    "commerce",
)
_SMALL_BACKUPS = ("stickers", "wallpapers", "backup_settings", "status_backup", "settings")


def kind_of(path: str) -> Kind:
    """The kind of a stored path, by WhatsApp's folder and file names, ignoring case.

    Files in ``WhatsApp Voice Notes`` and ``WhatsApp Business Voice Notes`` are voice notes, and so
    are files named ``PTT-…`` in any folder, unless their suffix is that of something else. An
    iPhone stores all media in ``Message/Media``, where Opus files are voice notes.
    """
    parts = path.replace("\\", "/").lower().split("/")
    name = without_trash(parts[-1])
    found = _kind_of_media(parts[:-1], name)
    if found is not None:
        return Kind.UNKNOWN if found is Kind.VOICE and name.endswith(_NEVER_AUDIO) else found
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


def longest(kind: Kind) -> int:
    """Maximum size in bytes of an entry of this kind; a larger declared size is not genuine."""
    if kind is Kind.VOICE:
        return LONGEST_VOICE_NOTE
    return LONGEST_DATABASE if kind in (Kind.DATABASE, Kind.SETTINGS) else LONGEST_MEDIA


def _kind_of_media(folders: list[str], name: str) -> Kind | None:
    """The kind by WhatsApp's media folders or the name of a recording; None if they do not show
    it."""
    if name.startswith("ptt-") or (name.endswith(".opus") and _is_of_iphone(folders)):
        return Kind.VOICE
    for folder in reversed(folders):
        words = folder.removeprefix("whatsapp ").removeprefix("business ")
        if words in _FOLDERS and words != folder:
            return _FOLDERS[words]
    return None


def _is_of_iphone(folders: list[str]) -> bool:
    """True below ``Message/Media``, wherever that folder was copied to."""
    return ("message", "media") in pairwise(folders)


def is_encrypted(name: str) -> bool:
    """True if a stored name has the suffix of an encrypted file."""
    return name.lower().endswith(ROOT_KEY_SUFFIXES + SERVER_KEY_SUFFIXES)


def is_end_to_end(names: Iterable[str]) -> bool | None:
    """Judge by stored names whether a backup is end-to-end encrypted.

    None if no name has the suffix of an encrypted file.
    """
    served = False
    for name in names:
        lower = name.lower()
        if lower.endswith(ROOT_KEY_SUFFIXES):
            return True
        served = served or lower.endswith(SERVER_KEY_SUFFIXES)
    return False if served else None


def without_encryption(name: str) -> str:
    """A stored name or path without the suffix of encrypted files."""
    return _ENCRYPTED.sub("", name)
