"""How far a run is: who is told, and who may stop it. No room knows more of a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from enum import StrEnum
from threading import Lock
from typing import Protocol, TypeVar, runtime_checkable

from gdrive_wa.core.threads import Workers

__all__ = ["Progress", "Remarks", "Silent", "Stage", "interruptible"]

LOOK_SECONDS = 0.1
"""How long a wait goes without a look at whether the user asked to stop."""
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


class Remarks:
    """What a person should know about files, without a line for each of thousands.

    The first file that a remark is about is named at once; :meth:`sum_up` tells of how many
    others the same holds. Safe from any thread.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told: Counter[str] = Counter()
        self._lock = Lock()

    def tell(self, path: str, remarks: Iterable[str]) -> None:
        """`remarks` hold of `path`."""
        for remark in remarks:
            with self._lock:
                self._told[remark] += 1
                first = self._told[remark] == 1
            if first:
                self._progress.say(f"{path}: {remark}")

    def sum_up(self) -> None:
        """All files are done."""
        for remark, count in self._told.items():
            if count > 1:
                others = "one other file" if count == 2 else f"{count - 1} other files"
                self._progress.say(f"and of {others}: {remark}")
        self._told.clear()


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
        while not wait([future], LOOK_SECONDS).done:
            progress.check()
        return future.result()
    finally:
        workers.close()
