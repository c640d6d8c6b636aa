"""``gdrive-wa ls``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.formatting import moment, size
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import Where, json_option, key_option, selection_options, source_options
from gdrive_wa.core.selection import Selection


@click.command("ls")
@click.argument("backup", required=False)
@source_options
@key_option
@selection_options
@json_option
def command(
    *, backup: str | None, where: Where, key_file: Path | None, selection: Selection, as_json: bool
) -> None:
    """List what BACKUP (by default the newest) contains; with the key, under the real names."""
    from gdrive_wa.jobs.ls import ls  # noqa: PLC0415 - ciphers are slow to import

    key = find_key(key_file, ask=False)
    with where.open() as source, interrupt.graceful():
        entries = ls(source, backup, key=key, selection=selection, progress=output.progress())
    if as_json:
        output.print_json([entry.to_json() for entry in entries])
        return
    rows = [
        [
            moment(entry.modified),
            size(entry.size),
            str(entry.kind),
            entry.path,
        ]
        for entry in entries
    ]
    output.print_table(None, ["modified", "size", "kind", "path"], rows)
    total = sum(entry.counted_size for entry in entries)
    output.messages().say(f"{len(entries)} entries, {size(total)}")
    if key is None and any(entry.envelope is not None for entry in entries):
        output.messages().hint("with the key (--key-file FILE) the real names are shown")
