"""``gdrive-wa restore``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output, summary
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import (
    PATH,
    Where,
    cluster_option,
    dry_run_option,
    jobs_option,
    json_option,
    key_option,
    selection_options,
    source_options,
    timezone_option,
)
from gdrive_wa.core.arguments import as_zone
from gdrive_wa.core.context import MOST_CONTEXT, USUAL_CONTEXT
from gdrive_wa.core.errors import KeyFailure
from gdrive_wa.core.selection import Selection


@click.command("restore")
@click.argument("dest", type=PATH)
@click.option("--backup", metavar="BACKUP", help="The backup to restore.  [default: the newest]")
@source_options
@key_option
@selection_options
@click.option("--chat", metavar="NAME", help="Only voice notes of chats with NAME in their name.")
@click.option("--all", "everything", is_flag=True, help="All media, not only voice notes.")
@click.option(
    "--contacts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take names from a vCard, a Google or Outlook CSV, or an iPhone's AddressBook.sqlitedb.",
)
@timezone_option
@click.option("--no-tags", is_flag=True, help="Write no tags: the Opus files stay bit-exact.")
@click.option("--keep-blobs", is_flag=True, help="Keep the encrypted files too.")
@click.option(
    "--missing-from-whatsapp",
    is_flag=True,
    help="Fetch notes that the backup lacks from WhatsApp's servers, which keep them for about a"
    " month.",
)
@click.option(
    "--context",
    type=click.IntRange(0, MOST_CONTEXT),
    default=USUAL_CONTEXT,
    show_default=True,
    metavar="N",
    help="Keep up to N messages of the same day before and after each note; 0 for none.",
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
    selection: Selection,
    chat: str | None,
    everything: bool,
    contacts: Path | None,
    zone: str | None,
    no_tags: bool,
    keep_blobs: bool,
    missing_from_whatsapp: bool,
    context: int,
    jobs: int,
    cluster: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Restore the voice notes of a backup into the folder DEST.

    Downloads, decrypts and arranges them: each named by who said it and when, together with
    a page to listen to (DEST/index.html). Run it again to continue where it stopped, or to add
    what a newer backup contains.
    """
    timezone = as_zone(zone)
    from gdrive_wa.jobs.key_words import explained  # noqa: PLC0415 - everything is slow to import
    from gdrive_wa.jobs.restore import restore  # noqa: PLC0415

    try:
        key = find_key(key_file, ask=not where.keyless)
    except KeyFailure as error:
        with where.open() as source:
            raise explained(error, source, backup, None) from error
    with where.open() as source, interrupt.graceful():
        report = restore(
            source,
            dest,
            key=key,
            backup=backup,
            selection=selection,
            chat=chat,
            everything=everything,
            contacts=contacts,
            timezone=timezone,
            tags=not no_tags,
            jobs=jobs,
            cluster=cluster,
            keep_blobs=keep_blobs,
            missing_from_whatsapp=missing_from_whatsapp,
            context=context,
            endpoint=where.endpoint,
            dry_run=dry_run,
            progress=output.progress(),
        )
    code = output.print_report(report, "would restore" if dry_run else "restored", as_json=as_json)
    if not dry_run:
        summary.print_archive(dest, report.notes)
        return code
    if not as_json:
        summary.print_plan(report)
    if chat is not None:
        output.messages().hint(
            "--chat needs the databases, which a dry run does not read: the real number is lower"
        )
    if selection.since is not None or selection.until is not None:
        output.messages().hint(
            "a dry run goes by the dates of files; the real run, by when each note was sent"
        )
    return code
