"""``gdrive-wa download``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import (
    TEXT_PATH,
    Where,
    dry_run_option,
    jobs_option,
    json_option,
    key_option,
    selection_options,
    source_options,
)
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.selection import Selection


@click.command("download")
@click.argument("places", nargs=-1, type=TEXT_PATH, metavar="[BACKUP] DEST", required=True)
@source_options
@key_option
@selection_options
@jobs_option
@dry_run_option
@json_option
def command(
    *,
    places: tuple[str, ...],
    where: Where,
    key_file: Path | None,
    selection: Selection,
    jobs: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Copy the stored blobs of BACKUP (by default the newest) to DEST as they are, verified.

    With the key, options such as --only use the real names. Run it again to continue where it
    stopped, or to bring DEST up to date.
    """
    from gdrive_wa.jobs.download_backup import download  # noqa: PLC0415 - ciphers are slow

    if len(places) > 2:
        raise UsageError(
            f"expected a backup and a folder, but {len(places)} names were given",
            hint='give [BACKUP] DEST, and put quotes around names with spaces: "My backup"',
        )
    *named, dest = places
    key = find_key(key_file, ask=False)
    with where.open() as source, interrupt.graceful():
        report = download(
            source,
            dest,
            backup=named[0] if named else None,
            key=key,
            selection=selection,
            jobs=jobs,
            dry_run=dry_run,
            progress=output.progress(),
        )
    verb = "would download" if dry_run else "downloaded"
    return output.print_report(report, verb, as_json=as_json)
