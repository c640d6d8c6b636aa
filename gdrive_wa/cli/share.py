"""``gdrive-wa share``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.options import PATH, json_option, parse_span, timezone_option
from gdrive_wa.core.arguments import as_zone


@click.command("share")
@click.argument("archive", type=PATH)
@click.argument("dest", type=PATH)
@click.option("--chat", metavar="NAME", help="Only the chat called NAME.")
@click.option("--sender", metavar="NAME", help="Only notes by NAME.")
@click.option("--starred", is_flag=True, help="Only notes that were starred in WhatsApp.")
@click.option(
    "--stars",
    metavar="FILE",
    type=PATH,
    help="Only notes with a star in FILE, which the page saved; with --starred, also those starred"
    " in WhatsApp.",
)
@click.option("--since", metavar="DATE", help="Nothing older, such as 2025-03-01.")
@click.option("--until", metavar="DATE", help="Nothing newer; the day itself counts.")
@click.option("--zip", "as_zip", is_flag=True, help="Write one ZIP file instead of a folder.")
@timezone_option
@json_option
def command(
    *,
    archive: Path,
    dest: Path,
    chat: str | None,
    sender: str | None,
    starred: bool,
    stars: Path | None,
    since: str | None,
    until: str | None,
    as_zip: bool,
    zone: str | None,
    as_json: bool,
) -> int:
    """Copy chosen voice notes of ARCHIVE into the new folder DEST, to give away.

    The folder has a page and lists of its own. It contains nothing about the notes that were not
    chosen.
    """
    timezone = as_zone(zone)
    earliest, latest = parse_span(since, until, zone=timezone)
    from gdrive_wa.jobs.share import share, share_target  # noqa: PLC0415 - only when run

    with interrupt.graceful():
        report = share(
            archive,
            dest,
            chat=chat,
            sender=sender,
            starred=starred,
            stars=None if stars is None else _found(stars),
            since=earliest,
            until=latest,
            zip=as_zip,
            timezone=timezone,
            progress=output.progress(),
        )
    code = output.print_report(report, "shared", as_json=as_json, what="voice note")
    written = share_target(dest, zip=as_zip)
    if written.is_dir():
        written /= "index.html"
        output.messages().say(f"to listen to them, open {written.resolve()} in a browser")
    else:
        output.messages().say(f"wrote {written.resolve()}")
    return code


def _found(stars: Path) -> Path:
    """`stars`, or the file of this name in the user's downloads folder, where browsers save it."""
    from platformdirs import user_downloads_path  # noqa: PLC0415 - only when asked

    downloaded = user_downloads_path() / stars
    only_there = stars.name == str(stars) and not stars.exists() and downloaded.exists()
    return downloaded if only_there else stars
