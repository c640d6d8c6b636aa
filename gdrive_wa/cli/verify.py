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
    """Check every file of ARCHIVE against the manifest.

    The exit code is 6 if a file is missing or has changed. Extra files do not matter.
    """
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
        f"files: {found.ok} intact, {len(found.missing)} missing, {len(found.changed)} changed, "
        f"{len(found.extra)} extra"
    )
    if found.intact:
        return 0
    messages.hint(
        "run gdrive-wa restore into this folder again: it restores what the backup still contains"
    )
    return EXIT_DAMAGED
