"""``gdrive-wa key check`` and ``gdrive-wa key create``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.keys import require_key
from gdrive_wa.cli.options import PATH, Where, json_option, key_option, source_options


@click.group("key")
def command() -> None:
    """Check a key, or make a key file from the 64 digits."""


@command.command("create", short_help="Make a key file from the 64 digits")
@click.argument("file", type=PATH)
@key_option
@click.option("--keyring", is_flag=True, help="Store the key in this machine's keyring too.")
def create(*, file: Path, key_file: Path | None, keyring: bool) -> None:
    """Write the key, given as the 64 digits or in any other form, to the key file FILE.

    The digits are typed at a hidden prompt; they are never an argument.
    """
    from gdrive_wa.jobs.key import key_create, require_new_file  # noqa: PLC0415 - ciphers are slow

    require_new_file(file)
    key = require_key(key_file)
    key_create(key, file, keyring=keyring)
    output.messages().say(f"wrote {file} (only you can read it); fingerprint {key.fingerprint}")
    if keyring:
        output.messages().say("the key is also in the keyring: you no longer need --key-file")


@command.command("check", short_help="Check whether the key opens a file or a backup")
@click.argument("file", type=PATH, required=False)
@click.option("--backup", metavar="BACKUP", help="The backup to check.  [default: the newest]")
@source_options
@key_option
@json_option
def check(
    *, file: Path | None, backup: str | None, where: Where, key_file: Path | None, as_json: bool
) -> None:
    """Check whether the key opens FILE or, without FILE, the newest or the named backup.

    Nothing is downloaded and nothing is written. If one of the 64 digits is mistyped, the error
    shows which one.
    """
    from gdrive_wa.jobs.key import key_check  # noqa: PLC0415 - ciphers are slow to import

    key = require_key(key_file)
    with interrupt.graceful():
        if file is not None:
            match = key_check(key, file, progress=output.progress())
        else:
            with where.open() as source:
                match = key_check(key, source=source, backup=backup, progress=output.progress())
    if as_json:
        output.print_json(match.to_json())
    output.messages().say(f"the key opens {match.opens}; fingerprint {match.fingerprint}")
