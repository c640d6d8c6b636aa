"""``gdrive-wa notes``."""

from __future__ import annotations

import sys
from datetime import tzinfo
from pathlib import Path

import click

from gdrive_wa.cli import output, summary
from gdrive_wa.cli.formatting import moment
from gdrive_wa.cli.options import PATH, json_option, parse_span, timezone_option
from gdrive_wa.core.arguments import as_zone
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote


@click.command("notes")
@click.argument("archive", type=PATH)
@click.option("--chat", metavar="NAME", help="Only chats with NAME in their name.")
@click.option("--sender", metavar="NAME", help="Only senders with NAME in their name.")
@click.option(
    "--status",
    type=click.Choice([str(status) for status in NoteStatus]),
    help="Only notes with this status.",
)
@click.option("--since", metavar="DATE", help="Nothing older, such as 2025-03-01.")
@click.option("--until", metavar="DATE", help="Nothing newer; the day itself counts.")
@timezone_option
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on stdout.")
@json_option
def command(
    *,
    archive: Path,
    chat: str | None,
    sender: str | None,
    status: str | None,
    since: str | None,
    until: str | None,
    zone: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show the voice notes of ARCHIVE."""
    from gdrive_wa.jobs.notes import notes as notes_of  # noqa: PLC0415 - only when run

    if as_csv and as_json:
        raise UsageError("--json and --csv cannot be used together", hint="leave one of them out")
    timezone = as_zone(zone)
    earliest, latest = parse_span(since, until, zone=timezone)
    notes = notes_of(archive, chat=chat, sender=sender, status=status, since=earliest, until=latest)
    if as_json:
        output.print_json([note.to_json() for note in notes])
    elif as_csv:
        from gdrive_wa.archive.index import write_csv  # noqa: PLC0415

        write_csv(notes, sys.stdout)
    else:
        rows = [_row(note, timezone) for note in notes]
        output.print_table(None, ["sent", "chat", "sender", "length", "status", "file"], rows)
    output.messages().say(summary.count_notes(notes))


def _row(note: VoiceNote, timezone: tzinfo | None) -> list[str]:
    sent = moment(note.sent_at, "%Y-%m-%d %H:%M:%S", timezone)
    minutes, seconds = divmod(round(note.duration or 0), 60)
    length = f"{minutes}:{seconds:02}" if note.duration is not None else "?"
    return [sent, note.chat, note.sender, length, str(note.status), note.file or "-"]
