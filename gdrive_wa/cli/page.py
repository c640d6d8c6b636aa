"""``gdrive-wa page``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import PATH, json_option, timezone_option
from gdrive_wa.core.arguments import as_zone


@click.command("page")
@click.argument("archive", type=PATH)
@click.option(
    "--contacts",
    metavar="FILE",
    type=PATH,
    help="A vCard file with photos of the people in the archive.",
)
@timezone_option
@json_option
def command(*, archive: Path, contacts: Path | None, zone: str | None, as_json: bool) -> None:
    """Write the page of ARCHIVE again, for example after an update of gdrive-wa."""
    timezone = as_zone(zone)
    from gdrive_wa.jobs.page import page  # noqa: PLC0415 - only when run

    written = page(archive, contacts=contacts, timezone=timezone)
    if as_json:
        output.print_json({"page": str(written)})
    else:
        output.messages().say(f"wrote {written}")
