"""The first step of a restore: the databases, which have the senders and times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gdrive_wa.archive.database_folder import CHATS as CHATS_OF_PHONES
from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.errors import KeyFailure
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.core.progress import Progress
from gdrive_wa.jobs.database_groups import CHATS, DatabaseGroup, group_databases
from gdrive_wa.jobs.databases import chats_first
from gdrive_wa.jobs.phone_files import PhoneFiles
from gdrive_wa.jobs.phone_notes import Phone, find_phone, report_missing_chats
from gdrive_wa.jobs.plan import Plan
from gdrive_wa.jobs.restore_run import RestoreRun


@dataclass(frozen=True, slots=True)
class TakenDatabases:
    """The databases of one run, in the archive and among the temporary files.

    Attributes:
        archive: holds one database of each kind.
        databases: the backup's entries.
        files: the other databases.
        folder: the folder for temporary files.
        report: the report of the run.
        progress: receives warnings about unreadable files.
    """

    archive: ArchiveWriter
    databases: tuple[Entry, ...]
    files: PhoneFiles
    folder: Path
    report: Report
    progress: Progress

    def find_phone(self, *, contacts: Path | None, account: str | None) -> Phone:
        """See :func:`~gdrive_wa.jobs.phone_notes.find_phone`."""
        return find_phone(
            self.archive,
            self.databases,
            self.files,
            contacts=contacts,
            account=account,
            folder=self.folder,
            report=self.report,
            progress=self.progress,
        )


@contextmanager
def take_databases(
    run: RestoreRun, archive: ArchiveWriter, plan: Plan, *, everything: bool, progress: Progress
) -> Iterator[TakenDatabases]:
    """Place the databases of a backup in the archive; of several copies, the newest.

    Copies that are only needed for reading are removed at the end of the context.

    Args:
        run: restores the entries.
        archive: the archive that they are restored into.
        plan: the entries to restore.
        everything: keep older databases of chats too.
        progress: receives messages about the chosen database, or its absence.

    Raises:
        KeyFailure: the key opened nothing.
    """
    backup = plan.backup.name if Path(plan.backup.name).is_dir() else ""
    with run.databases() as opener:
        files = PhoneFiles(opener, backup=backup, keep_all=everything, progress=progress)
        _take_groups(run, archive, plan, files, progress)
        yield TakenDatabases(archive, plan.databases, files, opener.folder, run.report, progress)


def _take_groups(
    run: RestoreRun, archive: ArchiveWriter, plan: Plan, files: PhoneFiles, progress: Progress
) -> None:
    groups = group_databases(plan.databases)
    alone = [group.entries[0] for group in groups if group.alone]
    first, others = chats_first(alone)
    run.take(first)
    for group in groups:
        if group.name in CHATS_OF_PHONES and not group.alone:
            _take_group(run, files, group)
    chats = [
        entry.path for group in groups if group.name in CHATS_OF_PHONES for entry in group.entries
    ]
    key_failed = any(each.exit_code == KeyFailure.exit_code for each in run.report.failed)
    if plan.wants_chats and not key_failed:
        wanted = [*chats, *(each.path for each in first)]
        report_missing_chats(archive, run.report, wanted, progress, run.source)
    for group in groups:
        if group.name not in CHATS_OF_PHONES and not group.alone:
            _take_group(run, files, group)
    run.take(others)
    run.stop_if_the_key_opened_nothing()
    if plan.wants_chats and key_failed:
        report_missing_chats(archive, run.report, chats, progress, run.source)
    if archive.database(CHATS) is not None:
        _excuse_leftovers(run, {entry.path for entry in others}, progress)


def _take_group(run: RestoreRun, files: PhoneFiles, group: DatabaseGroup) -> None:
    files.take(group)
    for entry, error in reversed(files.failures):  # the run raises the last error: the likeliest's
        run.fail(entry, error)
    files.failures.clear()


def _excuse_leftovers(run: RestoreRun, paths: set[str], progress: Progress) -> None:
    """Report databases that the key does not open as left out: they are older than the key, which
    opened the chats."""
    report = run.report
    leftovers = [
        outcome
        for outcome in report.failed
        if outcome.path in paths and outcome.exit_code == KeyFailure.exit_code
    ]
    report.failed = [outcome for outcome in report.failed if outcome not in leftovers]
    for outcome in leftovers:
        reason = f"it was left out: {outcome.reason}"
        report.skipped.append(Outcome(path=outcome.path, reason=reason))
        progress.say(f"left out: '{outcome.path}': {outcome.reason}")
