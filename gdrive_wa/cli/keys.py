"""Find the key for a command: in a file, the environment, the keyring, or at a hidden prompt."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gdrive_wa.core.errors import KeyFileError, MissingKeyError
from gdrive_wa.core.model import Secret

if TYPE_CHECKING:
    from gdrive_wa import CipherKey, RootKey


def find_key(key_file: Path | None, *, ask: bool = True) -> RootKey | CipherKey | None:
    """The key from the first place that has one, or None.

    Args:
        key_file: what ``--key-file`` or ``GDRIVE_WA_KEY_FILE`` names.
        ask: whether to show a hidden prompt if stdin is a terminal.

    Raises:
        KeyFileError: the file, the variable or the keyring holds something that is not a key.
    """
    from gdrive_wa.jobs.configured_key import configured_key  # noqa: PLC0415 - ciphers are slow

    key = configured_key(key_file)
    return _ask() if key is None and ask and sys.stdin.isatty() else key


def find_passphrase(folder: Path) -> Secret | None:
    """The passphrase of a locked iPhone backup; None if it is not locked, or none was given."""
    from gdrive_wa.sources.iphone import is_locked  # noqa: PLC0415 - not for --help
    from gdrive_wa.sources.iphone_files import VARIABLE  # noqa: PLC0415

    if not is_locked(folder):
        return None
    given = os.environ.get(VARIABLE)
    if not given and sys.stdin.isatty():
        given = click.prompt(
            "Passphrase of the iPhone's backup (hidden)",
            hide_input=True,
            default="",
            err=True,
            show_default=False,
        )
    return Secret(given) if given else None


def require_key(key_file: Path | None) -> RootKey | CipherKey:
    """The key from the first place that has one.

    Raises:
        MissingKeyError: there is none.
        KeyFileError: the file, the variable or the keyring holds something that is not a key.
    """
    key = find_key(key_file)
    if key is None:
        raise MissingKeyError("a key is needed to open this")
    return key


def _ask() -> RootKey | CipherKey | None:
    from gdrive_wa import load_key  # noqa: PLC0415

    click.echo("The key is the 64 digits that WhatsApp showed (spaces do not matter).", err=True)
    for _ in range(3):
        text = click.prompt(
            "Key (hidden; Enter for none)",
            hide_input=True,
            default="",
            err=True,
            show_default=False,
        )
        if not text.strip():
            return None
        try:
            return load_key(text.encode())
        except KeyFileError as error:
            click.echo(f"error: {error.message}", err=True)
    return None
