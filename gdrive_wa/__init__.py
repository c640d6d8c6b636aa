"""Fetch your own WhatsApp backup from Google, decrypt it with your own key, keep every voice note.

    from gdrive_wa import connect, load_key, restore

    report = restore(connect(), "My voice notes", key=load_key("encrypted_backup.key"))

Every command of ``gdrive-wa`` has its call here. All errors are :class:`GdriveWaError`; their
tree is drawn in :mod:`gdrive_wa.core.errors`. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    CredentialsError,
    DamagedError,
    DatabaseError,
    FormatError,
    GdriveWaError,
    GoneError,
    Interrupted,
    KeyFailure,
    KeyFileError,
    MetadataError,
    MissingKeyError,
    NetworkError,
    PartialError,
    PayloadError,
    RefusedError,
    StorageError,
    TruncatedError,
    UnsafeNameError,
    UsageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Backup, Choice, Entry, NoteStatus, Report, VoiceNote
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.version import VERSION

if TYPE_CHECKING:
    from gdrive_wa.archive.archive import Archive, open_archive
    from gdrive_wa.crypt.inspect import inspect
    from gdrive_wa.crypt.keys import CipherKey, RootKey, load_key
    from gdrive_wa.jobs.decrypt_file import decrypt_file
    from gdrive_wa.jobs.decrypt_folder import decrypt_tree
    from gdrive_wa.jobs.download import download
    from gdrive_wa.jobs.restore import restore
    from gdrive_wa.sources import connect, open_folder

__version__ = VERSION

_LAZY = {
    "Archive": "archive.archive",
    "CipherKey": "crypt.keys",
    "RootKey": "crypt.keys",
    "connect": "sources",
    "decrypt_file": "jobs.decrypt_file",
    "decrypt_tree": "jobs.decrypt_folder",
    "download": "jobs.download",
    "inspect": "crypt.inspect",
    "load_key": "crypt.keys",
    "open_archive": "archive.archive",
    "open_folder": "sources",
    "restore": "jobs.restore",
}

__all__ = [
    "Archive",
    "AuthenticationError",
    "Backup",
    "ChecksumError",
    "Choice",
    "CipherKey",
    "CredentialsError",
    "DamagedError",
    "DatabaseError",
    "Entry",
    "FormatError",
    "GdriveWaError",
    "GoneError",
    "Interrupted",
    "KeyFailure",
    "KeyFileError",
    "Kind",
    "MetadataError",
    "MissingKeyError",
    "NetworkError",
    "NoteStatus",
    "PartialError",
    "PayloadError",
    "Progress",
    "RefusedError",
    "Report",
    "RootKey",
    "StorageError",
    "TruncatedError",
    "UnsafeNameError",
    "UsageError",
    "VoiceNote",
    "WrongKeyError",
    "WrongKeyTypeError",
    "__version__",
    "connect",
    "decrypt_file",
    "decrypt_tree",
    "download",
    "inspect",
    "load_key",
    "open_archive",
    "open_folder",
    "restore",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'gdrive_wa' has no attribute {name!r}")
    value = getattr(import_module(f"gdrive_wa.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
