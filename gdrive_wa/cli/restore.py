"""``gdrive-wa restore``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, summary, talk
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import (
    PATH,
    Where,
    choice_options,
    cluster_option,
    dry_run_option,
    jobs_option,
    json_option,
    key_option,
    source_options,
    timezone_option,
)
from gdrive_wa.core.arguments import as_zone
from gdrive_wa.core.model import Choice


@click.command("restore")
@click.argument("dest", type=PATH)
@click.option("--backup", metavar="BACKUP", help="Which backup.  [default: the newest]")
@source_options
@key_option
@choice_options
@click.option("--chat", metavar="NAME", help="Only voice notes of chats with NAME in their name.")
@click.option("--all", "everything", is_flag=True, help="All media, not only voice notes.")
@click.option(
    "--contacts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Names from a vCard or Google-contacts file.",
)
@timezone_option
@click.option("--no-tags", is_flag=True, help="Leave the opus files bit-exact: write no tags.")
@click.option("--keep-blobs", is_flag=True, help="Keep the encrypted files too.")
@click.option(
    "--missing-from-whatsapp",
    is_flag=True,
    help="Ask WhatsApp's servers for notes the backup lacks; they keep them about a month.",
)
@jobs_option
@cluster_option
@dry_run_option
@json_option
def command(
    *,
    dest: Path,
    backup: str | None,
    where: Where,
    key_file: Path | None,
    choice: Choice,
    chat: str | None,
    everything: bool,
    contacts: Path | None,
    zone: str | None,
    no_tags: bool,
    keep_blobs: bool,
    missing_from_whatsapp: bool,
    jobs: int,
    cluster: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Restore the voice notes of a backup into the folder DEST.

    Lists, chooses, downloads, decrypts, and lays them out: named by who said it and when, with
    a page to listen to (DEST/index.html). Run it again to go on where it stopped, or to add what
    a newer backup holds.
    """
    timezone = as_zone(zone)
    key = find_key(key_file, ask=not where.keyless)
    from gdrive_wa.jobs.restore import restore  # noqa: PLC0415 - everything is slow to import

    with where.open() as source, interrupt.graceful():
        report = restore(
            source,
            dest,
            key=key,
            backup=backup,
            choice=choice,
            chat=chat,
            everything=everything,
            contacts=contacts,
            timezone=timezone,
            tags=not no_tags,
            jobs=jobs,
            cluster=cluster,
            keep_blobs=keep_blobs,
            missing_from_whatsapp=missing_from_whatsapp,
            endpoint=where.endpoint,
            dry_run=dry_run,
            progress=talk.progress(),
        )
    code = talk.print_report(report, "would restore" if dry_run else "restored", as_json=as_json)
    if not dry_run:
        summary.tell_archive(dest, report.notes, chosen=chat is not None or choice != Choice())
        return code
    if not as_json:
        summary.tell_plan(report)
    if chat is not None:
        talk.voice().hint("whose chat a voice note is in, the databases tell: it will be fewer")
    if choice.since is not None or choice.until is not None:
        talk.voice().hint("when a voice note was sent, the databases tell: these are files' dates")
    return code
