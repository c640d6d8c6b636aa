"""Restore every voice note of your own WhatsApp backup: download, decrypt with your key, name.

    import gdrive_wa

    gdrive_wa.restore("WhatsApp", "My voice notes", key="key.txt")
    for note in gdrive_wa.notes("My voice notes", chat="Mum"):
        print(note.sent_at, note.sender, note.path)

Every command of ``gdrive-wa`` is also a function of the same name:

    demo            restore a sample account; needs no account, key or network
    restore         the main job: a folder of named voice notes with a page to listen to
    notes           the voice notes of an archive, all or a selection
    open_archive    an archive: notes(), to_dataframe(), databases(), verify()
    verify          check every file of an archive
    export          an archive's notes as m4a or mp3, or one file for each chat
    transcribe      write down what is said, with a model on this machine
    share           chosen notes in a folder or ZIP to give away, with a page of its own
    page            rewrite the page of an archive

    open_folder     a backup in a folder: a phone's copy, a download, an iPhone, exported chats
    connect         a backup at Google: the source for backups, ls, download and restore
    login           sign in to Google, and store the login
    whoami          which login would be used
    logout          revoke a login, and remove it from this machine
    backups         the backups of an account or a folder
    ls              what a backup contains; with the key, under the real names
    download        copy the stored blobs as they are, verified

    load_key        a key from a file in any of its forms
    key_check       whether a key opens a file or a backup; names a mistyped digit
    key_create      write a key as a key file
    decrypt         decrypt a file, or a whole folder
    decrypt_file    decrypt one file to a given path
    decrypt_tree    decrypt a whole folder into another
    inspect         what a backup file reveals without a key

    emulator        a server on this machine that imitates Google, for experiments
    doctor          what is set up, what is missing, what to do about it

A path is a ``str`` or a ``pathlib.Path``. `key` is a key or the path of a key file. `source` is a
source or the path of a folder. `progress` is called with a :class:`ProgressEvent` (try ``print``).
Every error is a :class:`GdriveWaError` with a `hint`; :mod:`gdrive_wa.core.errors` shows their
tree. Large libraries are imported only when they are needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gdrive_wa.core.arguments import DateLike, PathLike, ProgressLike
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
    QuotaError,
    RefusedError,
    StorageError,
    TruncatedError,
    UnsafeNameError,
    UsageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Backup, Entry, NoteStatus, Outcome, Report, Secret, VoiceNote
from gdrive_wa.core.progress import Progress, ProgressEvent, Stage
from gdrive_wa.core.selection import Selection
from gdrive_wa.core.version import VERSION

if TYPE_CHECKING:
    from gdrive_wa.archive.archive import Archive, Verification, open_archive
    from gdrive_wa.crypt.decrypt import Decrypted
    from gdrive_wa.crypt.envelope import FileMetadata
    from gdrive_wa.crypt.inspect import Inspection
    from gdrive_wa.crypt.keys import CipherKey, Key, RootKey, load_key
    from gdrive_wa.google.logins import Login
    from gdrive_wa.jobs.arguments import ArchiveLike, KeyLike, SourceLike
    from gdrive_wa.jobs.backups import backups
    from gdrive_wa.jobs.decrypt import decrypt, decrypt_file, decrypt_tree
    from gdrive_wa.jobs.demo import demo
    from gdrive_wa.jobs.doctor import doctor
    from gdrive_wa.jobs.download_backup import download
    from gdrive_wa.jobs.emulator import RunningEmulator, emulator
    from gdrive_wa.jobs.export import export
    from gdrive_wa.jobs.finding import Finding
    from gdrive_wa.jobs.inspect import inspect
    from gdrive_wa.jobs.key import KeyMatch, key_check, key_create
    from gdrive_wa.jobs.login import login, logout
    from gdrive_wa.jobs.ls import ls
    from gdrive_wa.jobs.notes import notes
    from gdrive_wa.jobs.page import page
    from gdrive_wa.jobs.restore import restore
    from gdrive_wa.jobs.share import share
    from gdrive_wa.jobs.transcribe import transcribe
    from gdrive_wa.jobs.verify import verify
    from gdrive_wa.jobs.whoami import Identity, whoami
    from gdrive_wa.sources import connect, open_folder
    from gdrive_wa.sources.base import BackupSource, BlobStream

__version__ = VERSION

_LAZY = {
    "Archive": "archive.archive",
    "ArchiveLike": "jobs.arguments",
    "BackupSource": "sources.base",
    "BlobStream": "sources.base",
    "CipherKey": "crypt.keys",
    "Decrypted": "crypt.decrypt",
    "FileMetadata": "crypt.envelope",
    "Finding": "jobs.finding",
    "Identity": "jobs.whoami",
    "Inspection": "crypt.inspect",
    "Key": "crypt.keys",
    "KeyLike": "jobs.arguments",
    "KeyMatch": "jobs.key",
    "Login": "google.logins",
    "RootKey": "crypt.keys",
    "RunningEmulator": "jobs.emulator",
    "SourceLike": "jobs.arguments",
    "Verification": "archive.archive",
    "backups": "jobs.backups",
    "connect": "sources",
    "decrypt": "jobs.decrypt",
    "decrypt_file": "jobs.decrypt",
    "decrypt_tree": "jobs.decrypt",
    "demo": "jobs.demo",
    "doctor": "jobs.doctor",
    "download": "jobs.download_backup",
    "emulator": "jobs.emulator",
    "export": "jobs.export",
    "inspect": "jobs.inspect",
    "key_check": "jobs.key",
    "key_create": "jobs.key",
    "load_key": "crypt.keys",
    "login": "jobs.login",
    "logout": "jobs.login",
    "ls": "jobs.ls",
    "notes": "jobs.notes",
    "open_archive": "archive.archive",
    "open_folder": "sources",
    "page": "jobs.page",
    "restore": "jobs.restore",
    "share": "jobs.share",
    "transcribe": "jobs.transcribe",
    "verify": "jobs.verify",
    "whoami": "jobs.whoami",
}

__all__ = [
    "Archive",
    "ArchiveLike",
    "AuthenticationError",
    "Backup",
    "BackupSource",
    "BlobStream",
    "ChecksumError",
    "CipherKey",
    "CredentialsError",
    "DamagedError",
    "DatabaseError",
    "DateLike",
    "Decrypted",
    "Entry",
    "FileMetadata",
    "Finding",
    "FormatError",
    "GdriveWaError",
    "GoneError",
    "Identity",
    "Inspection",
    "Interrupted",
    "Key",
    "KeyFailure",
    "KeyFileError",
    "KeyLike",
    "KeyMatch",
    "Kind",
    "Login",
    "MetadataError",
    "MissingKeyError",
    "NetworkError",
    "NoteStatus",
    "Outcome",
    "PartialError",
    "PathLike",
    "PayloadError",
    "Progress",
    "ProgressEvent",
    "ProgressLike",
    "QuotaError",
    "RefusedError",
    "Report",
    "RootKey",
    "RunningEmulator",
    "Secret",
    "Selection",
    "SourceLike",
    "Stage",
    "StorageError",
    "TruncatedError",
    "UnsafeNameError",
    "UsageError",
    "Verification",
    "VoiceNote",
    "WrongKeyError",
    "WrongKeyTypeError",
    "__version__",
    "backups",
    "connect",
    "decrypt",
    "decrypt_file",
    "decrypt_tree",
    "demo",
    "doctor",
    "download",
    "emulator",
    "export",
    "inspect",
    "key_check",
    "key_create",
    "load_key",
    "login",
    "logout",
    "ls",
    "notes",
    "open_archive",
    "open_folder",
    "page",
    "restore",
    "share",
    "transcribe",
    "verify",
    "whoami",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'gdrive_wa' has no attribute {name!r}")
    value = getattr(import_module(f"gdrive_wa.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
