"""A whole folder of a backup, decrypted: each file is what its content says it is.

Works on a download of ours, on a dump by another tool with ``<name>-metadata`` files beside the
media, and on a phone's ``WhatsApp`` folder. A second run does only what is left.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock

from gdrive_wa.core.errors import StorageError, UsageError
from gdrive_wa.core.model import Outcome, Report, within
from gdrive_wa.core.names import name_key
from gdrive_wa.core.progress import Progress, Remarks, Silent, Stage
from gdrive_wa.crypt.keys import Key, RootKey
from gdrive_wa.jobs.stored import Opened, Refused, StoredFile, try_stored
from gdrive_wa.jobs.walk import walk
from gdrive_wa.jobs.worker import Workers
from gdrive_wa.storage.draft import flush_folders, place, sweep
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record

LARGE = 4 << 20
"""Bytes from which one file alone keeps every core busy."""
CHUNK = 32
"""Small files that are opened at a time."""
MANY = 300
"""Small files for which worker processes are worth their start, a fifth of a second."""
BATCH = 2048
BATCH_BYTES = 256 << 20
"""Files, and bytes of them, that are flushed to the disk together, before the manifest says that
they are there: a killed run does so many once more. While a disk is flushed, no file is made."""
_ONE_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


def decrypt_tree(
    src: str | Path,
    dest: str | Path,
    key: Key | None = None,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Decrypt every file below `src` to its own path below `dest`.

    Containers lose their ``.cryptNN``; media get the real path that the envelope beside them
    names, or else a name after their hash; what is not encrypted is copied. One bad file never
    ends the run: it is in the report with its reason.

    Args:
        src: the folder; nothing in it is changed.
        dest: the folder to fill; made when it is not there. It may lie inside `src`.
        key: the key; only unencrypted files need none.
        jobs: files at the same time (default: one for each core); for thousands of them, so many
            worker processes.
        progress: who is told.

    Raises:
        UsageError: `src` is no folder, or the same as `dest`.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; what is finished is kept.
    """
    src, dest = Path(src), Path(dest)
    if not src.is_dir():
        raise UsageError(f"{src} is no folder", hint="name a folder that is there")
    ours = within(src, dest)
    started = time.monotonic()
    progress = progress or Silent()
    jobs = max(1, jobs if jobs is not None else os.cpu_count() or 1)
    with Manifest(dest) as manifest:
        run = _Run(dest, key, manifest, progress)
        found = list(walk(src, but=ours))
        files = [each for each in found if isinstance(each, StoredFile)]
        run.report.failed += [each for each in found if isinstance(each, Outcome)]
        total = sum(file.size for file in files)
        progress.begin(Stage.DECRYPT, items=len(files), total_bytes=total)
        try:
            run.all([file for file in files if not run.is_there(file)], jobs)
        finally:
            progress.end(Stage.DECRYPT)
            sweep(dest / STATE_FOLDER)
    run.report.seconds = time.monotonic() - started
    return run.report


@dataclass(frozen=True, slots=True)
class _Done:
    """How one file ended; with a record to keep, unless it failed."""

    outcome: Outcome
    record: Record | None = None


