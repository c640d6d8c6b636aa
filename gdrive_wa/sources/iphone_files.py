"""Read files of an iPhone backup: databases with their logs, and locked files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gdrive_wa.core import interruption
from gdrive_wa.core.errors import (
    DamagedError,
    DatabaseError,
    Interrupted,
    MissingKeyError,
    UsageError,
    WrongKeyError,
)
from gdrive_wa.core.model import Secret
from gdrive_wa.core.progress import Silent, interruptible
from gdrive_wa.sources.iphone_checks import is_own_file
from gdrive_wa.sources.plist import is_bounded
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.untrusted_database import FAILURES
from gdrive_wa.storage.write_ahead import merge_own_log

if TYPE_CHECKING:
    from iphone_backup_decrypt import EncryptedBackup

VARIABLE = "GDRIVE_WA_IPHONE_PASSPHRASE"


class DeferredWarnings:
    """Warnings for the user, kept until there is a listener. Thread-safe."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._say: Callable[[str], None] = self._kept.append

    def add(self, line: str) -> None:
        """Show a line, now or as soon as there is a listener."""
        self._say(line)

    def listen(self, say: Callable[[str], None]) -> None:
        """Show lines with `say` from now on."""
        self._say = say
        while self._kept:
            say(self._kept.pop(0))


def copy_database(
    database: Path, log: Path | None, target: Path, shown: str, warnings: DeferredWarnings
) -> None:
    """Copy an SQLite database to `target`, with its write-ahead log merged in.

    Args:
        database: the path of the database.
        log: the path of its write-ahead log; None without one.
        target: the path of the copy.
        shown: the name of the database for the user.
        warnings: receives warnings about the unusable part of the log.

    Raises:
        DatabaseError: the file is not a database.
        StorageError: the database cannot be copied.
    """
    with storage_errors(target):
        shutil.copyfile(database, target)
        if log is not None and is_own_file(log):
            shutil.copyfile(log, target.with_name(f"{target.name}-wal"))
    try:
        use = merge_own_log(target)
    except FAILURES as error:
        raise DatabaseError(f"the database '{database}' cannot be read") from error
    if (loss := use.loss(f"{shown}-wal")) is not None:
        warnings.add(f"{loss}; back up the iPhone again if it still has the chats")


def unlock(folder: Path, passphrase: Secret | None, manifest: Path) -> EncryptedBackup:
    """Open a locked backup, and write its list of files to `manifest`.

    Raises:
        MissingKeyError: no passphrase was given.
        UsageError: the library to open it is not installed.
        WrongKeyError: the passphrase does not open the backup.
        DamagedError: the backup cannot be read.
        Interrupted: the user asked to stop.
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

    def opened() -> EncryptedBackup:
        _require_bounded((folder / "Manifest.plist").read_bytes())
        backup = Locked(backup_directory=str(folder), passphrase=passphrase.reveal())
        backup.save_manifest_file(str(manifest))
        return backup

    class Locked(EncryptedBackup):  # type: ignore[misc]
        def _open_temp_database(self) -> None:
            """Do not change the list of files: it is an untrusted database."""

    try:
        return interruptible(opened, _Watch())
    except Interrupted:
        raise
    except IncorrectPassphraseError as error:
        raise WrongKeyError(
            "this passphrase does not open this iPhone backup",
            hint="it is the one chosen in Finder or iTunes, not the phone's passcode",
        ) from error
    except Exception as error:  # a library parses untrusted bytes: any exception is possible
        raise DamagedError(
            f"the iPhone backup '{folder}' cannot be opened", hint="back up the iPhone again"
        ) from error


class _Watch(Silent):
    """Lets Ctrl-C stop the derivation of the key from the passphrase: it takes millions of steps
    outside Python."""

    def check(self) -> None:
        """Raise if the user asked to stop."""
        interruption.check()


def _require_bounded(plist: bytes) -> None:
    if not is_bounded(plist):
        raise ValueError("a property list that expands too much")


def decrypt(backup: EncryptedBackup, file_plist: bytes, path: Path, target: Path) -> None:
    """Decrypt the stored file `path`, described in the list by `file_plist`, to `target`.

    Raises:
        DamagedError: the file cannot be decrypted.
    """
    from iphone_backup_decrypt import utils  # noqa: PLC0415 - it is installed: it opened the list

    try:
        _require_bounded(file_plist)
        plist = utils.FilePlist(file_plist)
        key = backup.keybag.unwrap_key_for_class(plist.protection_class, plist.encryption_key)
        utils.aes_decrypt_chunked(in_filename=str(path), key=key, out_filepath=str(target))
    except Exception as error:  # a library parses untrusted bytes: any exception is possible
        raise DamagedError(
            f"the file '{path.name}' of the iPhone backup cannot be decrypted",
            hint="back up the iPhone again",
        ) from error
