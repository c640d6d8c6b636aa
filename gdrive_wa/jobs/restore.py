"""The main job, on one page: list, choose, fetch, decrypt, lay out, show.

    from gdrive_wa import connect, load_key, restore

    report = restore(connect(), "My voice notes", key=load_key("encrypted_backup.key"))

Every step lives in a room of its own; this page only walks through them. What stops it stops it
where nothing is lost: the next run of the same call goes on from there.
"""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.same_account import same_phone
from gdrive_wa.core.model import Choice, Report
from gdrive_wa.core.progress import Progress, Silent
from gdrive_wa.crypt.keys import Key
from gdrive_wa.jobs.databases import by_the_databases, chats_first, notes_of, of_chat
from gdrive_wa.jobs.missing import Wish, fetch_missing
from gdrive_wa.jobs.plan import list_entries, make_plan, pick_backup, require_key
from gdrive_wa.jobs.restore_run import Job
from gdrive_wa.pages.page import write_page
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.free_space import require_room
from gdrive_wa.transfer.fetch import JOBS


def restore(
    source: BackupSource,
    dest: str | Path,
    *,
    key: Key | None = None,
    backup: str | None = None,
    choice: Choice | None = None,
    chat: str | None = None,
    everything: bool = False,
    contacts: Path | None = None,
    timezone: tzinfo | None = None,
    tags: bool = True,
    jobs: int = JOBS,
    keep_blobs: bool = False,
    missing_from_whatsapp: bool = False,
    endpoint: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Restore the voice notes of a backup into `dest`: named, tagged, indexed, with a page.

    Args:
        source: from :func:`gdrive_wa.connect` or :func:`gdrive_wa.open_folder`.
        dest: the archive's folder: a new one, or one to bring up to date.
        key: the backup's key; only a backup without any encryption needs none.
        backup: its name, or the account's number; by default the newest.
        choice: which entries; by default voice notes and databases.
        chat: only voice notes of chats whose name holds this text.
        everything: all media, not only voice notes.
        contacts: a vCard or Google-contacts file with names.
        timezone: of names and the page; by default this machine's.
        tags: write who and when into the opus files too; the audio stays bit-exact.
        jobs: files fetched at the same time.
        keep_blobs: keep the stored blobs too, in the archive's state folder.
        missing_from_whatsapp: ask WhatsApp's own servers for what the backup lacks, as long as
            its links live.
        endpoint: root of another server in WhatsApp's place; also ``GDRIVE_WA_ENDPOINT``.
        dry_run: only tell what would be done.
        progress: who is told how far it is, and who may stop it.

    Returns:
        Every entry as done, skipped or failed. A failed entry ends no run.

    Raises:
        CredentialsError, NetworkError: the source cannot be had.
        UsageError: there is no such backup or chat, or `dest` is the backup's own folder.
        KeyFailure: no key, or not this backup's.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; what is finished is kept.
    """
    dest, progress = Path(dest), progress or Silent()
    chosen = pick_backup(source, backup, progress=progress)
    entries = list_entries(source, chosen, key, dest=dest, progress=progress)
    plan = make_plan(chosen, entries, choice or Choice(), everything=everything)
    require_key(plan, key)
    if dry_run:
        return plan.report(dest)
    require_room(dest, plan.report(dest).bytes)
    whose = chosen.account if chosen.account.isdigit() else None
    with (
        ArchiveWriter(
            dest,
            timezone=timezone,
            tags=tags,
            account=whose,
            same_phone=same_phone,
            progress=progress,
        ) as archive,
        Job(source, archive, key, jobs=jobs, keep=keep_blobs, progress=progress) as job,
    ):
        for databases in chats_first(plan.databases):
            job.take(databases)
        job.stop_if_the_key_opened_nothing()
        notes = notes_of(
            archive, plan.databases, contacts=contacts, owner=chosen.owner, progress=progress
        )
        notes = archive.expect(notes)
        media = by_the_databases(entries, plan.media, choice or Choice(), archive)
        media = of_chat(media, notes, chat, archive)
        job.take(media, strangers=everything or not notes)
        if missing_from_whatsapp:
            wish = Wish(choice or Choice(), chat, endpoint)
            fetch_missing(archive, entries, wish, job.report, jobs=jobs, progress=progress)
        shown = archive.finish()
        write_page(dest, shown, timezone=timezone)
    return job.report
