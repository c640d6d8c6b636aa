"""The main job, on one page: list, choose, fetch, decrypt, place, show.

    from gdrive_wa import connect, restore

    report = restore(connect(), "My voice notes", key="encrypted_backup.key")

Every step is in a module of its own; this one only calls them in order. A run can be stopped at any
time without losing finished work: the same call continues from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import tzinfo
from typing import NamedTuple

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.chats.read import Chats
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
from gdrive_wa.core.model import Backup, Entry, Report, VoiceNote
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
from gdrive_wa.jobs.empty_files import with_content
from gdrive_wa.jobs.executors import MANY
from gdrive_wa.jobs.faces import keep_faces_of
from gdrive_wa.jobs.key_words import explains_key_errors
from gdrive_wa.jobs.messages_around import MessagesAround
from gdrive_wa.jobs.missing import missing_notes
from gdrive_wa.jobs.phone_notes import Phone, closing_messages, name_unmatched, read_notes
from gdrive_wa.jobs.plan import Plan, list_entries, make_plan, pick_backup, require_key
from gdrive_wa.jobs.restore_request import RestoreRequest
from gdrive_wa.jobs.restore_run import RestoreRun
from gdrive_wa.jobs.side_by_side import MOST, side_by_side
from gdrive_wa.jobs.taken_databases import take_databases
from gdrive_wa.jobs.unsupported_entries import restorable_entries
from gdrive_wa.jobs.workers import WorkerPool
from gdrive_wa.jobs.workers_ahead import workers_ahead
from gdrive_wa.pages.page import write_page
from gdrive_wa.sources.exported_chat import ExportedChats
from gdrive_wa.storage.free_space import require_free_space
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
        key: a key or the path of a key file; not needed for a backup without any encryption.
        backup: a backup, its name, or the account's number; by default the newest backup.
        selection: the entries to restore; by default voice notes and databases. The archive gets
            no name and no row of what is left out, so that databases are only read, unless it
            names them. A later run with a wider selection adds to the archive.
        chat: only voice notes of chats whose name contains this text, as for `selection`.
        everything: all media, not only voice notes.
        contacts: a vCard or Google-contacts file with names, and photos for the page.
        timezone: the time zone of file names and the page, or its name; by default this machine's.
        tags: write sender, chat and time into the Opus files too; the audio stays bit-exact.
        jobs: files fetched at the same time.
        executor: opens the files (decrypts, verifies, tags) in place of this machine's worker
            processes: any :class:`concurrent.futures.Executor` with access to the same folders.
        cluster: the address of a Dask scheduler, such as ``tcp://192.0.2.1:8786``, whose workers
            open the files instead; they need the same folders, and this package.
        keep_blobs: keep the stored blobs too, in the archive's state folder.
        missing_from_whatsapp: request voice notes that the backup lacks from WhatsApp's own
            servers, unless their links have expired.
        context: how many messages before and after each note are kept, from the same chat and
            day; with 0, replies and reactions are not kept either.
        endpoint: root of another server in WhatsApp's place; also ``GDRIVE_WA_ENDPOINT``.
        dry_run: only report what would be done.
        progress: receives progress, and may stop the job.

    Returns:
        Every entry as done, skipped or failed. A failed entry does not stop the run.

    Raises:
        CredentialsError, NetworkError: the source or the cluster cannot be used.
        UsageError: the backup or the chat does not exist, `dest` is the backup's own folder, or
            an argument has the wrong type.
        KeyFailure: the key is missing, or is not this backup's.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; finished work is kept.
    """
    asked = RestoreRequest(
        source=as_source(source),
        dest=as_path(dest, "dest"),
        key=as_key(key),
        backup=backup_name(backup),
        selection=as_selection(selection, chat=chat),
        everything=everything,
        contacts=as_optional_path(contacts, "contacts"),
        timezone=as_zone(timezone),
        tags=tags,
        jobs=as_count(jobs, "jobs"),
        executor=as_executor(executor),
        cluster=as_optional_text(cluster, "cluster"),
        keep_blobs=keep_blobs,
        missing_from_whatsapp=missing_from_whatsapp,
        context=as_count(context, "context", least=0, most=MOST_CONTEXT),
        endpoint=as_optional_text(endpoint, "endpoint"),
        dry_run=dry_run,
        progress=as_progress(progress),
    )
    use_one_arena()
    elsewhere = executor or cluster or dry_run
    with workers_ahead(asked.source, asked.dest, asked.jobs, unless=elsewhere) as ahead:
        return _restore(asked, ahead)


