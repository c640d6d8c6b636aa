"""Decrypt a folder of a backup; formats are recognised by content.

Works on a download by gdrive-wa, on a dump by another tool with ``<name>-metadata`` files next to
the media, and on a phone's ``WhatsApp`` folder. A second run does only what is left. It uses the
same engine as a restore: local files are read in place (bring), decrypted and verified by an
executor (open), and named by one writer in batches (place).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Outcome, Report, not_a_target, within
from gdrive_wa.core.names import folded_name
from gdrive_wa.core.progress import Progress, RepeatedWarnings, Silent, Stage
from gdrive_wa.crypt.keys import Key
from gdrive_wa.jobs.executors import Opener
from gdrive_wa.jobs.opening import OpenedFile, OpenFailure, Opening, StoredFile
from gdrive_wa.jobs.walk import walk
from gdrive_wa.storage.batch import Batch, withdraw_refused
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, Record


def decrypt_tree(
    src: str | Path,
    dest: str | Path,
    key: Key | None = None,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Report:
    """Decrypt every file below `src` to its own path below `dest`.

    Containers lose their ``.cryptNN``. Media get the original path from the envelope next to
    them, or a name from their hash. Unencrypted files are copied. A bad file does not stop the
    run: it is in the report with its reason.

    Args:
        src: the folder; nothing in it is changed.
        dest: the folder to fill; created if it does not exist. It may be inside `src`.
        key: the key; not needed for unencrypted files.
        jobs: files at the same time (default: one for each core); for hundreds of files, the
            number of worker processes.
        executor: opens the files instead of local workers: any
            :class:`concurrent.futures.Executor` with access to the same folders.
        progress: receives progress, and may stop the run.

    Raises:
        UsageError: `src` is not a folder, `dest` is the same folder, or `dest` is a folder inside
            `src` that already has files, and is not the result of an earlier run.
        StorageError: `dest` cannot be written, or is in use by another run.
        Interrupted: the user asked to stop; finished files are kept.
    """
    src, dest = Path(src), Path(dest)
    if not src.is_dir():
        raise UsageError(f"no folder named '{src}'", hint="check the spelling")
    own_folder = within(src, dest)
    if own_folder is not None and not (dest / STATE_FOLDER).exists():
        for _ in walk(dest, excluded=None) if dest.is_dir() else ():
            raise not_a_target(dest)
    started = time.monotonic()
    progress = progress or Silent()
    with Manifest(dest) as manifest:
        run = _Run(manifest, progress)
        found = list(walk(src, excluded=own_folder))
        files = [each for each in found if isinstance(each, StoredFile)]
        run.report.failed += [each for each in found if isinstance(each, Outcome)]
        total = sum(file.size for file in files)
        progress.begin(Stage.DECRYPT, items=len(files), total_bytes=total)
        opening = Opening.at(manifest.tree.path(STATE_FOLDER), key)
        try:
            with Opener(opening, progress, jobs=jobs, executor=executor) as opener:
                run.all(opener, [file for file in files if not run.is_there(file)])
        finally:
            progress.end(Stage.DECRYPT)
    run.report.seconds = time.monotonic() - started
    return run.report


class _Run:
    def __init__(self, manifest: Manifest, progress: Progress) -> None:
        self.report = Report()
        self._manifest = manifest
        self._progress = progress
        self._warnings = RepeatedWarnings(progress)
        self._claimed: dict[str, str] = {
            folded_name(record.path): record.stored_as or "" for record in manifest
        }

    def is_there(self, file: StoredFile) -> bool:
        """True if an earlier run decrypted this file; it is then reported as skipped."""
        record = self._manifest.from_source(file.stored_as)
        if (
            not record
            or record.source_revision != file.revision
            or not self._manifest.intact(record)
        ):
            return False
        skipped = Outcome(path=file.stored_as, file=record.path, reason="already there, verified")
        self.report.skipped.append(skipped)
        self._progress.advance(Stage.DECRYPT, items=1, moved=file.size)
        return True

    def all(self, opener: Opener, files: Iterable[StoredFile]) -> None:
        """Decrypt `files`, and give each its name."""
        files = list(files)
        opener.expect(len(files))
        batch = Batch(self._manifest)
        try:
            with batch:
                for result in opener.each(files):
                    if result is None:
                        batch.tick()
                    else:
                        self._place(batch, *result)
                        self._progress.advance(Stage.DECRYPT, items=1, moved=result[0].size)
        finally:  # also of a stopped run: finished work is kept
            withdraw_refused(batch, self.report)
        self._warnings.summarise()

    def _place(self, batch: Batch, file: StoredFile, opened: OpenedFile | OpenFailure) -> None:
        """Give a decrypted file its name."""
        if isinstance(opened, OpenFailure):
            self.report.failed.append(Outcome.failed(file.stored_as, opened.error()))
            return
        self._warnings.add(file.stored_as, opened.warnings)
        draft = opened.draft
        record = Record(
            path=self._claim(opened, file.stored_as),
            size=draft.size,
            sha256=draft.sha256,
            mtime_ns=draft.mtime_ns,
            stored_as=file.stored_as,
            source_revision=file.revision,
            whatsapp_path=opened.whatsapp_path,
        )
        batch.add(draft, record)
        self.report.bytes += opened.size
        reason = "; ".join(opened.warnings) or None
        done = Outcome(path=file.stored_as, file=record.path, bytes=opened.size, reason=reason)
        self.report.done.append(done)

    def _claim(self, opened: OpenedFile, stored_as: str) -> str:
        """The name for a decrypted file, numbered if another file has that name already."""
        name, number = opened.name, 1
        while self._claimed.setdefault(folded_name(name), stored_as) != stored_as or (
            self._is_foreign(name, opened)
        ):
            number += 1
            path = PurePosixPath(opened.name)
            name = path.with_name(f"{path.stem} ({number}){path.suffix}").as_posix()
        return name

    def _is_foreign(self, name: str, opened: OpenedFile) -> bool:
        """True if the name belongs to a file that no run recorded. A file with the same content is
        not foreign: it comes from a killed run of an older version."""
        tree = self._manifest.tree
        with storage_errors(tree.shown(name)):
            if not tree.lexists(name) or self._manifest.get(name) is not None:
                return False
            if not tree.is_file(name):
                return not tree.is_folder(name)  # for a folder, the rename fails
            return tree.sha256(name) != opened.draft.sha256