class _Run:
    def __init__(self, dest: Path, key: Key | None, manifest: Manifest, progress: Progress) -> None:
        self.report = Report()
        self._dest = dest
        self._drafts = str((dest / STATE_FOLDER).resolve())
        self._key = key
        self._manifest = manifest
        self._progress = progress
        self._remarks = Remarks(progress)
        self._taken: dict[str, str] = {
            name_key(record.path): record.stored_as or "" for record in manifest
        }
        self._names = Lock()
        self._alone = Lock()
        self._workers: Workers | None = None

    def is_there(self, file: StoredFile) -> bool:
        """True when an earlier run has done this file, which is told then."""
        known = self._manifest.from_source(file.stored_as)
        if not known or known.source_revision != file.revision or not self._manifest.intact(known):
            return False
        there = Outcome(path=file.stored_as, file=known.path, reason="already there, verified")
        self.report.skipped.append(there)
        self._progress.advance(Stage.DECRYPT, items=1, moved=file.size)
        return True

    def all(self, files: Sequence[StoredFile], jobs: int) -> None:
        """Decrypt `files`, so many at the same time."""
        small = [file for file in files if file.size < LARGE]
        chunks: list[tuple[StoredFile, ...]] = [(file,) for file in files if file.size >= LARGE]
        chunks += [tuple(small[at : at + CHUNK]) for at in range(0, len(small), CHUNK)]
        with ExitStack() as stack:
            if jobs > 1 and len(small) >= MANY and isinstance(self._key, RootKey):
                workers = Workers(jobs, self._drafts, self._key)
                self._workers = stack.enter_context(workers)
                jobs += 1  # one places what a worker has opened while that opens the next
            clerk = stack.enter_context(ThreadPoolExecutor(max_workers=1))
            pool = stack.enter_context(ThreadPoolExecutor(max_workers=jobs))
            settling: Future[None] | None = None
            done: list[_Done] = []
            try:
                for chunk in pool.map(self._chunk, chunks):
                    done += chunk
                    if len(done) >= BATCH or sum(each.outcome.bytes for each in done) > BATCH_BYTES:
                        if settling is not None:
                            settling.result()
                        settling = clerk.submit(self._settle, done)  # while the next are decrypted
                        done = []
            finally:  # also of a run that is stopped: what is finished is kept
                if settling is not None:
                    settling.result()
                self._settle(done)
        self._remarks.sum_up()

    def _chunk(self, files: Sequence[StoredFile]) -> list[_Done]:
        self._progress.check()
        if files[0].size >= LARGE:
            with self._alone:
                return [self._one(file) for file in files]
        if self._workers is None:
            return [self._one(file) for file in files]
        opened = self._workers.open(files)
        moved = sum(file.size for file in files)
        self._progress.advance(Stage.DECRYPT, items=len(files), moved=moved)
        return [self._place(file, what) for file, what in zip(files, opened, strict=True)]

    def _one(self, file: StoredFile) -> _Done:
        done = self._place(file, try_stored(file, self._drafts, self._key, self._progress))
        self._progress.advance(Stage.DECRYPT, items=1)
        return done

    def _place(self, file: StoredFile, opened: Opened | Refused) -> _Done:
        """Give what was opened its name."""
        if isinstance(opened, Refused):
            return _Done(_failed(file, opened.reason, opened.hints, opened.exit_code))
        self._remarks.tell(file.stored_as, opened.notes)
        target = self._claim(opened, file.stored_as)
        try:
            place(opened.draft, f"{self._dest}/{target}")
        except StorageError as error:
            if not _only_this_name(error):
                raise
            return _Done(_failed(file, error.message, error.hints, error.exit_code))
        record = Record(
            path=target,
            size=opened.size,
            sha256=opened.sha256,
            mtime_ns=opened.mtime_ns,
            stored_as=file.stored_as,
            source_revision=file.revision,
            whatsapp_path=opened.whatsapp_path,
        )
        told = "; ".join(opened.notes) or None
        outcome = Outcome(path=file.stored_as, file=target, bytes=opened.size, reason=told)
        return _Done(outcome, record)

    def _settle(self, batch: list[_Done]) -> None:
        """Flush what a batch wrote, and only then say that it is there."""
        records = [done.record for done in batch if done.record is not None]
        if records:
            flush_folders(self._dest)
            self._manifest.add(*records)
        for done in batch:
            if done.record is not None:
                self.report.done.append(done.outcome)
                self.report.bytes += done.outcome.bytes
            else:
                self.report.failed.append(done.outcome)

    def _claim(self, opened: Opened, stored_as: str) -> str:
        """The name of what was opened, or the first free one like it when another file of the
        tree has it, or a file that no run of ours put there."""
        name = opened.name
        with self._names:
            number = 1
            while self._taken.setdefault(
                name_key(name), stored_as
            ) != stored_as or self._is_not_ours(name, opened):
                number += 1
                path = PurePosixPath(opened.name)
                name = path.with_name(f"{path.stem} ({number}){path.suffix}").as_posix()
        return name

    def _is_not_ours(self, name: str, opened: Opened) -> bool:
        """True of a file that nobody recorded, unless it holds what was opened: then a run that
        was killed put it there."""
        if not os.path.lexists(f"{self._dest}/{name}") or self._manifest.get(name) is not None:
            return False
        path = self._dest / name
        if path.is_symlink() or not path.is_file():
            return not path.is_dir()  # a folder is for the disk to refuse
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != opened.sha256


def _failed(file: StoredFile, reason: str, hints: tuple[str, ...], exit_code: int) -> Outcome:
    return Outcome(path=file.stored_as, reason=reason, hints=hints, exit_code=exit_code)


def _only_this_name(error: StorageError) -> bool:
    """True when the disk refuses one name, which says nothing of the next: a path that is too
    long, or that needs a folder where another file of the backup lies."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _ONE_NAME