def _restore(asked: RestoreRequest, ahead: WorkerPool | None) -> Report:
    """List, choose, bring, open, place, show."""
    chosen = pick_backup(asked.source, asked.backup, progress=asked.progress)
    last = asked.last_run(chosen)
    if not (asked.dry_run or asked.missing_from_whatsapp) and (repeated := last.repeated()):
        return repeated
    plan = _plan(asked, chosen)
    if asked.dry_run:
        return plan.report(asked.dest)
    require_free_space(asked.dest, plan.report(asked.dest).bytes)
    with asked.begin(chosen) as run:
        run.opener.expect(len(plan.media), ahead)
        restored = _restore_media(asked, plan, run)
        del plan  # the lists and the page need its memory
        notes = _show(asked, chosen, run, restored.withheld)
        last.remember(run.report, notes, _remarks(asked, restored, notes))
    return run.report


def _plan(asked: RestoreRequest, backup: Backup) -> Plan:
    """List the backup, and choose entries by their names; nothing is fetched yet."""
    source, progress = asked.source, asked.progress
    listed = list_entries(
        source, backup, asked.key, dest=asked.dest, keep_envelopes=False, progress=progress
    )
    entries = restorable_entries(source, backup, with_content(listed, progress), progress)
    plan = make_plan(backup, entries, asked.selection, everything=asked.everything)
    require_key(plan, asked.key)
    return replace(plan, wants_chats=False) if isinstance(source, ExportedChats) else plan


class _Restored(NamedTuple):
    """What is reported once the media are in the archive.

    Attributes:
        chats: the content of the databases, without the notes.
        known: jids of the chats that have notes in the databases.
        withheld: entries that could not be fetched, opened or placed.
    """

    chats: Chats
    known: frozenset[str]
    withheld: tuple[Entry, ...]


def _restore_media(asked: RestoreRequest, plan: Plan, run: RestoreRun) -> _Restored:
    """Read the voice notes in the databases; then bring, open and place the chosen media."""
    archive, selection, progress = run.archive, asked.selection, asked.progress
    contacts, owner = asked.contacts, plan.backup.owner
    with (
        take_databases(
            run, archive, plan, everything=asked.everything, progress=progress
        ) as databases,
        MessagesAround(asked.window, run.report) as around,
    ):
        phone = databases.find_phone(contacts=contacts, account=plan.backup.number)
        chats = _read_chats(asked, plan, run, phone, around)
        release_memory()
        known = frozenset(note.chat_jid for note in chats)
        choice = _choose_media(archive, chats, plan, selection)
        chats = replace(chats, notes=())  # the archive has them
        release_memory()
        run.take_media(
            choice,
            include_unmatched=asked.everything or not known,
            meanwhile=lambda: archive.catalogue.add_around(map(selection.narrowed, around.notes())),
        )
        withheld = tuple(run.withheld)
        name_unmatched(
            archive, phone, plan.entries, selection.means, contacts=contacts, owner=owner
        )
        if asked.missing_from_whatsapp:
            linked = missing_notes(
                archive, plan.entries, selection, run.report, progress, phone.all
            )
            run.take_missing(linked, asked.endpoint)
    return _Restored(chats, known, withheld)


def _read_chats(
    asked: RestoreRequest, plan: Plan, run: RestoreRun, phone: Phone, around: MessagesAround
) -> Chats:
    """Read the voice notes in the databases or the exported chats."""
    if isinstance(asked.source, ExportedChats):
        from gdrive_wa.jobs.exported_chats import read_exported_chats  # noqa: PLC0415 - slow to import

        return read_exported_chats(
            asked.source,
            plan.entries,
            contacts=asked.contacts,
            timezone=asked.timezone,
            context=asked.context,
            progress=asked.progress,
        )
    return read_notes(
        run.archive,
        phone,
        plan.entries,
        run.report,
        contacts=asked.contacts,
        owner=plan.backup.owner,
        context=asked.window,
        later=around,
        progress=asked.progress,
    )


def _choose_media(archive: ArchiveWriter, chats: Chats, plan: Plan, selection: Selection) -> Choice:
    notes = archive.expect(map(selection.narrowed, chats.notes), selection.means)
    return choose_media(plan.entries, plan.media, selection, notes, archive)


def _show(
    asked: RestoreRequest, backup: Backup, run: RestoreRun, withheld: tuple[Entry, ...]
) -> Sequence[VoiceNote]:
    """Write the lists and the page, and return their notes."""
    release_memory()
    run.opener.close()  # so that this process may fork
    archive, timezone = run.archive, asked.timezone
    notes = archive.finalise(withheld=withheld)
    keep_faces_of(archive.tree, notes, asked.contacts, owner=backup.number, only_named=True)
    side_by_side(
        lambda: archive.write_lists(notes),
        lambda: write_page(archive.tree, notes, timezone=timezone),
        worthwhile=asked.jobs > 1 and MANY <= len(notes) <= MOST,
    )
    return notes


def _remarks(
    asked: RestoreRequest, restored: _Restored, notes: Iterable[VoiceNote]
) -> tuple[str, ...]:
    shown = {note.chat_jid for note in notes}
    given = asked.contacts is not None
    return closing_messages(restored.chats, restored.known, shown, contacts_given=given)
