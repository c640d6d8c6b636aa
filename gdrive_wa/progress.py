"""How far a run is: who is told, and who may stop it. No room knows more of a terminal."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, runtime_checkable

__all__ = ["Progress", "Silent", "Stage"]


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
