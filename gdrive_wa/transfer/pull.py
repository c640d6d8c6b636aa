"""Download one entry into a verified partial file, despite connection failures.

The source retries refused requests. This module handles failures of the stream: it may break,
stall, end early, start at a wrong offset, or deliver wrong bytes. Each attempt resumes where the
last one stopped, provided that the stored bytes are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gdrive_wa.core.errors import ChecksumError, GdriveWaError, NetworkError, TruncatedError
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Stage
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.sources.base import BackupSource, BlobStream
from gdrive_wa.storage.disk import storage_errors
from gdrive_wa.storage.draft_file import DraftFile
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.bounds import require_possible_size, too_long, unlisted_limit
from gdrive_wa.transfer.partial import PIECE, Partial, checkpoint_path
from gdrive_wa.transfer.run_control import RunControl


@dataclass(frozen=True, slots=True)
class StreamRetryPolicy(RetryPolicy):
    """How often to retry one entry.

    Attributes:
        attempts: number of consecutive streams without `min_progress` bytes of progress after
            which the download fails.
        complete_downloads: number of complete downloads with a wrong MD5 or size after which the
            download fails.
        min_progress: number of new bytes that count as progress.
    """

    base: float = 0.25
    max_pause: float = 8.0
    complete_downloads: int = 3
    min_progress: int = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A verified blob that is still in its partial file.

    Attributes:
        path: absolute path of the partial file, to be renamed.
        size: bytes.
        md5: hex.
        sha256: hex; None if the file is not permanent.
        mtime_ns: modification time of the file, in nanoseconds.
        fetched: bytes transferred for it in this run.
        unverified: the listing has neither MD5 nor size, so the content was not verified.
        has_checkpoint: the partial file has a checkpoint, because the listing has no MD5.
    """

    path: str
    size: int
    md5: str
    sha256: str | None
    mtime_ns: int
    fetched: int
    unverified: bool
    has_checkpoint: bool

    def draft(self) -> DraftFile:
        """The partial file as a finished temporary file."""
        return DraftFile(
            path=self.path,
            size=self.size,
            sha256=self.sha256 or "",
            mtime_ns=self.mtime_ns,
            content_sha256=self.sha256 or "",
        )

    def forget_checkpoint(self, tree: Tree) -> None:
        """Delete the checkpoint in `tree`, once the blob has its final name.

        Raises:
            StorageError: the checkpoint cannot be deleted.
        """
        checkpoint = checkpoint_path(self.path)
        with storage_errors(checkpoint):
            tree.unlink(checkpoint)


def pull(
    source: BackupSource,
    entry: Entry,
    partials: Tree,
    target: PurePosixPath,
    control: RunControl,
    *,
    permanent: bool,
    retry_policy: StreamRetryPolicy,
) -> Pulled:
    """Download `entry` completely into the partial file for `target`.

    Args:
        source: the source of the entry.
        entry: the entry to download.
        partials: the folder of partial files.
        target: the final path below the folder; unique to this entry within the run.
        control: the stop signal of the run.
        permanent: the file is kept, so compute its SHA-256 and flush it during the download.
        retry_policy: how often to retry.

    Raises:
        GoneError: the entry was listed but no longer exists.
        NetworkError: the download failed; its bytes so far are kept for the next run.
        TruncatedError: every stream ended early.
        ChecksumError: the content does not match the listing.
        StorageError: the disk is full or read-only.
        Interrupted: the run should stop; the bytes so far are kept for the next run.
    """
    require_possible_size(entry)
    with Partial(partials, target, entry, permanent=permanent, control=control) as partial:
        resumed = partial.length
        download = _Download(source, entry, partial, control)
        control.progress.advance(Stage.DOWNLOAD, moved=resumed)
        if not (resumed and resumed == entry.size and download.verified()):
            if resumed == entry.size:
                partial.restart()
            _retry_until_verified(download, retry_policy)
        mtime = entry.modified.timestamp() if entry.modified else None
        stat = partial.finish(mtime=mtime)
        return Pulled(
            path=partial.path,
            size=partial.length,
            md5=partial.md5(),
            sha256=partial.sha256(),
            mtime_ns=stat.st_mtime_ns,
            fetched=download.fetched,
            unverified=entry.md5 is None and download.expected is None,
            has_checkpoint=entry.md5 is None,
        )


def _retry_until_verified(download: _Download, retry_policy: StreamRetryPolicy) -> None:
    """Retry until the bytes are verified or the retry policy is exhausted."""
    fruitless = wrong = furthest = 0
    seen: set[str] = set()
    while True:
        try:
            download.stream()
        except _Broken as broken:
            gained = download.partial.length - furthest
            furthest += max(0, gained)
            fruitless = 1 if gained >= retry_policy.min_progress else fruitless + 1
            if fruitless >= retry_policy.attempts:
                raise broken.error from broken
            download.control.pause(retry_policy.pause(fruitless))
            continue
        if download.verified():
            return
        wrong += 1
        md5 = download.partial.md5()
        if wrong >= retry_policy.complete_downloads or (md5 in seen and download.unmixed):
            error = download.mismatch()
            download.partial.restart()
            raise error
        if download.unmixed:
            seen.add(md5)
        download.partial.restart()
        download.control.pause(retry_policy.pause(wrong))


