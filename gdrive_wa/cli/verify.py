"""``gdrive-wa verify``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import output
from gdrive_wa.cli.options import PATH, json_option

EXIT_DAMAGED = 6


@click.command("verify")
@click.argument("archive", type=PATH)
@json_option
def command(*, archive: Path, as_json: bool) -> int:
    """Check every file of ARCHIVE against the manifest; exit code 6 if one is damaged."""
    from gdrive_wa.jobs.verify import verify  # noqa: PLC0415 - only when run

    found = verify(archive, progress=output.progress())
    if as_json:
        output.print_json(found.to_json())
    else:
        lists = (("missing", found.missing), ("changed", found.changed), ("extra", found.extra))
        rows = [[word, name] for word, names in lists for name in names]
        if rows:
            output.print_table(None, ["", "file"], rows)
    messages = output.messages()
    messages.say(
        f"{found.ok} files are intact, {len(found.missing)} missing, "
        f"{len(found.changed)} changed, {len(found.extra)} extra"
    )
    if found.intact:
        return 0
    messages.hint(
        "run gdrive-wa restore into this folder again: it restores what the backup still contains"
    )
    return EXIT_DAMAGED
