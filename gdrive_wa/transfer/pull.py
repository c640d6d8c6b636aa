"""One entry, from wherever it lies into a verified partial file, whatever the line does.

The source sees to requests that are refused and tried again. What is seen to here is the stream:
it may break, stall, end early, start at the wrong place, carry other bytes than before, or the
right number of wrong ones. Each try goes on where the last one stopped, as long as that is known
to be the same stored bytes.
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
from gdrive_wa.transfer.partial import PIECE, Partial, checkpoint_path
from gdrive_wa.transfer.run_control import RunControl


@dataclass(frozen=True, slots=True)
class StreamRetryPolicy(RetryPolicy):
    """How often one entry is tried.

    Attributes:
        attempts: consecutive streams that may break without `min_progress` bytes of progress.
        complete_downloads: complete downloads whose MD5 or size was wrong.
        min_progress: bytes after which a broken stream counts as progress.
    """

    base: float = 0.25
    longest: float = 8.0
    complete_downloads: int = 3
    min_progress: int = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A verified blob that still lies in its partial file.

    Attributes:
        path: the partial file, to be renamed.
        size: bytes.
        md5: hex.
        sha256: hex; None when it is not to last.
        mtime_ns: modification time, as it is set on the file.
        fetched: bytes that came over the line for it in this run.
        unverified: the listing gave neither MD5 nor size, so it was taken as it came.
        has_checkpoint: a note beside the partial file vouches for it, as no listed MD5 does.
    """

    path: Path
    size: int
    md5: str
    sha256: str | None
    mtime_ns: int
    fetched: int
    unverified: bool
    has_checkpoint: bool

    def draft(self) -> DraftFile:
        """The partial file, as the finished temporary file that it is."""
        return DraftFile(
            path=str(self.path),
            size=self.size,
            sha256=self.sha256 or "",
            mtime_ns=self.mtime_ns,
            content_sha256=self.sha256 or "",
        )

    def forget_checkpoint(self) -> None:
        """The blob has its name: nothing needs to vouch for the partial file any more.

        Raises:
            StorageError: the disk refuses.
        """
        checkpoint = checkpoint_path(self.path)
        with storage_errors(checkpoint):
            checkpoint.unlink(missing_ok=True)


def pull(
    source: BackupSource,
    entry: Entry,
    partials: Path,
    target: PurePosixPath,
    control: RunControl,
    *,
    permanent: bool,
    retry_policy: StreamRetryPolicy,
) -> Pulled:
    """Bring `entry` whole into the partial file of what will lie at `target`.

    Args:
        source: where it is stored.
        entry: which.
        partials: the folder where partial files lie.
        target: where it will lie: no other entry of the run has that place.
        control: who may stop it.
        permanent: it is to stay, so its SHA-256 is taken and the disk begins to write it.
        retry_policy: how often to try.

    Raises:
        GoneError: listed, but no longer there.
        NetworkError: it cannot be had now; what came is kept for the next run.
        TruncatedError: every stream ended early.
        ChecksumError: what comes is not what was listed.
        StorageError: the disk does not take it.
        Interrupted: the run is to stop; what came is kept for the next run.
    """
    with Partial(partials, target, entry, permanent=permanent, control=control) as partial:
        resumed = partial.length
        attempt = _Attempt(source, entry, partial, control)
        control.progress.advance(Stage.DOWNLOAD, moved=resumed)
        if not (resumed and resumed == entry.size and attempt.verified()):
            if resumed == entry.size:
                partial.restart()
            _retry_until_verified(attempt, retry_policy)
        mtime = entry.modified.timestamp() if entry.modified else None
        stat = partial.finish(mtime=mtime)
        return Pulled(
            path=partial.path,
            size=partial.length,
            md5=partial.md5(),
            sha256=partial.sha256(),
            mtime_ns=stat.st_mtime_ns,
            fetched=attempt.fetched,
            unverified=entry.md5 is None and attempt.expected is None,
            has_checkpoint=entry.md5 is None,
        )