class _Broken(Exception):  # noqa: N818 - a stream that broke, not yet an error
    """The stream ended early; another attempt may resume here."""

    def __init__(self, error: GdriveWaError) -> None:
        super().__init__(error.message)
        self.error = error


class _Download:
    """The download of one entry, in one or more attempts.

    Attributes:
        fetched: bytes transferred.
        expected: full size in bytes, if the listing or the stream reports it.
        unmixed: True if the partial file holds bytes of a single stream.
    """

    def __init__(
        self, source: BackupSource, entry: Entry, partial: Partial, control: RunControl
    ) -> None:
        self.partial = partial
        self.control = control
        self.fetched = 0
        self.expected = entry.size
        self.unmixed = False
        self._source = source
        self._entry = entry
        self._revision: str | None = None
        self._limit: int | None = None

    def stream(self) -> None:
        """Read one stream to its end.

        Raises:
            _Broken: the stream ended early.
        """
        self.control.check()
        asked = self.partial.length
        with self._source.open(self._entry, offset=asked) as stream:
            self.control.check_not_over()
            if self._continues(stream, asked):
                self.unmixed = asked == 0
            else:
                self.partial.restart()
                self.unmixed = True
            self._revision = stream.revision
            if self._entry.size is None:
                self._limit = unlisted_limit(self._entry, Path(self.partial.path).parent)
                self._require_within_limit(stream.total or 0)
            if self._entry.size is None and (stream.total is not None or not stream.offset):
                self.expected = stream.total
            self._drain(stream)

    def verified(self) -> bool:
        """True if the downloaded bytes match the listing."""
        if self._entry.md5 is not None:
            return self.partial.md5() == self._entry.md5
        return self.expected is None or self.partial.length == self.expected

    def mismatch(self) -> GdriveWaError:
        """The error for bytes that do not match the listing."""
        name, size = self._entry.stored_as, self.partial.length
        hint = "the phone may have replaced the file; run the command again for a new listing"
        if self.expected is not None and size != self.expected:
            return ChecksumError(
                f"'{name}' has {size} bytes instead of the listed {self.expected}", hint=hint
            )
        return ChecksumError(f"the MD5 of '{name}' differs from the listing", hint=hint)

    def _require_within_limit(self, size: int) -> None:
        """Raise, and discard all bytes, if an entry without a listed size is too long."""
        if self._limit is not None and size > self._limit:
            self.partial.restart()
            raise too_long(self._entry, self._limit)

    def _continues(self, stream: BlobStream, asked: int) -> bool:
        """True if the stream resumes the same bytes at the end of the partial file.

        Raises:
            _Broken: the stream starts at a wrong offset, or the bytes have changed.
        """
        if stream.offset not in (0, asked):
            raise _Broken(
                NetworkError(
                    f"'{self._entry.stored_as}' started at byte {stream.offset} instead of {asked}"
                )
            )
        changed = _differ(self._revision, stream.revision) or (
            self._entry.size is None and _differ(self.expected, stream.total)
        )
        if changed and stream.offset:
            self.partial.restart()
            self._revision = None
            self.expected = self._entry.size
            raise _Broken(ChecksumError(f"'{self._entry.stored_as}' changed during the download"))
        return stream.offset == asked

    def _drain(self, stream: BlobStream) -> None:
        partial, control = self.partial, self.control
        while True:
            try:
                piece = stream.read(PIECE)
            except NetworkError as error:
                if partial.length == self.expected:
                    return  # complete; the MD5 decides
                raise _Broken(error) from error
            if not piece:
                break
            control.check_not_over()
            self._require_within_limit(partial.length + len(piece))
            partial.write(piece)  # before checking for a stop, to keep these bytes
            self.fetched += len(piece)
            control.progress.advance(Stage.DOWNLOAD, moved=len(piece))
            control.check()
            if self.expected is not None and partial.length > self.expected:
                return  # too long; reading on cannot help
        if self._entry.md5 is not None and self.expected is None:
            return
        if self.expected is not None and partial.length < self.expected and not self.verified():
            raise _Broken(
                TruncatedError(
                    f"'{self._entry.stored_as}' ended after {partial.length}"
                    f" of {self.expected} bytes"
                )
            )


def _differ(one: object, other: object) -> bool:
    """True if both values are known and different."""
    return one is not None and other is not None and one != other
