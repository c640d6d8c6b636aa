"""The part of a restore that is done for every entry: fetch it, decrypt it, give it its place."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gdrive_wa.archive.writer import ArchiveWriter
from gdrive_wa.core.errors import GdriveWaError, Interrupted, KeyFailure, StorageError
from gdrive_wa.core.kinds import Kind, is_encrypted
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.core.progress import Progress, Remarks, Stage
from gdrive_wa.core.version import VERSION
from gdrive_wa.crypt.decrypt import Decrypted, copy_plain, decrypt_into
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import Key
from gdrive_wa.crypt.recognise import START, media_name, suffix_of
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.storage.draft import write_file
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.transfer.fetch import Fetched, fetch

BLOBS = "blobs"
REPORTS = "reports"


class Job:
    """Brings entries into an archive, each as soon as it is there. A context manager, which
    leaves a report of the run in the archive, however it ends.

    Args:
        source: where they are.
        archive: where they go.
        key: what opens them.
        jobs: entries fetched at the same time.
        keep: leave the stored bytes in the archive's state folder.
        progress: who is told, and who may stop it.

    Attributes:
        report: how each entry ended.
    """

    def __init__(
        self,
        source: BackupSource,
        archive: ArchiveWriter,
        key: Key | None,
        *,
        jobs: int,
        keep: bool,
        progress: Progress,
    ) -> None:
        self.report = Report()
        self._state = archive.folder / STATE_FOLDER
        self._blobs = self._state / BLOBS
        self._source = source
        self._archive = archive
        self._key = key
        self._jobs = jobs
        self._keep = keep
        self._progress = progress
        self._remarks = Remarks(progress)
        self._refused: KeyFailure | None = None
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.report.seconds = time.monotonic() - self._clock
        told = {
            "started": f"{self._started:%Y-%m-%dT%H:%M:%SZ}",
            "program": f"gdrive-wa {VERSION}",
            "ended": error.message if isinstance(error, GdriveWaError) else kind and kind.__name__,
            **self.report.to_json(),
        }
        name = f"{self._started:%Y-%m-%dT%H.%M.%S.%fZ}.json"
        target = self._state / REPORTS / name
        with suppress(StorageError):  # a full disk has been told of already
            write_file(target, json.dumps(told, ensure_ascii=False, indent=1).encode())
        if error is None and not self.report.failed and not self._keep:
            shutil.rmtree(self._blobs, ignore_errors=True)

    def take(self, entries: Iterable[Entry], *, strangers: bool = True) -> None:
        """Bring `entries` into the archive; without `strangers`, a media file that no metadata
        names is kept only when the databases know it.
        """
        wanted = []
        for entry in entries:
            held = self._archive.holding(entry)
            if held is None:
                wanted.append(entry)
            else:
                known = Outcome(path=entry.path, file=held.path, reason="already there, verified")
                self.report.skipped.append(known)
        size = sum(entry.size or 0 for entry in wanted)
        self._progress.begin(Stage.DOWNLOAD, items=len(wanted), total_bytes=size)
        for fetched in fetch(
            self._source, wanted, self._blobs, jobs=self._jobs, progress=self._progress
        ):
            self._settle(fetched, strangers=strangers)
            if fetched.path is not None and not self._keep:
                fetched.path.unlink(missing_ok=True)
            self._progress.advance(Stage.DOWNLOAD, items=1)
        self._progress.end(Stage.DOWNLOAD)
        self._remarks.sum_up()

    def stop_if_the_key_opened_nothing(self) -> None:
        """Raise what a wrong key raised: the rest would not open either."""
        if self._refused is not None and not self.report.done and not self.report.skipped:
            raise self._refused

    def _settle(self, fetched: Fetched, *, strangers: bool) -> None:
        entry = fetched.entry
        self.report.bytes += fetched.fetched_bytes
        if fetched.path is None:
            if fetched.error is not None:
                self.report.failed.append(Outcome.failed(entry.path, fetched.error))
            return
        try:
            file = self._place(entry, fetched.path, strangers=strangers)
        except (Interrupted, StorageError):
            raise
        except GdriveWaError as error:
            if isinstance(error, KeyFailure):
                self._refused = error
            self.report.failed.append(Outcome.failed(entry.path, error))
        else:
            if file is None:
                reason = "no voice note of the databases"
                self.report.skipped.append(Outcome(path=entry.path, reason=reason))
            else:
                size = entry.size or 0
                self.report.done.append(Outcome(path=entry.path, file=file, bytes=size))

    def _place(self, entry: Entry, blob: Path, *, strangers: bool) -> str | None:
        with self._archive.draft() as draft:
            content = self._decrypt(entry, blob, draft.file)
            self._remarks.tell(entry.path, content.notes)
            stranger = entry.kind is Kind.UNKNOWN and not strangers
            if stranger and not self._archive.knows(content.sha256):
                return None
            entry = _with_suffix(entry, draft.file)
            return self._archive.place(draft, entry, size=content.size, sha256=content.sha256)

    def _decrypt(self, entry: Entry, blob: Path, out: IO[bytes]) -> Decrypted:
        metadata = None
        if entry.path != entry.stored_as:
            metadata = FileMetadata(
                name=entry.path, md5=entry.plain_md5, size=entry.plain_size, updated=entry.modified
            )
        if not is_encrypted(entry.stored_as):
            return copy_plain(blob, out, metadata=metadata)
        return decrypt_into(blob, out, self._key, metadata=metadata, stored_as=entry.stored_as)


def _with_suffix(entry: Entry, content: IO[bytes]) -> Entry:
    """A media file that no metadata names gets the suffix by which other programs know it."""
    if entry.path != entry.stored_as or media_name(entry.stored_as) is None:
        return entry
    content.seek(0)
    suffix = suffix_of(content.read(START))
    if suffix in (".bin", ".opus"):  # recordings are the archive's to recognise
        return entry
    return replace(entry, path=f"Media/{media_name(entry.stored_as)}{suffix}")
