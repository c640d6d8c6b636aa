"""``gdrive-wa key``: does this key open that, and a proper key file from the 64 digits.

from gdrive_wa import key_check

key_check("my.key", "WhatsApp/Databases/msgstore.db.crypt15")
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
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
from gdrive_wa.jobs.key_check import TypoFix, check_key, find_typo_by_envelope, find_typo_by_file
from gdrive_wa.jobs.plan import pick_backup
from gdrive_wa.jobs.reveal import check_key as check_listing
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.draft import write_file

ENVELOPES_TRIED = 8
"""So many envelopes of a listing show a slip of the hand, even if some of them are damaged."""


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """What a key opens.

    Attributes:
        opens: the file and its format, or the backup, in words.
        fingerprint: eight hex digits that tell keys apart and give none of one away.
    """

    opens: str
    fingerprint: str

    def to_json(self) -> dict[str, object]:
        """The keys of ``key check --json``."""
        return {"opens": self.opens, "fingerprint": self.fingerprint}


def key_check(
    key: KeyLike,
    file: PathLike | None = None,
    *,
    source: SourceLike | None = None,
    backup: Backup | str | None = None,
    progress: ProgressLike | None = None,
) -> KeyMatch:
    """Check that a key opens a file or, without one, the backup that is listed.

    Nothing is written, and for a backup nothing is downloaded.

    Args:
        key: a key or the path of a key file.
        file: a crypt12, crypt14, crypt15 or mcrypt1 file, or a metadata envelope.
        source: without `file`: where the backup is listed; what ``connect()`` or
            ``open_folder()`` gave, or the path of a folder; by default the account that is
            logged in.
        backup: without `file`: which one; by default the newest.
        progress: who is told how far it is, and who may stop it.

    Returns:
        What the key opens.

    Raises:
        WrongKeyError: it does not; where one digit of it was mistyped, its hint says which.
        WrongKeyTypeError: it is of the kind that opens other formats.
        KeyFileError: the key file holds no key, or a path is the key itself.
        FormatError: the file is not encrypted, or the listing holds nothing to try the key on.
        DamagedError: the file itself is damaged.
        UsageError: the file cannot be read, or an argument is of a wrong type.
        CredentialsError, NetworkError: the source cannot be had.
    """
    opening_key, reporter, name = require_key(key), as_progress(progress), backup_name(backup)
    if file is not None:
        return check(opening_key, as_path(file, "file"), progress=reporter)
    with opened_source(source) as opened:
        return check_backup(opening_key, opened, name, progress=reporter)


def key_create(key: KeyLike, file: PathLike, *, keyring: bool = False) -> None:
    """Write a key as a proper key file, as the phone does; only its owner can read it.

    Args:
        key: a key or the path of a key file in any form, such as the 64 digits as text.
        file: the file to make, which is not there yet; its folder is made.
        keyring: keep the key in this machine's keyring too, where every command finds it.

    Raises:
        StorageError: `file` is there already, or cannot be written.
        KeyFileError: the key file holds no key, or a path is the key itself.
        WrongKeyTypeError: a cipher key for the keyring, which holds the 64 digits.
        CredentialsError: this machine has no keyring, or it is locked; nothing was written.
        UsageError: an argument is of a wrong type.
    """
    create(require_key(key), as_path(file, "file"), keyring=keyring)


def check(key: Key, file: str | Path, *, progress: Progress | None = None) -> KeyMatch:
    """Check that `key` opens `file`; nothing is written.

    Args:
        key: the key.
        file: a crypt12, crypt14, crypt15 or mcrypt1 file, or a metadata envelope.
        progress: who is told.

    Raises:
        WrongKeyError: it does not; where one digit of it was mistyped, its hint says which.
        WrongKeyTypeError: it is of the kind that opens other formats.
        FormatError: the file is not encrypted, so that no key opens it.
        DamagedError: the file itself is damaged.
        UsageError: the file cannot be read.
        KeyFileError: `file` is no path but the key itself, which is not repeated.
    """
    file = Path(file)
    if not file.exists():
        refuse_key_as_path(file)
    try:
        kind = check_key(file, key, progress=progress)
    except WrongKeyError as error:
        if not isinstance(key, RootKey):
            raise
        raise _explained(error, find_typo_by_file(key.reveal().hex(), file)) from error
    return KeyMatch(f"{file.name} ({kind})", key.fingerprint)


def check_backup(
    key: Key, source: BackupSource, backup: str | None = None, *, progress: Progress | None = None
) -> KeyMatch:
    """Check that `key` opens a backup, by its listing alone; nothing is downloaded.

    Args:
        key: the key.
        source: where the backup is listed.
        backup: which one, as for ``--backup``; the newest by default.
        progress: who is told, and who may stop it.

    Raises:
        WrongKeyError: it does not; where one digit of it was mistyped, its hint says which.
        WrongKeyTypeError: it is of the kind that opens other backups.
        FormatError: the listing holds nothing that a key could be tried on.
        GdriveWaError: the listing cannot be had.
    """
    progress = progress or Silent()
    chosen = pick_backup(source, backup, progress=progress)
    entries = interruptible(lambda: list(source.entries(chosen)), progress)
    try:
        if check_listing(chosen, entries, key):
            return KeyMatch(f"the backup of {chosen.account}", key.fingerprint)
    except WrongKeyError as error:
        if not isinstance(key, RootKey):
            raise
        sealed = filter(None, (chosen.sealed, *(entry.envelope for entry in entries)))
        fix = find_typo_by_envelope(key.reveal().hex(), *islice(sealed, ENVELOPES_TRIED))
        raise _explained(error, fix) from error
    raise FormatError(
        "this listing holds nothing that a key could be tried on",
        hint="download its msgstore.db, and check the key on that: gdrive-wa key check FILE",
    )


def create(key: Key, file: str | Path, *, keyring: bool = False) -> None:
    """Write `key` as the phone does, to a file that is not there yet and only its owner reads.

    Args:
        key: the key.
        file: 59 bytes for a root key, 158 for a cipher key; its folder is made.
        keyring: keep the key in this machine's keyring too, where every command finds it.

    Raises:
        StorageError: `file` is there already, or cannot be written.
        KeyFileError: `file` is no path but the key itself, which is not repeated.
        WrongKeyTypeError: a cipher key for the keyring, which holds the 64 digits.
        CredentialsError: this machine has no keyring, or it is locked; nothing was written.
    """
    file = Path(file)
    require_new_file(file)
    if keyring and not isinstance(key, RootKey):
        raise WrongKeyTypeError(
            "the keyring holds the 64 digits, and this is the key file of crypt12 or crypt14",
            hint="leave --keyring away, and name the file with --key-file",
        )
    if keyring:  # first: without one, nothing was made that would be in the way of the next try
        from gdrive_wa.google.logins import store_key  # noqa: PLC0415 - a keyring is slow to open

        store_key(Secret(key.reveal().hex()))
    write_key_file(key, file)


def write_key_file(key: Key, file: Path) -> None:
    """Write `key` the way the phone does, for its owner's eyes only, replacing what was there.

    Raises:
        StorageError: it cannot be written.
    """
    write_file(file, key_file_content(key))


def require_new_file(file: str | Path) -> None:
    """Check that a key file may be made here, before the key is asked for.

    Raises:
        StorageError: something is there already.
        KeyFileError: it is no path but the key itself, which is not repeated.
    """
    refuse_key_as_path(file)
    if Path(file).exists():
        raise StorageError(f"{file} is there already", hint="name a file that is not there yet")


def _explained(error: WrongKeyError, fix: TypoFix | None) -> WrongKeyError:
    if fix is None:
        return WrongKeyError(
            error.message,
            hint=(
                *error.hints[:1],
                "no one digit was found to be mistyped: compare all groups of four",
            ),
        )
    return WrongKeyError(
        f"{error.message}: digit {fix.position} is mistyped",
        hint=f"in group {fix.group} of four, write {fix.expected} in place of {fix.typed}",
    )
