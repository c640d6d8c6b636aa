"""Explain why a key is missing or does not open a backup: how it is locked, what was mistyped."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from gdrive_wa.core.errors import GdriveWaError, KeyFailure, MissingKeyError, WrongKeyError
from gdrive_wa.core.kinds import ROOT_KEY_SUFFIXES, SERVER_KEY_SUFFIXES, Kind
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.crypt.keys import Key, RootKey
from gdrive_wa.crypt.locks import LOCKED, PASSWORD_IS_NOT_A_KEY
from gdrive_wa.crypt.recognise import read_container_header
from gdrive_wa.crypt.sizes import MAX_HEADER_SIZE
from gdrive_wa.jobs.arguments import KeyLike, as_key, backup_name
from gdrive_wa.jobs.key_check import KeyFix, find_typo_by_envelope, find_typo_by_file
from gdrive_wa.jobs.lock_hints import key_hints
from gdrive_wa.jobs.plan import pick_backup
from gdrive_wa.sources.base import BackupSource

ENVELOPES_TRIED = 8
"""How many envelopes of a listing are used to find a mistyped digit; some may be damaged."""

P = ParamSpec("P")
R = TypeVar("R")


def explains_key_errors(call: Callable[P, R]) -> Callable[P, R]:
    """Let a job with the arguments `source`, `backup` and `key` explain its key errors: how the
    backup is locked, and what was mistyped.
    """

    @functools.wraps(call)
    def explaining(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except KeyFailure as error:
            given: dict[str, Any] = dict(kwargs)
            source = args[0] if args else given["source"]
            backup, key = given.get("backup"), given.get("key")
            raise explained(error, cast("BackupSource", source), backup, key) from error

    return explaining


def explained(
    error: KeyFailure, source: BackupSource, backup: Backup | str | None, key: KeyLike | None
) -> KeyFailure:
    """`error`, with an explanation from the backup itself, as far as it can be read.

    Args:
        error: an error about the key.
        source: the source of the backup.
        backup: the backup or its name; None for the newest.
        key: the key, or the path of its file.
    """
    message = error.message
    with suppress(GdriveWaError):
        chosen = pick_backup(source, backup_name(backup))
        if isinstance(error, WrongKeyError) and isinstance(opening_key := as_key(key), RootKey):
            error = _with_fix(error, source, chosen, opening_key)
            if error.message != message:
                return error
        if not chosen.locks:
            chosen = replace(chosen, key_type=lock_of(source, chosen))
        if hints := _hints(error, chosen):
            return type(error)(error.message, hint=hints)
    return error


def _hints(error: KeyFailure, backup: Backup) -> tuple[str, ...] | None:
    """What to do about the locks of `backup`; None if the hints of `error` say enough."""
    hints = key_hints(backup)
    if isinstance(error, MissingKeyError) or hints is None:
        return hints
    locks = backup.locks or (backup.key_type,)
    if not set(locks) <= LOCKED.keys():
        return None
    return (*hints, *(hint for hint in error.hints if hint not in (*hints, *PASSWORD_IS_NOT_A_KEY)))


def mistyped_error(error: WrongKeyError, fix: KeyFix | None) -> WrongKeyError:
    """`error`, with the mistyped digits, or with the fact that nothing simple was mistyped."""
    if fix is None:
        hints = [hint for hint in error.hints if hint not in WrongKeyError.default_hints[1:]]
        hints.append(
            "more than one digit is wrong, or it is another key: compare all groups of four"
        )
        return WrongKeyError(error.message, hint=tuple(hints))
    what, hint = fix.words()
    return WrongKeyError(f"{error.message}: {what}", hint=hint)


def lock_of(source: BackupSource, backup: Backup) -> str | None:
    """How the backup is locked, such as ``password`` or ``passkey``, if its listing or the header
    of its newest database says so.
    """
    if backup.key_type is not None:
        return backup.key_type
    databases = [
        entry
        for entry in source.entries(backup)
        if entry.kind is Kind.DATABASE and entry.stored_as.lower().endswith(".crypt15")
    ]
    for entry in sorted(databases, key=lambda each: ("msgstore" in each.path, _age(each)))[::-1]:
        with suppress(GdriveWaError):
            return read_container_header(_start_of(source, entry)).key_type
    return None


def envelopes_of(source: BackupSource, backup: Backup) -> list[str]:
    """Some envelopes of the backup, with which a key can be checked."""
    listed = (entry.envelope for entry in source.entries(backup))
    return list(islice(filter(None, chain([backup.sealed], listed)), ENVELOPES_TRIED))


def local_file(source: BackupSource, backup: Backup, key: Key) -> Path | None:
    """A file on this machine with which `key` can be checked: the newest database of chats, if
    there is one, or another encrypted file; None without one."""
    suffixes = ROOT_KEY_SUFFIXES if isinstance(key, RootKey) else SERVER_KEY_SUFFIXES
    sealed = [
        (entry.kind is Kind.DATABASE, "msgstore" in entry.path, _age(entry), path)
        for entry in source.entries(backup)
        if entry.stored_as.lower().endswith(suffixes)
        and (path := source.path_of(entry)) is not None
    ]
    return Path(max(sealed)[-1]) if sealed else None


def _age(entry: Entry) -> float:
    return 0.0 if entry.modified is None else entry.modified.timestamp()


def _with_fix(
    error: WrongKeyError, source: BackupSource, backup: Backup, key: RootKey
) -> WrongKeyError:
    """`error` with what was mistyped, if anything in the backup can be used to find it."""
    typed = key.reveal().hex()
    sealed = envelopes_of(source, backup)
    if sealed:
        return mistyped_error(error, find_typo_by_envelope(typed, *sealed))
    file = local_file(source, backup, key)
    return error if file is None else mistyped_error(error, find_typo_by_file(typed, file))


def _start_of(source: BackupSource, entry: Entry) -> bytes:
    with source.open(entry) as blob:
        start = b""
        while len(start) < MAX_HEADER_SIZE and (piece := blob.read(MAX_HEADER_SIZE - len(start))):
            start += piece
        return start
