"""``gdrive-wa inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import PATH, json_option


@click.command("inspect")
@click.argument("file", type=PATH)
@json_option
def command(*, file: Path, as_json: bool) -> None:
    """Show what the backup file FILE reveals without a key."""
    from gdrive_wa.jobs.inspect import inspect  # noqa: PLC0415 - ciphers are slow to import

    found = inspect(file).to_json()
    if as_json:
        output.print_json(found)
        return
    rows = [[name, _shown(value)] for name, value in found.items() if value not in (None, [])]
    output.print_table(None, ["", ""], rows)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
