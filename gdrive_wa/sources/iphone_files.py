"""Read files of an iPhone backup: databases with their logs, and locked files."""

from __future__ import annotations

import plistlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from gdrive_wa.core.errors import (
    DamagedError,
    DatabaseError,
    GdriveWaError,
    MissingKeyError,
    UsageError,
    WrongKeyError,
)
from gdrive_wa.core.model import Secret
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.reading import open_listed

if TYPE_CHECKING:
    from iphone_backup_decrypt import EncryptedBackup

VARIABLE = "GDRIVE_WA_IPHONE_PASSPHRASE"
LARGEST_PLIST = 16 << 20
"""Most bytes of a property list that are read."""


def copy_database(database: Path, log: Path | None, target: Path) -> None:
    """Copy an SQLite database to `target`, with its write-ahead log merged in.

    Raises:
        DatabaseError: it is not a database.
        StorageError: it cannot be copied.
    """
    with storage_errors(target):
        shutil.copyfile(database, target)
        if log is not None and log.is_file():
            shutil.copyfile(log, target.with_name(f"{target.name}-wal"))
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("PRAGMA trusted_schema = OFF")
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise DatabaseError(f"the database '{database}' cannot be read") from error


def unlock(folder: Path, passphrase: Secret | None, manifest: Path) -> EncryptedBackup:
    """Open a locked backup, and write its list of files to `manifest`.

    Raises:
        MissingKeyError: no passphrase was given.
        UsageError: the library to open it is not installed.
        WrongKeyError: the passphrase does not open it.
        DamagedError: it cannot be read.
    """
    if not passphrase:
        raise MissingKeyError(
            "this iPhone backup is locked with a passphrase, and none was given",
            hint=(
                f"set {VARIABLE}, or run this in a terminal to be asked for it",
                "it was chosen in Finder or iTunes when the backup was first encrypted",
            ),
        )
    try:
        from iphone_backup_decrypt import EncryptedBackup  # noqa: PLC0415 - an extra
        from iphone_backup_decrypt.exceptions import (  # noqa: PLC0415
            IncorrectPassphraseError,
        )
    except ImportError as error:
        raise UsageError(
            "a locked iPhone backup needs a library that is not installed",
            hint='install it with: pip install "gdrive-wa[ios]"',
        ) from error
    try:
        backup = EncryptedBackup(backup_directory=str(folder), passphrase=passphrase.reveal())
        backup.save_manifest_file(str(manifest))
    except IncorrectPassphraseError as error:
        raise WrongKeyError(
            "this passphrase does not open this iPhone backup",
            hint="it is the one chosen in Finder or iTunes, not the phone's code",
        ) from error
    except Exception as error:  # a library parses untrusted bytes: any exception is possible
        raise DamagedError(
            f"the iPhone backup '{folder}' cannot be opened", hint="back up the iPhone again"
        ) from error
    return backup


def decrypt(backup: EncryptedBackup, file_plist: bytes, path: Path, target: Path) -> None:
    """Decrypt the stored file `path`, described in the list by `file_plist`, to `target`.

    Raises:
        DamagedError: it cannot be decrypted.
    """
    from iphone_backup_decrypt import utils  # noqa: PLC0415 - it is installed: it opened the list

    try:
        plist = utils.FilePlist(file_plist)
        key = backup.keybag.unwrap_key_for_class(plist.protection_class, plist.encryption_key)
        utils.aes_decrypt_chunked(in_filename=str(path), key=key, out_filepath=str(target))
    except Exception as error:  # a library parses untrusted bytes: any exception is possible
        raise DamagedError(
            f"the file '{path.name}' of the iPhone backup cannot be decrypted",
            hint="back up the iPhone again",
        ) from error


def read_plist(path: Path) -> dict[str, Any]:
    """The content of a property list; empty if the file is not one."""
    try:
        with open_listed(str(path)) as file:
            parsed = plistlib.loads(file.read(LARGEST_PLIST))
    except (GdriveWaError, OSError, ValueError, ExpatError, LookupError, TypeError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
