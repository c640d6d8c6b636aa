"""What a run did: the result for each entry, and their report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from gdrive_wa.core.errors import GdriveWaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one entry.

    Attributes:
        path: path of the entry.
        file: path of its content, relative to the target; None without a file.
        bytes: bytes transferred or written for it.
        reason: why it was skipped or failed; None if it is done.
        hints: what to do about a failure.
        exit_code: exit code of its error.
        detail: the server's own words about a failure, for ``--verbose``.
    """

    path: str
    file: str | None = None
    bytes: int = 0
    reason: str | None = None
    hints: tuple[str, ...] = ()
    exit_code: int = 0
    detail: str = ""

    @classmethod
    def failed(cls, path: str, error: GdriveWaError) -> Self:
        """The outcome of an entry that failed with `error`."""
        return cls(
            path=path,
            reason=error.message,
            hints=error.hints,
            exit_code=error.exit_code,
            detail=error.detail,
        )

    def to_json(self) -> dict[str, object]:
        """The fields of each entry in a report; all are always present."""
        return {
            "path": self.path,
            "file": self.file,
            "bytes": self.bytes,
            "reason": self.reason,
            "hints": list(self.hints),
        }


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """Counts of the voice notes in an archive.

    Attributes:
        statuses: number of notes by status.
        chats: number of chats.
        remarks: further messages about them for the user, a line each.
    """

    statuses: dict[str, int]
    chats: int
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Report:
    """The result of a run: every entry is in exactly one of the three lists.

    Attributes:
        done: finished in this run.
        skipped: not processed, because it exists and is verified, or is not selected.
        failed: failed, each with its reason.
        bytes: bytes transferred or written.
        seconds: duration of the run.
        notes: counts of the archive's voice notes; only after a complete restore.
    """

    done: list[Outcome] = field(default_factory=list)
    skipped: list[Outcome] = field(default_factory=list)
    failed: list[Outcome] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    notes: NoteCounts | None = None

    def fail(self, path: str, error: GdriveWaError) -> None:
        """Count the entry at `path` as failed instead of done or skipped: its file is there, but
        cannot be used."""
        self.done = [outcome for outcome in self.done if outcome.path != path]
        self.skipped = [outcome for outcome in self.skipped if outcome.path != path]
        self.failed.append(Outcome.failed(path, error))

    def to_json(self) -> dict[str, object]:
        """The fields of ``restore --json``, ``download --json`` and ``decrypt --json``."""
        return {
            "done": _in_order(self.done),
            "skipped": _in_order(self.skipped),
            "failed": _in_order(self.failed),
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


def _in_order(outcomes: list[Outcome]) -> list[dict[str, object]]:
    """In the same order after every run, independent of the order of completion."""
    ordered = sorted(outcomes, key=lambda each: (each.path, each.file or "", each.reason or ""))
    return [outcome.to_json() for outcome in ordered]
