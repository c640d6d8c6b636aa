"""How far a run is: who is told, and who may stop it. No room knows more of a terminal."""

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
"""How long a wait goes without a look at whether the user asked to stop."""
EVENT_SECONDS = 0.5
"""The shortest time between two events about the same stage, its start and its end apart."""
T = TypeVar("T")


class Stage(StrEnum):
    """What a run is busy with, for whoever shows progress."""

    LIST = "list"
    DOWNLOAD = "download"
    DECRYPT = "decrypt"
    READ = "read"
    WRITE = "write"
    VERIFY = "verify"


@runtime_checkable
class Progress(Protocol):
    """Who is told how far a run is, and who may stop it. Called from any thread."""

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """`stage` starts; with so many items and bytes, where that is known."""

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """So many more items and bytes of `stage` are done."""

    def end(self, stage: Stage) -> None:
        """`stage` is over."""

    def say(self, line: str) -> None:
        """Something a person should know; one line."""

    def check(self) -> None:
        """Raise :class:`~gdrive_wa.core.errors.Interrupted` when the user asked to stop."""


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
    """What a plain callable given as ``progress`` is called with; ``print`` shows it as a line.

    Attributes:
        stage: what the run is busy with; None for an event that only carries a line.
        items: how many are done so far.
        total_items: how many there are; None while that is unknown.
        bytes: how many bytes are done so far.
        total_bytes: how many there are; None while that is unknown.
        line: something that a person should know; None in all other events.
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

    An exception that `callback` raises stops the run like Ctrl-C would: what is finished is kept.
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
        """An event: nothing is done yet."""
        with self._lock:
            self._states[stage] = ProgressEvent(stage, total_items=items, total_bytes=total_bytes)
            self._report(stage)

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """An event, unless the last one of `stage` was just now."""
        with self._lock:
            state = self._states.get(stage) or ProgressEvent(stage)
            state = replace(state, items=state.items + items, bytes=state.bytes + moved)
            self._states[stage] = state
            if time.monotonic() - self._reported_at.get(stage, 0.0) >= EVENT_SECONDS:
                self._report(stage)

    def end(self, stage: Stage) -> None:
        """An event: what the stage came to."""
        with self._lock:
            if stage in self._states:
                self._report(stage)
                del self._states[stage]

    def say(self, line: str) -> None:
        """An event with that line."""
        with self._lock:
            self._call(ProgressEvent(None, line=line))

    def check(self) -> None:
        """Raise when the callable raised."""
        if self._failure is not None:
            name = type(self._failure).__name__
            raise Interrupted(
                f"the progress callable raised {name}: {self._failure}",
                hint="mend it, and run the same call again: it goes on where it stopped",
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
    """What a person should know about files, without a line for each of thousands.

    The first file that a remark is about is named at once; :meth:`summarise` tells of how many
    others the same holds. Safe from any thread.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, path: str, warnings: Iterable[str]) -> None:
        """`warnings` hold of `path`."""
        for warning in warnings:
            with self._lock:
                self._counts[warning] += 1
                first = self._counts[warning] == 1
            if first:
                self._progress.say(f"{path}: {warning}")

    def summarise(self) -> None:
        """All files are done."""
        for warning, count in self._counts.items():
            if count > 1:
                others = "one other file" if count == 2 else f"{count - 1} other files"
                self._progress.say(f"and of {others}: {warning}")
        self._counts.clear()


def interruptible(work: Callable[[], T], progress: Progress) -> T:
    """What `work` gives, unless the user asks to stop first, which is heard at once.

    `work` goes on by itself then, until what it waits for comes or is closed: it must write
    nothing. A server may have told it to wait for minutes.

    Raises:
        Interrupted: the user asked to stop.
        Exception: whatever `work` raised.
    """
    workers = Workers(1, "gdrive-wa listing")
    try:
        future = workers.submit(work)
        while not wait([future], POLL_SECONDS).done:
            progress.check()
        return future.result()
    finally:
        workers.close()
