"""``gdrive-wa backups``."""

from __future__ import annotations

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.formatting import moment, size
from gdrive_wa.cli.options import Where, json_option, source_options
from gdrive_wa.core.model import Backup
from gdrive_wa.sources.base import WHEN_EMPTY

_KEY_WORDS = {
    "server": "not end-to-end",
    "key": "64-digit key",
    "password": "password",
    "passkey": "passkey",
    "password_or_key": "password or 64-digit key",
    "unknown": "unknown lock",
}


@click.command("backups")
@source_options
@json_option
def command(*, where: Where, as_json: bool) -> None:
    """List the backups in the account (or folder), newest first."""
    from gdrive_wa.jobs.backups import backups  # noqa: PLC0415 - Google's libraries are slow

    with where.open() as source:
        found = backups(source, progress=output.progress())
    if as_json:
        output.print_json([backup.to_json() for backup in found])
        return
    if not found:
        output.messages().say("there is no WhatsApp backup here")
        for hint in WHEN_EMPTY.get(source.name, ()):
            output.messages().hint(hint)
        return
    output.print_table(
        None,
        ["account", "updated", "size", "encryption", "app", "name"],
        [_row(backup) for backup in found],
    )
    for backup in found:
        if backup.expires and backup.deactivates:
            output.messages().say(
                f"{backup.account}: unless the phone backs up again, Google may delete this backup"
                f" from {backup.expires} on, and WhatsApp may deactivate the account from"
                f" {backup.deactivates} on"
            )


def _row(backup: Backup) -> list[str]:
    locks = backup.locks or tuple(filter(None, [backup.key_type]))
    words = ", ".join(_KEY_WORDS.get(lock, lock) for lock in locks)
    encryption = words or ("end-to-end" if backup.encrypted else "?")
    if backup.locks:
        encryption = f"end-to-end: {words}"
    state = " (perhaps uploading)" if backup.uploading else ""
    return [
        backup.account,
        moment(backup.updated) + state,
        size(backup.size),
        encryption,
        backup.app_version or "?",
        backup.name,
    ]
