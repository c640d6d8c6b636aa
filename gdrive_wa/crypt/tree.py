"""A whole folder of a backup, decrypted: each file is what its content says it is.

Works on a download of ours, on a dump by another tool with ``<name>-metadata`` files beside the
media, and on a phone's ``WhatsApp`` folder. A second run does only what is left.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock

from gdrive_wa.commit import Draft, flush_folders
from gdrive_wa.crypt.decrypt import Decrypted, decrypt_into
from gdrive_wa.crypt.envelope import FileMetadata, read_file_metadata
from gdrive_wa.crypt.keys import Key, RootKey
from gdrive_wa.crypt.recognise import media_name, plain_name
from gdrive_wa.errors import GdriveWaError, Interrupted, StorageError, UsageError
from gdrive_wa.manifest import STATE_FOLDER, Manifest, Record
from gdrive_wa.model import Outcome, Report
from gdrive_wa.names import name_key, safe_path
from gdrive_wa.progress import Progress, Silent, Stage

METADATA_SUFFIX = "-metadata"
LONGEST_ENVELOPE = 1 << 16
BATCH = 256
"""Files that are flushed to the disk together, before the manifest says that they are there."""


def decrypt_tree(
    src: str | Path,
    dest: str | Path,
    key: Key | None = None,
    *,
    jobs: int = 2,
    progress: Progress | None = None,
) -> Report:
    """Decrypt every file below `src` to its own path below `dest`.

    Containers lose their ``.cryptNN``; media get the real path that the envelope beside them
    names, or else a name after their hash; what is not encrypted is copied. One bad file never
    ends the run: it is in the report with its reason.

    Raises:
        UsageError: `src` is no folder.
        StorageError: `dest` cannot be written, or another run holds it.
        Interrupted: the user asked to stop; what is finished is kept.
    """
    src, dest = Path(src), Path(dest)
    if not src.is_dir():
        raise UsageError(f"{src} is no folder", hint="name a folder that is there")
    started = time.monotonic()
    progress = progress or Silent()
    with Manifest(dest) as manifest:
        run = _Run(dest, key, manifest, progress)
        files = list(_files(str(src), ""))
        total = sum(file.size for file in files)
        progress.begin(Stage.DECRYPT, items=len(files), total_bytes=total)
        try:
            with (
                ThreadPoolExecutor(max_workers=1) as clerk,
                ThreadPoolExecutor(max_workers=max(1, jobs)) as pool,
            ):
                settling: Future[None] | None = None
                for start in range(0, len(files), BATCH):
                    progress.check()
                    done = list(pool.map(run.decrypt, files[start : start + BATCH]))
                    if settling is not None:
                        settling.result()
                    settling = clerk.submit(run.settle, done)  # while the next batch is decrypted
                if settling is not None:
                    settling.result()
        finally:
            progress.end(Stage.DECRYPT)
    run.report.seconds = time.monotonic() - started
    return run.report


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to decrypt: where it is, and its path below the folder that is decrypted."""

    path: str
    stored_as: str
    size: int
    mtime_ns: int

    @property
    def revision(self) -> str:
        return f"{self.size}-{self.mtime_ns}"


@dataclass(frozen=True, slots=True)
class _Done:
    """How one file ended: a record to keep, or an outcome that says why not."""

    outcome: Outcome
    record: Record | None = None
    skipped: bool = False


class _Run:
    def __init__(self, dest: Path, key: Key | None, manifest: Manifest, progress: Progress) -> None:
        self.report = Report()
        self._dest = dest
        self._drafts = dest / STATE_FOLDER
        self._key = key
        self._manifest = manifest
        self._progress = progress
        self._taken: dict[str, str] = {
            name_key(record.path): record.stored_as or "" for record in manifest
        }
        self._lock = Lock()

    def decrypt(self, source: _Source) -> _Done:
        try:
            return self._decrypt(source)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            return _Done(
                Outcome(
                    path=source.stored_as,
                    reason=error.message,
                    hints=error.hints,
                    exit_code=error.exit_code,
                )
            )
        finally:
            self._progress.advance(Stage.DECRYPT, items=1)

    def settle(self, batch: list[_Done]) -> None:
        """Flush what a batch wrote, and only then say that it is there."""
        if any(done.record for done in batch):
            flush_folders(self._dest)
        for done in batch:
            if done.record is not None:
                self._manifest.add(done.record)
                self.report.done.append(done.outcome)
                self.report.bytes += done.outcome.bytes
            elif done.skipped:
                self.report.skipped.append(done.outcome)
            else:
                self.report.failed.append(done.outcome)

    def _decrypt(self, source: _Source) -> _Done:
        stored_as = source.stored_as
        known = self._manifest.from_source(stored_as)
        if known and known.source_revision == source.revision and self._manifest.intact(known):
            outcome = Outcome(path=stored_as, file=known.path, reason="already there, verified")
            return _Done(outcome, skipped=True)
        metadata = self._metadata(source)
        with Draft(self._drafts) as draft:
            decrypted = decrypt_into(
                Path(source.path),
                draft.file,
                self._key,
                metadata=metadata,
                progress=self._progress,
                copy_unknown=True,
            )
            target = self._claim(self._name(stored_as, metadata, decrypted), stored_as)
            final = self._dest / target
            moment = metadata.updated.timestamp() if metadata and metadata.updated else None
            mtime = source.mtime_ns / 1e9 if moment is None else moment
            draft.commit(final, mtime=mtime, durable=False)
        for note in decrypted.notes:
            self._progress.say(f"{stored_as}: {note}")
        record = Record(
            path=target,
            size=decrypted.size,
            sha256=decrypted.sha256,
            mtime_ns=final.stat().st_mtime_ns,
            stored_as=stored_as,
            source_revision=source.revision,
            whatsapp_path=metadata.name if metadata else None,
        )
        return _Done(Outcome(path=stored_as, file=target, bytes=decrypted.size), record)

    def _metadata(self, source: _Source) -> FileMetadata | None:
        if media_name(source.stored_as) is None or not isinstance(self._key, RootKey):
            return None
        try:
            with open(source.path + METADATA_SUFFIX, "rb") as file:  # noqa: PTH123 - many, so quick
                sealed = file.read(LONGEST_ENVELOPE)
        except OSError:
            return None
        return read_file_metadata(sealed.decode("ascii", "replace"), self._key)

    def _name(self, stored_as: str, metadata: FileMetadata | None, content: Decrypted) -> str:
        if metadata is not None:
            return safe_path(metadata.name).as_posix()
        return safe_path(plain_name(stored_as, content.payload)).as_posix()

    def _claim(self, wanted: str, stored_as: str) -> str:
        """`wanted`, or the first free name like it when another file of the tree has it."""
        name = wanted
        with self._lock:
            number = 1
            while self._taken.setdefault(name_key(name), stored_as) != stored_as:
                number += 1
                path = PurePosixPath(wanted)
                name = path.with_name(f"{path.stem} ({number}){path.suffix}").as_posix()
        return name


def _files(folder: str, below: str) -> Iterator[_Source]:
    """Every file of a folder, in order; symbolic links are not followed."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_symlink() or entry.name == STATE_FOLDER:
            continue
        if entry.is_dir():
            yield from _files(entry.path, f"{below}{entry.name}/")
        elif entry.is_file() and not entry.name.endswith(f".mcrypt1{METADATA_SUFFIX}"):
            stat = entry.stat()
            yield _Source(entry.path, below + entry.name, stat.st_size, stat.st_mtime_ns)
