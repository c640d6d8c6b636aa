"""``gdrive-wa key``: check what a key opens, and create a key file from the 64 digits.

from gdrive_wa import key_check

key_check("my.key", "WhatsApp/Databases/msgstore.db.crypt15")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.core.arguments import PathLike, ProgressLike, as_path, as_progress
from gdrive_wa.core.errors import FormatError, StorageError, WrongKeyError, WrongKeyTypeError
from gdrive_wa.core.model import Backup, Secret
from gdrive_wa.core.progress import Progress, Silent, interruptible
from gdrive_wa.crypt.keys import Key, RootKey, key_file_content, refuse_key_as_path
from gdrive_wa.jobs.arguments import (
    KeyLike,
    SourceLike,
    backup_name,
    opened_source,
    require_key,
)
from gdrive_wa.jobs.key_check import check_key, find_typo_by_file
from gdrive_wa.jobs.key_words import explained, local_file, mistyped_error
from gdrive_wa.jobs.plan import pick_backup
from gdrive_wa.jobs.reveal import check_key as check_listing
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.draft import write_file


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """What a key opens.

    Attributes:
        opens: the file and its format, or the backup, in words.
        fingerprint: eight hex digits that distinguish keys and reveal nothing about them.
    """

    opens: str
    fingerprint: str

    def to_json(self) -> dict[str, object]:
        """The output of ``key check --json``."""
        return {"opens": self.opens, "fingerprint": self.fingerprint}


def key_check(
    key: KeyLike,
    file: PathLike | None = None,
    *,
    source: SourceLike | None = None,
    backup: Backup | str | None = None,
    progress: ProgressLike | None = None,
) -> KeyMatch:
    """Check that a key opens a file or, without `file`, a backup.

    Nothing is written, and for a backup nothing is downloaded.

    Args:
        key: a key or the path of a key file.
        file: a crypt12, crypt14, crypt15 or mcrypt1 file, a metadata envelope, or a folder, as
            for `source`.
        source: without `file`: the result of ``connect()`` or ``open_folder()``, or the path of
            a folder; by default the backup service with the stored login.
        backup: without `file`: which backup; by default the newest.
        progress: receives progress, and may stop the job.

    Returns:
        What the key opens.

    Raises:
        WrongKeyError: the key does not open it; if one digit was mistyped, the hint shows it.
        WrongKeyTypeError: the key is of a kind for other formats.
        KeyFileError: the key file is not a key, or a path is the key itself.
        FormatError: the file is not encrypted, or nothing in the listing can be used to check.
        DamagedError: the file itself is damaged.
        UsageError: the file cannot be read, or an argument has the wrong type.
        CredentialsError, NetworkError: the source cannot be read.
    """
    opening_key, reporter, name = require_key(key), as_progress(progress), backup_name(backup)
    if file is not None:
        path = as_path(file, "file")
        if not path.is_dir():
            return check(opening_key, path, progress=reporter)
        source = path
    with opened_source(source) as opened:
        return check_backup(opening_key, opened, name, progress=reporter)


def key_create(key: KeyLike, file: PathLike, *, keyring: bool = False) -> None:
    """Write a key as a key file, in the phone's format; only its owner can read it.

    Args:
        key: a key or the path of a key file in any form, such as the 64 digits as text.
        file: the file to create, which must not exist; its folder is created.
        keyring: store the key in this machine's keyring too, where every command finds it.

    Raises:
        StorageError: `file` already exists, or cannot be written.
        KeyFileError: the key file is not a key, or a path is the key itself.
        WrongKeyTypeError: a cipher key cannot be stored in the keyring, which holds 64 digits.
        CredentialsError: this machine has no keyring, or it is locked; nothing was written.
        UsageError: an argument has the wrong type.
    """
    create(require_key(key), as_path(file, "file"), keyring=keyring)


def check(key: Key, file: str | Path, *, progress: Progress | None = None) -> KeyMatch:
    """Check that `key` opens `file`; nothing is written.

    Args:
        key: the key.
        file: a crypt12, crypt14, crypt15 or mcrypt1 file, or a metadata envelope.
        progress: receives progress.

    Raises:
        WrongKeyError: the key does not open it; if one digit was mistyped, the hint shows it.
        WrongKeyTypeError: the key is of a kind for other formats.
        FormatError: the file is not encrypted, so that no key opens it.
        DamagedError: the file itself is damaged.
        UsageError: the file cannot be read.
        KeyFileError: `file` is the key itself, which the error does not repeat.
    """
    file = Path(file)
    if not file.exists():
        refuse_key_as_path(file)
    try:
        kind = check_key(file, key, progress=progress)
    except WrongKeyError as error:
        if not isinstance(key, RootKey):
            raise
        raise mistyped_error(error, find_typo_by_file(key.reveal().hex(), file)) from error
    return KeyMatch(f"{file.name} ({kind})", key.fingerprint)


def check_backup(
    key: Key, source: BackupSource, backup: str | None = None, *, progress: Progress | None = None
) -> KeyMatch:
    """Check that `key` opens a backup, using only its listing; nothing is downloaded.

    Args:
        key: the key.
        source: the source of the backup.
        backup: the name of the backup or the account's number; by default the newest backup.
        progress: receives progress, and may stop the check.

    Raises:
        WrongKeyError: the key does not open it; if one digit was mistyped, the hint shows it.
        WrongKeyTypeError: the key is of a kind for other backups.
        FormatError: nothing in the listing can be used to check the key.
        GdriveWaError: the listing cannot be read.
    """
    progress = progress or Silent()
    chosen = pick_backup(source, backup, progress=progress)
    entries = interruptible(lambda: list(source.entries(chosen)), progress)
    try:
        if check_listing(chosen, entries, key):
            return KeyMatch(f"the backup of {chosen.account}", key.fingerprint)
    except WrongKeyError as error:
        raise explained(error, source, chosen, key) from error
    file = local_file(source, chosen, key)
    if file is not None:
        return check(key, file, progress=progress)
    raise FormatError(
        "nothing in this listing can be used to check the key",
        hint="download its msgstore.db, and check the key with that: gdrive-wa key check FILE",
    )


def create(key: Key, file: str | Path, *, keyring: bool = False) -> None:
    """Write `key` to a new file in the phone's format; only its owner can read it.

    Args:
        key: the key.
        file: the file to create: 59 bytes for a root key, 158 for a cipher key. Its folder is
            created.
        keyring: store the key in this machine's keyring too, where every command finds it.

    Raises:
        StorageError: `file` already exists, or cannot be written.
        KeyFileError: `file` is the key itself, which the error does not repeat.
        WrongKeyTypeError: a cipher key cannot be stored in the keyring, which holds 64 digits.
        CredentialsError: this machine has no keyring, or it is locked; nothing was written.
    """
    file = Path(file)
    require_new_file(file)
    if keyring and not isinstance(key, RootKey):
        raise WrongKeyTypeError(
            "the keyring can only store the 64 digits, and this is a key for crypt12 or crypt14",
            hint="leave out --keyring, and use --key-file FILE",
        )
    if keyring:  # first: if it fails, no file prevents the next attempt
        from gdrive_wa.google.logins import store_key  # noqa: PLC0415 - a keyring is slow to open

        store_key(Secret(key.reveal().hex()))
    write_key_file(key, file)


def write_key_file(key: Key, file: Path) -> None:
    """Write `key` in the phone's format, readable by its owner only, replacing any file.

    Raises:
        StorageError: it cannot be written.
    """
    write_file(file, key_file_content(key))


def require_new_file(file: str | Path) -> None:
    """Check that a key file can be created here, before asking for the key.

    Raises:
        StorageError: it already exists.
        KeyFileError: `file` is the key itself, which the error does not repeat.
    """
    refuse_key_as_path(file)
    if Path(file).exists():
        raise StorageError(f"'{file}' already exists", hint="give the name of a new file")
