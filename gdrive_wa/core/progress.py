"""Report the progress of a run and let the user stop it, independent of any user interface."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock, RLock
from typing import Protocol, TypeVar, runtime_checkable

from gdrive_wa.core.errors import Interrupted
from gdrive_wa.core.threads import Workers

__all__ = [
    "EventProgress",
    "Progress",
    "ProgressEvent",
    "RepeatedWarnings",
    "Silent",
    "Stage",
    "interruptible",
]

POLL_SECONDS = 0.1
"""How often a waiting thread checks whether the user asked to stop."""
_END_SECONDS = 1.0
"""Maximum seconds for a thread to end after its work; usually it takes microseconds."""
EVENT_SECONDS = 0.5
"""Minimum time between two events of a stage, except its first and last."""
T = TypeVar("T")


class Stage(StrEnum):
    """The current stage of a run."""

    LIST = "list"
    DOWNLOAD = "download"
    DECRYPT = "decrypt"
    READ = "read"
    WRITE = "write"
    VERIFY = "verify"
    TRANSCRIBE = "transcribe"


@runtime_checkable
class Progress(Protocol):
    """Receives progress events and may stop a run. Called from any thread."""

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """`stage` starts, with the total number of items and bytes if known."""

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """`items` more items and `moved` more bytes of `stage` are done."""

    def end(self, stage: Stage) -> None:
        """`stage` has ended."""

    def say(self, line: str) -> None:
        """Show a one-line message to the user."""

    def check(self) -> None:
        """Raise :class:`~gdrive_wa.core.errors.Interrupted` if the user asked to stop."""


class Silent:
    """A :class:`Progress` that shows nothing and never stops a run."""

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Nothing."""

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """Nothing."""

    def end(self, stage: Stage) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def check(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """The argument for a callable passed as ``progress``; ``print`` shows it as one line.

    Attributes:
        stage: the current stage; None for an event that only has a message.
        items: number of finished items.
        total_items: total number of items; None if unknown.
        bytes: number of processed bytes.
        total_bytes: total number of bytes; None if unknown.
        line: a message for the user; None in all other events.
    """

    stage: Stage | None
    items: int = 0
    total_items: int | None = None
    bytes: int = 0
    total_bytes: int | None = None
    line: str | None = None

    def __str__(self) -> str:
        if self.line is not None:
            return self.line
        parts = [f"{self.items}" if self.total_items is None else _of(self.items, self.total_items)]
        if self.bytes:
            moved = f"{self.bytes:,}" if self.total_bytes is None else ""
            parts.append(f"{moved or _of(self.bytes, self.total_bytes or 0)} bytes")
        return f"{self.stage}: {', '.join(parts)}"


def _of(done: int, total: int) -> str:
    return f"{done:,} of {total:,}"


class EventProgress:
    """A :class:`Progress` that calls `callback` with a :class:`ProgressEvent`, one call at a time.

    An exception in `callback` stops the run as Ctrl-C does: finished work is kept.
    """

    def __init__(self, callback: Callable[[ProgressEvent], object]) -> None:
        self._callback = callback
        self._states: dict[Stage, ProgressEvent] = {}
        self._reported_at: dict[Stage, float] = {}
        self._failure: Exception | None = None
        self._lock = RLock()

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Report the start of `stage`."""
        with self._lock:
            self._states[stage] = ProgressEvent(stage, total_items=items, total_bytes=total_bytes)
            self._report(stage)

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """Report progress, unless the last event of `stage` is too recent."""
        with self._lock:
            state = self._states.get(stage) or ProgressEvent(stage)
            state = replace(state, items=state.items + items, bytes=state.bytes + moved)
            self._states[stage] = state
            if time.monotonic() - self._reported_at.get(stage, 0.0) >= EVENT_SECONDS:
                self._report(stage)

    def end(self, stage: Stage) -> None:
        """Report the final counts of `stage`."""
        with self._lock:
            if stage in self._states:
                self._report(stage)
                del self._states[stage]

    def say(self, line: str) -> None:
        """Report a message."""
        with self._lock:
            self._call(ProgressEvent(None, line=line))

    def check(self) -> None:
        """Raise if the callable raised an exception."""
        if self._failure is not None:
            name = type(self._failure).__name__
            raise Interrupted(
                f"the progress callable raised {name}: {self._failure}",
                hint="fix the callable and repeat the same call; it continues where it stopped",
            ) from self._failure

    def _report(self, stage: Stage) -> None:
        self._reported_at[stage] = time.monotonic()
        self._call(self._states[stage])

    def _call(self, event: ProgressEvent) -> None:
        if self._failure is None:
            try:
                self._callback(event)
            except Exception as error:  # noqa: BLE001 - raised where a run may stop
                self._failure = error


class RepeatedWarnings:
    """Shows warnings about files without repeating each one thousands of times.

    The first file with a warning is shown at once; :meth:`summarise` reports the number of other
    files with the same warning. Thread-safe.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, path: str, warnings: Iterable[str]) -> None:
        """Report `warnings` about `path`."""
        for warning in warnings:
            with self._lock:
                self._counts[warning] += 1
                first = self._counts[warning] == 1
            if first:
                self._progress.say(f"{path}: {warning}")

    def summarise(self) -> None:
        """Report how many other files had each warning."""
        for warning, count in self._counts.items():
            if count > 1:
                others = "one other file" if count == 2 else f"{count - 1} other files"
                self._progress.say(f"and of {others}: {warning}")
        self._counts.clear()


def interruptible(work: Callable[[], T], progress: Progress) -> T:
    """Run `work` in a thread and return its result, unless the user asks to stop first.

    After a stop, `work` continues in the background until it ends, which may take minutes if a
    server requested a wait. It must not write anything.

    Raises:
        Interrupted: the user asked to stop.
        Exception: the exception of `work`.
    """
    workers = Workers(1, "gdrive-wa listing")
    try:
        future = workers.submit(work)
        while not wait([future], POLL_SECONDS).done:
            progress.check()
        workers.close(wait=_END_SECONDS)
        return future.result()
    finally:
        workers.close()
