"""Download a backup's blobs as they are stored, into a folder with a manifest.

Verified blobs are flushed to the disk in batches, then recorded in the manifest, and only then
renamed to their final names. So everything in the manifest was verified, and a blob that a killed
run had verified but not renamed is found again in its partial file, by its hash.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft import Draft, flush_folders
from gdrive_wa.storage.free_names import metadata_path
from gdrive_wa.storage.free_space import require_room
from gdrive_wa.storage.manifest import PARTIAL_FOLDER, STATE_FOLDER, Manifest, Record, read_manifest
from gdrive_wa.transfer.fetch import JOBS
from gdrive_wa.transfer.partial import open_partials, revision_of
from gdrive_wa.transfer.plan import Plan, Task, make_plan, require_one_backup, standing
from gdrive_wa.transfer.pool import each
from gdrive_wa.transfer.pull import Pulled, Tries, pull
from gdrive_wa.transfer.standing import Standing, look
from gdrive_wa.transfer.watch import Watch

BATCH = 256
"""The most verified blobs that wait to be flushed to the disk together."""
BATCH_SECONDS = 2.0
"""The longest time that a verified blob waits to be flushed."""


def download(
    source: BackupSource,
    entries: Iterable[Entry],
    dest: str | Path,
    *,
    jobs: int = JOBS,
    progress: Progress | None = None,
    dry_run: bool = False,
    tries: Tries | None = None,
) -> Report:
    """Download `entries` of `source` into `dest`, under their stored names.

    Each blob is verified against the listing before it gets its name, and its metadata envelope
    is saved next to it as ``<name>-metadata``. Verified files are not downloaded again, and a
    stopped run is continued. An entry that cannot be downloaded is in the report with its
    reason. All `entries` are listed before anything is fetched.

    With `dry_run`, nothing is fetched or written: `done` lists what would be, with sizes.

    Raises:
        UsageError: `dest` contains another backup, and its files would be mistaken for older
            versions; nothing was changed.
        StorageError: the disk is too small, full or read-only, or `dest` is not a folder or is
            in use by another run.
        CredentialsError: the login is refused for several entries in a row.
        NetworkError: the listing cannot be read, or dozens of entries in a row.
        Interrupted: the user asked to stop; finished files are kept.
    """
    started = time.monotonic()
    dest = Path(dest)
    progress = progress or Silent()
    partials = dest / STATE_FOLDER / PARTIAL_FOLDER
    wanted = list(entries)
    if dry_run:
        records = {record.path: record for record in read_manifest(dest)}
        require_one_backup(dest, records.values(), wanted)
        plan = make_plan(Manifest(dest), records, wanted, partials)
        return _dry_run_report(plan, time.monotonic() - started)
    with Manifest(dest) as manifest:
        require_one_backup(dest, manifest, wanted)
        open_partials(partials)
        plan = make_plan(manifest, {record.path: record for record in manifest}, wanted, partials)
        require_room(dest, plan.needed)
        run = _Run(source, manifest, plan, partials, Watch(progress), tries or Tries())
        run.all(jobs)
    run.report.seconds = time.monotonic() - started
    return run.report


def _dry_run_report(plan: Plan, seconds: float) -> Report:
    report = Report(skipped=plan.standing, failed=plan.impossible, seconds=seconds)
    for task in plan.tasks:
        size = task.entry.size or 0
        report.done.append(Outcome(path=task.entry.path, file=str(task.place), bytes=size))
        report.bytes += size
    return report


@dataclass(frozen=True, slots=True)
class _VerifiedBlob:
    """A verified blob, in its partial file or under its final name."""

    place: PurePosixPath
    blob: Pulled | Standing


@dataclass(slots=True)
class _Run:
    source: BackupSource
    manifest: Manifest
    plan: Plan
    partials: Path
    watch: Watch
    tries: Tries
    report: Report = field(default_factory=Report)
    _verified: list[tuple[Task, _VerifiedBlob]] = field(default_factory=list)
    _flushed_at: float = field(default_factory=time.monotonic)

    def all(self, jobs: int) -> None:
        progress, tasks = self.watch.progress, self.plan.tasks
        self.report.skipped += self.plan.standing
        self.report.failed += self.plan.impossible
        self._save_metadata((task.entry, task.place) for task in self.plan.stale_metadata)
        total = sum(task.entry.size or 0 for task in tasks)
        progress.begin(Stage.DOWNLOAD, items=len(tasks), total_bytes=total)
        try:
            with closing(each(self._bring, tasks, self.watch, jobs=jobs)) as results:
                for result in results:
                    if result is not None:
                        self._collect(*result)
                    if self._due():
                        self._flush()
        finally:
            self._flush()
            progress.end(Stage.DOWNLOAD)

    def _bring(self, task: Task) -> _VerifiedBlob:
        entry, place = task.entry, task.place
        self.plan.places.check_no_link(place)
        if task.look:
            path = self.manifest.folder / place
            found = look(path, entry, sha256=True, check=self.watch.check)
            if found is not None:
                return _VerifiedBlob(place, found)
            if not self.plan.places.recorded(place):  # never replace a file that we did not write
                place = self.plan.places.give(
                    entry.stored_as, with_metadata=entry.envelope is not None
                )
        pulled = pull(
            self.source, entry, self.partials, place, self.watch, lasting=True, tries=self.tries
        )
        return _VerifiedBlob(place, pulled)

    def _collect(self, task: Task, result: _VerifiedBlob | GdriveWaError) -> None:
        self.watch.progress.advance(Stage.DOWNLOAD, items=1)
        if isinstance(result, GdriveWaError):
            self.report.failed.append(Outcome.failed(task.entry.path, result))
        else:
            self._verified.append((task, result))

    def _due(self) -> bool:
        waited = time.monotonic() - self._flushed_at
        return len(self._verified) >= BATCH or (bool(self._verified) and waited >= BATCH_SECONDS)

    def _flush(self) -> None:
        """Flush the verified blobs, then record them, then give them their names."""
        batch, self._verified = self._verified, []
        if any(isinstance(verified.blob, Pulled) for _, verified in batch):
            flush_folders(self.manifest.folder)
        self.manifest.add(*(_record(task.entry, verified) for task, verified in batch))
        for task, verified in batch:
            self._name(task.entry, verified)
        self._save_metadata(
            (task.entry, verified.place)
            for task, verified in batch
            if task.entry.envelope is not None
        )
        self._flushed_at = time.monotonic()

    def _name(self, entry: Entry, verified: _VerifiedBlob) -> None:
        blob = verified.blob
        if isinstance(blob, Standing):
            self.report.skipped.append(standing(entry, verified.place))
            return
        blob.name(f"{self.manifest.folder}/{verified.place}")
        if blob.unproven:
            self.watch.progress.say(
                f"{entry.stored_as}: not verified, because it is listed without size or checksum"
            )
        self.report.bytes += blob.fetched
        self.report.done.append(
            Outcome(path=entry.path, file=str(verified.place), bytes=blob.fetched)
        )

    def _save_metadata(self, places: Iterable[tuple[Entry, PurePosixPath]]) -> None:
        """Write the envelope of each entry next to its blob, then record all of them."""
        self.manifest.add(*[self._write_envelope(entry, place) for entry, place in places])

    def _write_envelope(self, entry: Entry, place: PurePosixPath) -> Record:
        text = (entry.envelope or "").encode()
        sidecar = metadata_path(place)
        final = self.manifest.folder / sidecar
        mtime = entry.modified.timestamp() if entry.modified else None
        with Draft(final.parent) as draft:
            with storage_errors(final):
                draft.file.write(text)
            draft.commit(final, mtime=mtime, durable=False)
        return Record(
            path=str(sidecar),
            size=len(text),
            sha256=hashlib.sha256(text).hexdigest(),
            mtime_ns=final.lstat().st_mtime_ns,
        )


def _record(entry: Entry, verified: _VerifiedBlob) -> Record:
    """The manifest's record of a verified blob."""
    blob = verified.blob
    return Record(
        path=str(verified.place),
        size=blob.size,
        sha256=blob.sha256 or "",
        mtime_ns=blob.mtime_ns,
        stored_as=entry.stored_as,
        source_md5=entry.md5 or (blob.md5 if isinstance(blob, Pulled) else None),
        source_revision=revision_of(entry),
        account=entry.backup,
        whatsapp_path=entry.path,
    )
