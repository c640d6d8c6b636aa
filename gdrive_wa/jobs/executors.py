"""Executors that open stored files: threads for few, worker processes for many, or a given one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import Self

from gdrive_wa.core.errors import GdriveWaError, StorageError
from gdrive_wa.core.progress import POLL_SECONDS, Progress
from gdrive_wa.core.threads import ThreadExecutor
from gdrive_wa.jobs.opening import (
    OpenedFile,
    OpenFailure,
    Opening,
    StoredFile,
    open_file,
    open_files,
    open_shared,
)
from gdrive_wa.jobs.workers import WorkerPool

LARGE = 4 << 20
"""Size in bytes from which one file is enough to keep every core of this machine busy."""
MANY = 300
"""Number of small files that justify starting worker processes, which takes a third of a second."""
FEW = 4
"""Number of files up to which the caller's thread opens them, such as databases, which are needed
before anything else."""
CHUNK = 50
"""Number of small files in one task."""
_LARGE_CHUNK = 200
"""The same while the caller does other work, and seldom has time to submit a task."""
_AHEAD = 3
"""Tasks queued for each worker, so that none is idle while results are placed."""
_FAR_AHEAD = 5
"""Large tasks queued for each worker while the caller does other work."""
_AHEAD_ELSEWHERE = 256
"""Tasks queued on a given executor, whose number of workers is unknown."""

Result = tuple[StoredFile, OpenedFile | OpenFailure]
Answers = list[OpenedFile | OpenFailure]
Waiting = deque[tuple[list[StoredFile], Future[Answers]]]


class Opener:
    """Opens stored files, in order, on a suitable executor. A context manager.

    Args:
        opening: the settings for all files.
        progress: receives progress in bytes, and may stop the run.
        jobs: files opened at the same time on this machine; by default one for each core.
        executor: opens them instead; its workers need access to the same folders. It belongs to
            the caller, and is not shut down.
    """

    def __init__(
        self,
        opening: Opening,
        progress: Progress,
        *,
        jobs: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._opening = opening
        self._progress = progress
        self._jobs = max(1, jobs if jobs is not None else os.cpu_count() or 1)
        self._given = executor
        self._threads: Executor | None = None
        self._workers: WorkerPool | None = None
        self._far = False
        self._broken = False
        self._warned = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def expect(self, count: int, ahead: WorkerPool | None = None) -> None:
        """Announce about `count` small files: use the workers that were started `ahead`, or start
        some now if that many files justify it."""
        if self._given is not None or self._jobs == 1:
            return
        self._workers = self._workers or ahead
        if count >= MANY and self._workers is None:
            self.close()
            with suppress(Exception):  # the system allows no more processes: use threads
                workers = WorkerPool(self._jobs)
                self._workers = workers
                for _ in range(self._jobs):  # they import modules while the caller goes on reading
                    workers.submit(open_files, self._opening, ())

    def each(
        self,
        files: Iterable[StoredFile | None],
        *,
        count: int | None = None,
        far_ahead: bool = False,
    ) -> Iterator[Result | None]:
        """Open `files`, and yield each with its result, in the same order.

        A None in `files` means that the next file is not available yet. A None is yielded whenever
        no result is ready, so that the caller can use the time.

        Args:
            files: the files to open.
            count: about how many there are, if known: a few are opened by the caller's thread.
            far_ahead: submit as many files as possible, and then yield a None before all else: the
                caller may do other work for a while.

        Raises:
            StorageError: a temporary file could not be written, so that others cannot be either.
            Interrupted: the user asked to stop.
        """
        self._far = far_ahead
        if self._given is None and count is not None and count <= FEW:
            yield from self._all_here(files)
            return
        waiting: Waiting = deque()
        try:
            for piece in self._pieces(files):
                if isinstance(piece, list):
                    waiting.append((piece, self._submit(piece)))
                    if self._far and len(waiting) < _FAR_AHEAD * self._jobs:
                        continue
                if self._far:
                    self._far = False
                    yield None
                yield from self._finished(waiting, most=self._most(piece))
                if isinstance(piece, StoredFile):
                    yield piece, self._here(piece)
                elif piece is None:
                    yield None
            if self._far:
                yield None
            yield from self._finished(waiting, most=0)
        finally:
            for _, future in waiting:
                future.cancel()

    def _all_here(self, files: Iterable[StoredFile | None]) -> Iterator[Result | None]:
        if self._far:
            yield None
        for file in files:
            yield None if file is None else (file, self._here(file))

    def _pieces(
        self, files: Iterable[StoredFile | None]
    ) -> Iterator[list[StoredFile] | StoredFile | None]:
        """Chunks of small files, and each large file; None if the next one is not available yet."""
        chunk: list[StoredFile] = []
        for file in files:
            small = file is not None and not self._is_large(file)
            if file is not None and small:
                chunk.append(file)
            if chunk and (not small or len(chunk) >= self._chunk):
                yield chunk
                chunk = []
            if not small:
                yield file
        if chunk:
            yield chunk

    def _most(self, piece: list[StoredFile] | StoredFile | None) -> int:
        """How many chunks may wait after `piece`; none before a file that is opened alone."""
        if isinstance(piece, StoredFile):
            return 0
        return _AHEAD * self._jobs if self._given is None else _AHEAD_ELSEWHERE

    def _is_large(self, file: StoredFile) -> bool:
        """True for a file that is enough to keep this machine busy; a given executor gets it as
        any other file."""
        return self._given is None and file.size >= LARGE

    def _finished(self, waiting: Waiting, *, most: int) -> Iterator[Result | None]:
        """The results of `waiting` that are ready; waits until no more than `most` are left."""
        while waiting and (len(waiting) > most or waiting[0][1].done()):
            yield from self._next(waiting)

    @property
    def _chunk(self) -> int:
        if self._workers is None and self._given is None:
            return 1
        return _LARGE_CHUNK if self._far else CHUNK

    def _submit(self, chunk: list[StoredFile]) -> Future[Answers]:
        while not self._broken:
            try:
                return self._executor().submit(self._call, self._opening, chunk)
            except Exception as error:  # noqa: BLE001 - broken: the next best one opens the rest
                self._warn_once(error)
                self._broken, self._given = self._given is None, None
        return _done(self._open_here(chunk))

    @property
    def _call(self) -> Callable[[Opening, Sequence[StoredFile]], Answers]:
        return open_files if self._given is None else open_shared

    def _executor(self) -> Executor | WorkerPool:
        if self._given is not None:
            return self._given
        if self._workers is not None:
            return self._workers
        if self._threads is None:
            self._threads = ThreadExecutor(self._jobs, "gdrive-wa open")
        return self._threads

    def _open_here(self, chunk: list[StoredFile]) -> Answers:
        """Open what an executor could not; the user can stop this between two files."""
        answers: Answers = []
        for file in chunk:
            self._progress.check()
            answers += open_files(self._opening, [file])
        return answers

    def _warn_once(self, error: BaseException) -> None:
        """Report why the given executor fails; only once, because the run continues without it."""
        if self._given is not None and not self._warned:
            self._warned = True
            reason = str(error) or type(error).__name__
            self._progress.say(f"opening files on this machine instead of the workers: {reason}")

    def _next(self, waiting: Waiting) -> Iterator[Result | None]:
        chunk, future = waiting[0]
        while True:
            self._progress.check()
            try:
                answers = future.result(timeout=POLL_SECONDS)
                break
            except NotYet:
                if not future.done():
                    if self._workers is not None:
                        self._workers.end_if_one_died()
                    yield None
                    continue
                answers = self._open_here(chunk)
                break
            except Exception as error:  # noqa: BLE001 - what a dead worker had is opened here
                self._warn_once(error)
                answers = self._open_here(chunk)
                break
        waiting.popleft()
        for file, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, OpenFailure) and issubclass(answer.kind, StorageError):
                raise answer.error()
            yield file, answer

    def _here(self, file: StoredFile) -> OpenedFile | OpenFailure:
        try:
            return open_file(self._opening, file, self._progress)
        except StorageError:
            raise
        except GdriveWaError as error:
            if error.exit_code == 130:
                raise
            return OpenFailure.of(error)

    def close(self) -> None:
        """End the workers; opening more files starts new ones."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None


def _done(answers: Answers) -> Future[Answers]:
    future: Future[Answers] = Future()
    future.set_result(answers)
    return future
