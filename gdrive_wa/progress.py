"""How far a run is: who is told, and who may stop it. No room knows more of a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from threading import Lock
from typing import Protocol, runtime_checkable

__all__ = ["Progress", "Remarks", "Silent", "Stage"]


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
        """Raise :class:`~gdrive_wa.errors.Interrupted` when the user asked to stop."""


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
