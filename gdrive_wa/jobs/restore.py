"""The main job, on one page: list, choose, fetch, decrypt, lay out, show.

    from gdrive_wa import connect, restore

    report = restore(connect(), "My voice notes", key="encrypted_backup.key")

Every step lives in a room of its own; this page only walks through them. What stops it stops it
where nothing is lost: the next run of the same call continues from there.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

from gdrive_wa.archive.layout import PAGE_NAME, SUMS_NAME
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.read import Chats
from gdrive_wa.chats.same_account import same_phone
from gdrive_wa.chats.timeline import ContextWindow
from gdrive_wa.core.arguments import (
    PathLike,
    ProgressLike,
    as_count,
    as_optional_path,
    as_optional_text,
    as_path,
    as_progress,
    as_selection,
    as_zone,
)
from gdrive_wa.core.context import MOST_CONTEXT, USUAL_CONTEXT
from gdrive_wa.core.limits import release_memory, use_one_arena
from gdrive_wa.core.model import Backup, Entry, Report
from gdrive_wa.core.progress import Progress
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.arguments import (
    KeyLike,
    SourceLike,
    as_executor,
    as_key,
    as_source,
    backup_name,
    takes_source,
)
from gdrive_wa.jobs.choice import Choice, choose_media
from gdrive_wa.jobs.cluster import workers_of
from gdrive_wa.jobs.empty_files import with_content
from gdrive_wa.jobs.executors import MANY
from gdrive_wa.jobs.faces import keep_faces_of
from gdrive_wa.jobs.key_words import explains_key_errors
from gdrive_wa.jobs.last_run import LastRun
from gdrive_wa.jobs.messages_around import MessagesAround
from gdrive_wa.jobs.missing import missing_notes
from gdrive_wa.jobs.no_trace import without_trace
from gdrive_wa.jobs.phone_notes import closing_messages, name_unmatched, read_notes
from gdrive_wa.jobs.plan import Plan, list_entries, make_plan, pick_backup, require_key
from gdrive_wa.jobs.restore_run import BLOBS, RestoreRun
from gdrive_wa.jobs.side_by_side import MOST, side_by_side
from gdrive_wa.jobs.taken_databases import take_databases
from gdrive_wa.jobs.unsupported_entries import restorable_entries
from gdrive_wa.jobs.workers_ahead import workers_ahead
from gdrive_wa.pages.page import write_page
from gdrive_wa.sources.base import BackupSource, unreadable_parts
from gdrive_wa.sources.exported_chat import ExportedChats
from gdrive_wa.storage.free_space import require_free_space
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.transfer.fetch import JOBS


@takes_source
@explains_key_errors
def restore(
    source: SourceLike,
    dest: PathLike,
    *,
    key: KeyLike | None = None,
    backup: Backup | str | None = None,
    selection: Selection | None = None,
    chat: str | None = None,
    everything: bool = False,
    contacts: PathLike | None = None,
    timezone: tzinfo | str | None = None,
    tags: bool = True,
    jobs: int = JOBS,
    executor: Executor | None = None,
    cluster: str | None = None,
    keep_blobs: bool = False,
    missing_from_whatsapp: bool = False,
    context: int = USUAL_CONTEXT,
    endpoint: str | None = None,
    dry_run: bool = False,
    progress: ProgressLike | None = None,
) -> Report:
    """Restore the voice notes of a backup into `dest`: named, tagged, indexed, with a page.

    Args:
        source: the result of ``connect()`` or ``open_folder()``, or the path of a folder.
        dest: the archive's folder: a new one, or one to bring up to date.
        key: a key or the path of a key file; only a backup without any encryption needs none.
        backup: itself, its name, or the account's number; by default the newest.
        selection: which entries; by default voice notes and databases. Of what it leaves out, no
            name, row or database gets into the archive: databases are then only read, unless it
            names them. A later run with a wider selection adds to the archive.
        chat: only voice notes of chats whose name holds this text, as for `selection`.
        everything: all media, not only voice notes.
        contacts: a vCard or Google-contacts file with names, and photos for the page.
        timezone: of names and the page, or its name; by default this machine's.
        tags: write who and when into the opus files too; the audio stays bit-exact.
        jobs: files fetched at the same time.
        executor: opens the files (decrypts, verifies, tags) in place of this machine's worker
            processes: any :class:`concurrent.futures.Executor` with access to the same folders.
        cluster: the address of a Dask scheduler, such as ``tcp://192.0.2.1:8786``, whose workers
            open the files instead; they need the same folders, and this package.
        keep_blobs: keep the stored blobs too, in the archive's state folder.
        missing_from_whatsapp: ask WhatsApp's own servers for what the backup lacks, as long as
            its links live.
        context: messages before each note, and as many after it, that are kept: of the same day
            and chat; 0 for none, and then no replies and reactions either.
        endpoint: root of another server in WhatsApp's place; also ``GDRIVE_WA_ENDPOINT``.
        dry_run: only report what would be done.
        progress: receives progress, and may stop the job.

    Returns:
        Every entry as done, skipped or failed. A failed entry ends no run.

    Raises:
        CredentialsError, NetworkError: the source or the cluster cannot be had.
        UsageError: there is no such backup or chat, `dest` is the backup's own folder, or an
            argument is of a wrong type.
        KeyFailure: no key, or not this backup's.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; finished work is kept.
    """
    source, dest, key = as_source(source), as_path(dest, "dest"), as_key(key)
    progress, executor = as_progress(progress), as_executor(executor)
    backup, selection = backup_name(backup), as_selection(selection, chat=chat)
    use_one_arena()
    context, jobs, endpoint, cluster = (
        as_count(context, "context", least=0, most=MOST_CONTEXT),
        as_count(jobs, "jobs"),
        as_optional_text(endpoint, "endpoint"),
        as_optional_text(cluster, "cluster"),
    )
    contacts, timezone = as_optional_path(contacts, "contacts"), as_zone(timezone)
    settings = (everything, str(timezone), tags, keep_blobs, context)
    with workers_ahead(source, dest, jobs, unless=executor or cluster or dry_run) as ahead:
        chosen = pick_backup(source, backup, progress=progress)
        last = LastRun(
            dest,
            source.state(chosen),
            (chosen.name, key, selection.words(), *settings),
            read=[contacts],
            written=[PAGE_NAME, SUMS_NAME],
        )
        if not (dry_run or missing_from_whatsapp) and (repeated := last.repeated()):
            return repeated
        entries = list_entries(
            source, chosen, key, dest=dest, keep_envelopes=False, progress=progress
        )
        empty: list[str] = []
        entries = restorable_entries(source, chosen, with_content(entries, empty), progress)
        plan = make_plan(chosen, entries, selection, everything=everything)
        require_key(plan, key)
        if dry_run:
            return plan.report(dest)
        require_free_space(dest, plan.report(dest).bytes)
        whose = chosen.account if chosen.account.isdigit() else None
        with (
            without_trace(dest, f"{STATE_FOLDER}/{BLOBS}"),
            workers_of(executor, cluster, progress) as workers,
            ArchiveWriter(
                dest,
                timezone=timezone,
                tags=tags,
                account=whose,
                same_phone=same_phone,
                keep_databases=selection.keeps_databases,
                progress=progress,
            ) as archive,
            RestoreRun(
                source,
                archive,
                key,
                jobs=jobs,
                executor=workers,
                keep=keep_blobs,
                progress=progress,
            ) as run,
        ):
            run.report.failed += unreadable_parts(source)
            run.opener.expect(len(plan.media), ahead)
            chats = _exported_chats(
                source,
                entries,
                contacts=contacts,
                timezone=timezone,
                context=context,
                progress=progress,
            )
            if chats is not None:
                plan = replace(plan, wants_chats=False)
            window = ContextWindow(context, timezone) if context else None
            with (
                take_databases(
                    run, archive, plan, everything=everything, progress=progress
                ) as taken,
                MessagesAround(window, run.report) as later,
            ):
                phone = taken.find_phone(contacts=contacts, account=whose)
                if chats is None:
                    chats = read_notes(
                        archive,
                        phone,
                        entries,
                        run.report,
                        contacts=contacts,
                        owner=chosen.owner,
                        context=window,
                        later=later,
                        progress=progress,
                    )
                for remark in empty:
                    progress.say(remark)
                release_memory()
                choice, known = _choose_media(archive, chats, entries, plan, selection)
                chats = replace(chats, notes=())  # the archive has them
                run.take_media(
                    choice,
                    include_unmatched=everything or not known,
                    meanwhile=lambda: archive.catalogue.add_around(
                        map(selection.narrowed, later.notes())
                    ),
                )
                withheld = tuple(run.withheld)
                name_unmatched(
                    archive,
                    phone,
                    entries,
                    selection.means,
                    contacts=contacts,
                    owner=chosen.owner,
                )
                if missing_from_whatsapp:
                    linked = missing_notes(
                        archive, entries, selection, run.report, progress, phone.all
                    )
                    run.take_missing(linked, endpoint)
            del entries, plan, choice, phone, taken  # lists and page need memory now
            release_memory()
            run.opener.close()  # so that this process may be copied
            shown = archive.finalise(withheld=withheld)
            keep_faces_of(archive.tree, shown, contacts, owner=whose, only_named=True)
            side_by_side(
                lambda: archive.write_lists(shown),
                lambda: write_page(archive.tree, shown, timezone=timezone),
                worthwhile=jobs > 1 and MANY <= len(shown) <= MOST,
            )
            jids = {note.chat_jid for note in shown}
            remarks = closing_messages(chats, known, jids, contacts_given=contacts is not None)
            last.remember(run.report, shown, remarks)
        return run.report


def _exported_chats(
    source: BackupSource,
    entries: list[Entry],
    *,
    contacts: Path | None,
    timezone: tzinfo | None,
    context: int,
    progress: Progress,
) -> Chats | None:
    if not isinstance(source, ExportedChats):
        return None
    from gdrive_wa.jobs.exported_chats import read_exported_chats  # noqa: PLC0415 - slow to import

    return read_exported_chats(
        source, entries, contacts=contacts, timezone=timezone, context=context, progress=progress
    )


def _choose_media(
    archive: ArchiveWriter,
    chats: Chats,
    entries: list[Entry],
    plan: Plan,
    selection: Selection,
) -> tuple[Choice, frozenset[str]]:
    """The media to open, and the jids of the chats that have notes in the databases."""
    known = frozenset(note.chat_jid for note in chats)
    notes = archive.expect(map(selection.narrowed, chats.notes), selection.means)
    return choose_media(entries, plan.media, selection, notes, archive), known
