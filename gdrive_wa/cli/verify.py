"""``gdrive-wa verify``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import talk
from gdrive_wa.cli.options import json_option

EXIT_DAMAGED = 6


@click.command("verify")
@click.argument("archive", type=click.Path(path_type=Path))
@json_option
def command(*, archive: Path, as_json: bool) -> int:
    """Check every file of ARCHIVE against the manifest; 6 when one is missing or changed."""
    from gdrive_wa.archive.archive import open_archive  # noqa: PLC0415 - only when run

    found = open_archive(archive).verify(progress=talk.progress())
    if as_json:
        talk.print_json(found.to_json())
    for word, names in (
        ("missing", found.missing),
        ("changed", found.changed),
        ("extra", found.extra),
    ):
        for name in names:
            talk.voice().say(f"{word}: {name}")
    talk.voice().say(
        f"{found.ok} files are as they were written, {len(found.missing)} missing, "
        f"{len(found.changed)} changed, {len(found.extra)} extra"
    )
    return EXIT_DAMAGED if found.missing or found.changed else 0
