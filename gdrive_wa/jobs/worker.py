"""Worker processes: many small files decrypted on every core.

A voice note takes a third of a millisecond, most of it Python's own, which the threads of one
process take in turns. So a run with thousands of them starts a few processes of this program and
gives each some files at a time. They get the root key through a pipe, never as an argument, leave
content in temporary files only, and end when the pipe does.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from gdrive_wa.core.errors import StorageError
from gdrive_wa.core.progress import Silent
from gdrive_wa.crypt.keys import ROOT_KEY_SIZE, RootKey
from gdrive_wa.jobs.stored import Opened, Refused, StoredFile, try_stored

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.stdin.buffer.readline());"
    "from gdrive_wa.jobs.worker import serve; serve()"
)
"""Isolated from the working folder, which may be a stranger's backup, a worker imports from where
the one that started it does."""


class Workers:
    """Some processes that open stored files; a context manager that ends them.

    A process that dies takes nothing along: what it had is opened here instead.
    """

    def __init__(self, count: int, drafts: str, key: RootKey) -> None:
        self._drafts = drafts
        self._key = key
        self._all = [_start(drafts, key) for _ in range(count)]
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for worker in self._all:
            self._idle.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._all:
            worker.kill()  # whatever it has is in a temporary file, and asked for by nobody
            worker.communicate()

    def open(self, files: Sequence[StoredFile]) -> list[Opened | Refused]:
        """What :func:`~gdrive_wa.jobs.stored.try_stored` makes of each, in order.

        Safe from any thread; one that finds every process busy waits for the first that is not.

        Raises:
            StorageError: the disk refuses.
        """
        worker = self._idle.get()
        try:
            told = _ask(worker, files)
        finally:
            self._idle.put(worker)
        if told is None:
            return [try_stored(file, self._drafts, self._key, Silent()) for file in files]
        return [_answer(answer) for answer in told]


def serve() -> None:
    """What a worker process does: answer on its standard output what its standard input asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it decides
    ask, answer = sys.stdin.buffer, sys.stdout.buffer
    drafts = json.loads(ask.readline())
    key = RootKey(ask.read(ROOT_KEY_SIZE))
    with suppress(BrokenPipeError):
        for line in ask:
            answers = [_try(StoredFile(*fields), drafts, key) for fields in json.loads(line)]
            answer.write(json.dumps(answers).encode() + b"\n")
            answer.flush()


def _try(stored: StoredFile, drafts: str, key: RootKey) -> list[object]:
    try:
        done = try_stored(stored, drafts, key, Silent())
    except StorageError as error:
        return [StorageError.__name__, error.message, error.hints]
    return [type(done).__name__, *astuple(done)]


def _answer(told: list[object]) -> Opened | Refused:
    kind, *fields = (tuple(field) if isinstance(field, list) else field for field in told)
    if kind == Opened.__name__:
        return Opened(*fields)  # type: ignore[arg-type]  # what another process made of one
    if kind == Refused.__name__:
        return Refused(*fields)  # type: ignore[arg-type]
    message, hints = fields
    raise StorageError(str(message), hint=hints)  # type: ignore[arg-type]


def _start(drafts: str, key: RootKey) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-I", "-c", _BOOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if worker.stdin is not None:
        opening = json.dumps(sys.path), json.dumps(drafts)
        with suppress(BrokenPipeError):
            worker.stdin.write("\n".join((*opening, "")).encode() + key.reveal())
            worker.stdin.flush()
    return worker


def _ask(worker: subprocess.Popen[bytes], files: Sequence[StoredFile]) -> list[list[object]] | None:
    """The worker's answers; None when it has died."""
    if worker.stdin is None or worker.stdout is None:
        return None
    try:
        worker.stdin.write(json.dumps([astuple(file) for file in files]).encode() + b"\n")
        worker.stdin.flush()
    except OSError:
        return None
    line = worker.stdout.readline()
    answers: list[list[object]] | None = json.loads(line) if line.endswith(b"\n") else None
    return answers
