"""``gdrive-wa export``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.options import PATH, jobs_option, json_option, timezone_option
from gdrive_wa.core.arguments import as_zone


@click.command("export")
@click.argument("archive", type=PATH)
@click.argument("dest", type=PATH)
@click.option(
    "--format",
    "form",
    type=click.Choice(("m4a", "mp3")),
    default="m4a",
    show_default=True,
    help="The format to write.",
)
@click.option("--chat", metavar="NAME", help="Only chats with NAME in their name.")
@click.option("--joined", is_flag=True, help="One m4a for each chat, with a chapter for each note.")
@timezone_option
@jobs_option
@json_option
def command(
    *,
    archive: Path,
    dest: Path,
    form: str,
    chat: str | None,
    joined: bool,
    zone: str | None,
    jobs: int,
    as_json: bool,
) -> int:
    """Write the voice notes of ARCHIVE into the folder DEST, for players that cannot play Opus.

    Each file is tagged with the sender, the time and the chat. With --joined, each chat becomes
    one file. Needs an extra: pip install "gdrive-wa[audio]"
    """
    timezone = as_zone(zone)
    from gdrive_wa.jobs.export import export  # noqa: PLC0415 - only when run

    with interrupt.graceful():
        report = export(
            archive,
            dest,
            form=form,
            chat=chat,
            joined=joined,
            timezone=timezone,
            jobs=jobs,
            progress=output.progress(),
        )
    return output.print_report(report, "exported", as_json=as_json, what="voice note")
