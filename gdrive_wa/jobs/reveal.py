"""Decrypt the names in a listing, and check the key, before anything is downloaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sys import intern

from gdrive_wa.core.errors import MetadataError, WrongKeyError, WrongKeyTypeError
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.kinds import ROOT_KEY_SUFFIXES, SERVER_KEY_SUFFIXES
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.crypt.envelope import open_envelope, read_file_metadata
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey
from gdrive_wa.crypt.locks import LOCKED, MADE_BEFORE

NOT_A_KEY = {
    "server": (
        "its key is not 64 digits, but the file named key (158 bytes) in the app's files/ folder",
        "that file can only be copied from a rooted phone",
        "its voice notes are not encrypted: gdrive-wa download copies them, but without senders",
        "or turn end-to-end backup on in WhatsApp, with a 64-digit key, and back up again",
    ),
    **LOCKED,
}
"""Hints for a user without the kind of key that a backup needs."""


def reveal(
    entries: Iterable[Entry],
    key: Key | None,
    *,
    keep_envelopes: bool = True,
    progress: Progress | None = None,
) -> Iterator[Entry]:
    """The entries with their real paths, times, sizes and hashes from the envelopes.

    Opened envelopes are kept for a download, which saves them. Without `keep_envelopes`, they are
    dropped, because they take most of the memory of a long listing. If an envelope cannot be
    opened, its entry stays as it was listed; the number of these is reported at the end.
    """
    failed = 0
    for entry in entries:
        if entry.envelope is None or not isinstance(key, RootKey):
            yield entry
            continue
        try:
            metadata = read_file_metadata(entry.envelope, key)
        except (MetadataError, WrongKeyError):
            failed += 1
            yield entry
            continue
        yield replace(
            entry,
            path=intern(metadata.name),  # the database of chats has the same path
            envelope=entry.envelope if keep_envelopes else None,
            modified=metadata.updated or entry.modified,
            plain_md5=metadata.md5,
            plain_size=metadata.size,
        )
    if failed:
        (progress or Silent()).say(f"the metadata of {failed} files cannot be read")


def check_key(backup: Backup, entries: Iterable[Entry], key: Key) -> bool:
    """Check whether `key` opens this backup, using only the listing.

    Returns:
        True if an envelope opened; False if the listing has none, or `key` is a cipher key.

    Raises:
        WrongKeyError: no envelope opens; damaged envelopes are ignored.
        WrongKeyTypeError: `key` is a cipher key, but everything is end-to-end encrypted; or it is
            a root key, but nothing is.
    """
    listed = list(entries)
    envelopes = [entry.envelope for entry in listed if entry.envelope]
    if backup.sealed:
        envelopes.insert(0, backup.sealed)
    sealed = bool(envelopes) or _any_named(listed, ROOT_KEY_SUFFIXES)
    served = _any_named(listed, SERVER_KEY_SUFFIXES)
    if isinstance(key, CipherKey):
        if sealed and not served:
            raise WrongKeyTypeError(
                "this backup is end-to-end encrypted, but this is a key for crypt12 or crypt14",
                hint="give the 64 digits, or encrypted_backup.key",
            )
        return False
    if served and not sealed and not backup.encrypted:
        raise WrongKeyTypeError(
            "this backup is not end-to-end encrypted: it was made before that was turned on, so it"
            " does not open with 64 digits",
            hint=MADE_BEFORE,
        )
    return _opens_one(envelopes, key)


def _opens_one(envelopes: Iterable[str], key: RootKey) -> bool:
    refused = False
    for envelope in envelopes:
        try:
            open_envelope(envelope, key)
        except WrongKeyError:
            refused = True
        except MetadataError:
            continue
        else:
            return True
    if refused:
        raise WrongKeyError("this key does not open this backup")
    return False


def _any_named(entries: Iterable[Entry], suffixes: tuple[str, ...]) -> bool:
    return any(entry.stored_as.lower().endswith(suffixes) for entry in entries)
