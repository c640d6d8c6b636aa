"""Download a backup's blobs as they are stored, into a folder with a manifest.

Verified blobs are flushed to the disk in batches, then recorded in the manifest, and only then
renamed to their final names. So everything in the manifest was verified, and a blob that a killed
run had verified but not renamed is found again in its partial file, by its hash.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.sources.base import BackupSource, listen, unreadable_parts
from gdrive_wa.storage.batch import Batch, withdraw_refused
from gdrive_wa.storage.draft import move_into_place
from gdrive_wa.storage.draft_file import write_draft
from gdrive_wa.storage.free_names import metadata_path
from gdrive_wa.storage.free_space import require_free_space
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER, Manifest, Record
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.existing_file import ExistingFile, find_existing
from gdrive_wa.transfer.fetch import JOBS
from gdrive_wa.transfer.partial import open_partials, revision_of
from gdrive_wa.transfer.plan import Plan, Task, already_there, make_plan, require_one_backup
from gdrive_wa.transfer.pool import run_tasks
from gdrive_wa.transfer.pull import Pulled, StreamRetryPolicy, pull
from gdrive_wa.transfer.run_control import RunControl

_PARTIALS = f"{STATE_FOLDER}/{PARTIAL_FOLDER}"


def download(
    source: BackupSource,
    entries: Iterable[Entry],
    dest: str | Path,
    *,
    jobs: int = JOBS,
    progress: Progress | None = None,
    dry_run: bool = False,
    retry_policy: StreamRetryPolicy | None = None,
) -> Report:
    """Download `entries` of `source` into `dest`, under their stored names.

    Each blob is verified against the listing before it gets its name, and its metadata envelope
    is saved next to it as ``<name>-metadata``. Verified files are not downloaded again, and a
    stopped run is continued. An entry that cannot be downloaded is in the report with its
    reason. `entries` is read to its end before anything is fetched.

    With `dry_run`, nothing is fetched or written: `done` lists what would be, with sizes.

    Raises:
        UsageError: `dest` contains another backup, and its files would be mistaken for older
            versions; nothing was changed.
        StorageError: the disk is too small, full or read-only, or `dest` is not a folder or is
            in use by another run.
        CredentialsError: the login is refused for several entries in a row.
        NetworkError: the listing cannot be read, or dozens of entries in a row cannot be fetched.
        Interrupted: the user asked to stop; finished files are kept.
    """
    started = time.monotonic()
    dest = Path(dest)
    progress = progress or Silent()
    listen(source, progress.say)
    wanted = list(entries)
    if dry_run:
        seen = Manifest.glance(dest)
        records = {record.path: record for record in seen}
        require_one_backup(dest, records.values(), wanted)
        plan = make_plan(seen, records, wanted, seen.tree.below(_PARTIALS))
        return _dry_run_report(plan, time.monotonic() - started)
    with Manifest(dest) as manifest:
        require_one_backup(dest, manifest, wanted)
        partials = manifest.tree.below(_PARTIALS)
        open_partials(partials)
        plan = make_plan(manifest, {record.path: record for record in manifest}, wanted, partials)
        require_free_space(dest, plan.needed)
        run = _Run(
            source,
            manifest,
            plan,
            partials,
            RunControl(progress),
            retry_policy or StreamRetryPolicy(),
        )
        run.report.failed += unreadable_parts(source)
        run.all(jobs)
    run.report.seconds = time.monotonic() - started
    return run.report


def _dry_run_report(plan: Plan, seconds: float) -> Report:
    report = Report(skipped=plan.already_there, failed=plan.impossible, seconds=seconds)
    for task in plan.tasks:
        size = task.entry.counted_size
        report.done.append(Outcome(path=task.entry.path, file=str(task.target), bytes=size))
        report.bytes += size
    return report


@dataclass(frozen=True, slots=True)
class _VerifiedBlob:
    """A verified blob, in its partial file or under its final name."""

    target: PurePosixPath
    blob: Pulled | ExistingFile


@dataclass(slots=True)
class _Run:
    source: BackupSource
    manifest: Manifest
    plan: Plan
    partials: Tree
    control: RunControl
    retry_policy: StreamRetryPolicy
    report: Report = field(default_factory=Report)

    def all(self, jobs: int) -> None:
        progress, tasks = self.control.progress, self.plan.tasks
        self.report.skipped += self.plan.already_there
        self.report.failed += self.plan.impossible
        total = sum(task.entry.counted_size for task in tasks)
        progress.begin(Stage.DOWNLOAD, items=len(tasks), total_bytes=total)
        batch = Batch(self.manifest)
        try:
            with batch, closing(run_tasks(self._bring, tasks, self.control, jobs=jobs)) as results:
                for task in self.plan.stale_metadata:
                    self._save_envelope(task.entry, task.target)
                for result in results:
                    if result is None:
                        batch.tick()
                    else:
                        self._place(batch, *result)
        finally:
            withdraw_refused(batch, self.report)
            progress.end(Stage.DOWNLOAD)

    def _bring(self, task: Task) -> _VerifiedBlob:
        entry, target = task.entry, task.target
        self.plan.names.check_no_link(target)
        if task.candidate:
            found = find_existing(
                self.manifest.tree, str(target), entry, sha256=True, check=self.control.check
            )
            if found is not None:
                return _VerifiedBlob(target, found)
            if not self.plan.names.recorded(target):  # a file that is not ours stays
                target = self.plan.names.allocate(
                    entry.stored_as, with_metadata=entry.envelope is not None
                )
        pulled = pull(
            self.source,
            entry,
            self.partials,
            target,
            self.control,
            permanent=True,
            retry_policy=self.retry_policy,
        )
        return _VerifiedBlob(target, pulled)

    def _place(self, batch: Batch, task: Task, result: _VerifiedBlob | GdriveWaError) -> None:
        """Give a fetched file its name, and save its envelope next to it."""
        entry = task.entry
        self.control.progress.advance(Stage.DOWNLOAD, items=1)
        if isinstance(result, GdriveWaError):
            self.report.failed.append(Outcome.failed(entry.path, result))
            return
        record = _record(entry, result)
        if isinstance(result.blob, ExistingFile):
            self.manifest.add(record)
            self.report.skipped.append(already_there(entry, result.target))
        else:
            self._place_pulled(batch, entry, record, result.blob)
        if entry.envelope is not None:
            batch.when_flushed(partial(self._save_envelope, entry, result.target))

    def _place_pulled(self, batch: Batch, entry: Entry, record: Record, blob: Pulled) -> None:
        batch.add(blob.draft(), record)
        if blob.has_checkpoint:
            batch.when_flushed(partial(blob.forget_checkpoint, self.manifest.tree))
        if blob.unverified:
            self.control.progress.say(
                f"{entry.stored_as}: not verified, because it is listed without size or checksum"
            )
        self.report.bytes += blob.fetched
        done = Outcome(path=entry.path, file=record.path, bytes=blob.fetched)
        self.report.done.append(done)

    def _save_envelope(self, entry: Entry, where: PurePosixPath) -> None:
        """Save the envelope of `entry` next to its file."""
        mtime = entry.modified.timestamp() if entry.modified else None
        tree, text = self.manifest.tree, (entry.envelope or "").encode()
        draft = write_draft(tree, text, inside=STATE_FOLDER, mtime=mtime)
        record = Record(
            path=str(metadata_path(where)),
            size=draft.size,
            sha256=draft.sha256,
            mtime_ns=draft.mtime_ns,
        )
        move_into_place(draft.path, record.path, tree)
        self.manifest.add(record)


def _record(entry: Entry, verified: _VerifiedBlob) -> Record:
    """The manifest's record of a verified blob."""
    blob = verified.blob
    return Record(
        path=str(verified.target),
        size=blob.size,
        sha256=blob.sha256 or "",
        mtime_ns=blob.mtime_ns,
        stored_as=entry.stored_as,
        source_md5=entry.md5 or (blob.md5 if isinstance(blob, Pulled) else None),
        source_revision=revision_of(entry),
        account=entry.backup,
        whatsapp_path=entry.path,
    )