def _retry_until_verified(attempt: _Attempt, retry_policy: StreamRetryPolicy) -> None:
    """Try until the bytes hold, or until trying makes no more sense."""
    fruitless = wrong = furthest = 0
    seen: set[str] = set()
    while True:
        try:
            attempt.stream()
        except _Broken as broken:
            gained = attempt.partial.length - furthest
            furthest += max(0, gained)
            fruitless = 1 if gained >= retry_policy.min_progress else fruitless + 1
            if fruitless >= retry_policy.attempts:
                raise broken.error from broken
            attempt.control.pause(retry_policy.pause(fruitless))
            continue
        if attempt.verified():
            return
        wrong += 1
        md5 = attempt.partial.md5()
        if wrong >= retry_policy.complete_downloads or (md5 in seen and attempt.unmixed):
            error = attempt.mismatch()
            attempt.partial.restart()
            raise error
        if attempt.unmixed:
            seen.add(md5)
        attempt.partial.restart()
        attempt.control.pause(retry_policy.pause(wrong))


class _Broken(Exception):  # noqa: N818 - a stream that broke, not yet an error
    """The stream ended before the entry did; another may go on from here."""

    def __init__(self, error: GdriveWaError) -> None:
        super().__init__(error.message)
        self.error = error


class _Attempt:
    """All tries of one entry.

    Attributes:
        fetched: bytes that came over the line.
        expected: bytes that the whole should have, as far as anybody said.
        unmixed: the partial file holds the bytes of one stream only.
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

    def stream(self) -> None:
        """Read one stream to its end.

        Raises:
            _Broken: it did not get there.
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
            if self._entry.size is None and (stream.total is not None or not stream.offset):
                self.expected = stream.total
            self._drain(stream)

    def verified(self) -> bool:
        """Whether what is there is what was listed."""
        if self._entry.md5 is not None:
            return self.partial.md5() == self._entry.md5
        return self.expected is None or self.partial.length == self.expected

    def mismatch(self) -> GdriveWaError:
        """What to say when it does not hold."""
        name, size = self._entry.stored_as, self.partial.length
        hint = "the phone may have replaced it: run the command again for a new listing"
        if self.expected is not None and size != self.expected:
            return ChecksumError(f"{name} has {size} bytes, {self.expected} were listed", hint=hint)
        return ChecksumError(f"the MD5 of {name} is not the one that was listed", hint=hint)

    def _continues(self, stream: BlobStream, asked: int) -> bool:
        """Whether the stream goes on where the partial file ends, with the same bytes.

        Raises:
            _Broken: it starts where nobody asked.
        """
        if stream.offset not in (0, asked):
            raise _Broken(
                NetworkError(f"{self._entry.stored_as} came from byte {stream.offset}, not {asked}")
            )
        changed = _differ(self._revision, stream.revision) or (
            self._entry.size is None and _differ(self.expected, stream.total)
        )
        if changed and stream.offset:
            self.partial.restart()
            self._revision = None
            self.expected = self._entry.size
            raise _Broken(ChecksumError(f"{self._entry.stored_as} changes while it is fetched"))
        return stream.offset == asked

    def _drain(self, stream: BlobStream) -> None:
        partial, control = self.partial, self.control
        while True:
            try:
                piece = stream.read(PIECE)
            except NetworkError as error:
                if partial.length == self.expected:
                    return  # everything is there; the judgement is the MD5's
                raise _Broken(error) from error
            if not piece:
                break
            control.check_not_over()
            partial.write(piece)  # before a stop is heard: what came is kept
            self.fetched += len(piece)
            control.progress.advance(Stage.DOWNLOAD, moved=len(piece))
            control.check()
            if self.expected is not None and partial.length > self.expected:
                return  # more than there should be: whatever follows cannot mend it
        if self._entry.md5 is not None and self.expected is None:
            return
        if self.expected is not None and partial.length < self.expected and not self.verified():
            raise _Broken(
                TruncatedError(
                    f"{self._entry.stored_as} ends after {partial.length} of {self.expected} bytes"
                )
            )


def _differ(one: object, other: object) -> bool:
    """Both are told, and they are not the same."""
    return one is not None and other is not None and one != other
