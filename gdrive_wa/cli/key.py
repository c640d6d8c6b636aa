"""``gdrive-wa key check`` and ``gdrive-wa key create``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gdrive_wa.cli import interrupt, talk
from gdrive_wa.cli.keys import require_key
from gdrive_wa.cli.options import Where, json_option, key_option, source_options
from gdrive_wa.errors import StorageError, WrongKeyError

if TYPE_CHECKING:
    from gdrive_wa.crypt.check import Slip
    from gdrive_wa.crypt.keys import Key


@click.group("key")
def command() -> None:
    """Check a key, or make a key file from the 64 digits."""


@command.command("create", short_help="Make a key file from the 64 digits")
@click.argument("file", type=click.Path(path_type=Path))
@key_option
@click.option("--keyring", is_flag=True, help="Keep the key in this machine's keyring too.")
def create(*, file: Path, key_file: Path | None, keyring: bool) -> None:
    """Write the key, from the 64 digits or any other form, as a proper key file FILE.

    The digits are asked for, hidden; they are never an argument.
    """
    from gdrive_wa.crypt.keys import (  # noqa: PLC0415 - ciphers are slow to import
        RootKey,
        refuse_key_as_path,
        write_key_file,
    )

    refuse_key_as_path(file)
    if file.exists():
        raise StorageError(f"{file} is there already", hint="name a file that is not there yet")
    key = require_key(key_file)
    write_key_file(key, file)
    talk.voice().say(f"wrote {file} (only you can read it); fingerprint {key.fingerprint}")
    if keyring and isinstance(key, RootKey):
        from gdrive_wa.google.store import keep_key  # noqa: PLC0415 - a keyring is slow to open
        from gdrive_wa.model import Secret  # noqa: PLC0415

        keep_key(Secret(key.reveal().hex()))
        talk.voice().say("the keyring has it too: no command needs --key-file any more")


@command.command("check", short_help="Tell whether the key opens a file, or the backup listed")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--backup", metavar="BACKUP", help="Which backup.  [default: the newest]")
@source_options
@key_option
@json_option
def check(
    *, file: Path | None, backup: str | None, where: Where, key_file: Path | None, as_json: bool
) -> None:
    """Tell whether the key opens FILE; without FILE, whether it opens the backup that is listed.

    Nothing is downloaded and nothing is written. When one of the 64 digits is mistyped, it says
    which one.
    """
    key = require_key(key_file)
    with interrupt.graceful():
        opened = _check_file(file, key) if file else _check_listing(where, backup, key)
    if as_json:
        talk.print_json({"opens": opened, "fingerprint": key.fingerprint})
    talk.voice().say(f"the key opens {opened}; fingerprint {key.fingerprint}")


def _check_file(file: Path, key: Key) -> str:
    from gdrive_wa.crypt.check import check_key, find_slip_by_file  # noqa: PLC0415 - slow
    from gdrive_wa.crypt.keys import RootKey, refuse_key_as_path  # noqa: PLC0415

    if not file.exists():
        refuse_key_as_path(file)
    try:
        kind = check_key(file, key, progress=talk.progress())
    except WrongKeyError as error:
        slip = find_slip_by_file(key.reveal().hex(), file) if isinstance(key, RootKey) else None
        raise _explained(error, slip) from error
    return f"{file.name} ({kind})"


def _check_listing(where: Where, backup: str | None, key: Key) -> str:
    from gdrive_wa.crypt.check import find_slip_by_envelope  # noqa: PLC0415 - ciphers are slow
    from gdrive_wa.crypt.keys import RootKey  # noqa: PLC0415
    from gdrive_wa.errors import FormatError  # noqa: PLC0415
    from gdrive_wa.plan import pick_backup  # noqa: PLC0415
    from gdrive_wa.sources.reveal import check_key  # noqa: PLC0415

    source = where.connect()
    try:
        chosen = pick_backup(source, backup)
        entries = list(source.entries(chosen))
    finally:
        source.close()
    sealed = chosen.sealed or next((each.envelope for each in entries if each.envelope), None)
    try:
        if check_key(chosen, entries, key):
            return f"the backup of {chosen.account}"
    except WrongKeyError as error:
        slip = (
            find_slip_by_envelope(key.reveal().hex(), sealed)
            if isinstance(key, RootKey) and sealed
            else None
        )
        raise _explained(error, slip) from error
    raise FormatError(
        "this listing holds nothing that a key could be tried on",
        hint="download its msgstore.db, and check the key on that: gdrive-wa key check FILE",
    )


def _explained(error: WrongKeyError, slip: Slip | None) -> WrongKeyError:
    if slip is None:
        return error
    return WrongKeyError(
        f"{error.message}: digit {slip.place} is mistyped",
        hint=f"in group {slip.group} of four, write {slip.right} in place of {slip.typed}",
    )
