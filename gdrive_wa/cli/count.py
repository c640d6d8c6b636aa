"""How far a stage of a run has come, in words and numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gdrive_wa.cli.formatting import size
from gdrive_wa.core.progress import Stage

WORDS = {
    Stage.LIST: "listing",
    Stage.DOWNLOAD: "downloading",
    Stage.DECRYPT: "decrypting",
    Stage.READ: "reading chats",
    Stage.WRITE: "writing",
    Stage.VERIFY: "verifying",
    Stage.TRANSCRIBE: "transcribing",
}


@dataclass(slots=True)
class Count:
    """How far one stage has come.

    Attributes:
        items: how many there are; None if unknown.
        total_bytes: size of all items; None if unknown.
        done_items: how many are done.
        done_bytes: bytes that are done, also of unfinished items.
        started: when it began (monotonic, seconds).
        last: when it was last reported (monotonic, seconds).
    """

    items: int | None
    total_bytes: int | None
    done_items: int = 0
    done_bytes: int = 0
    started: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)

    def add(self, items: int, moved: int) -> None:
        """Count more items and bytes as done."""
        self.done_items += items
        self.done_bytes += moved

    def shown(self) -> str:
        """``3 of 40, 1.2 MB of 5.0 MB``, or the parts of it that are known."""
        parts = []
        if self.done_items or self.items:
            parts.append(f"{self.done_items}" + (f" of {self.items}" if self.items else ""))
        if self.done_bytes or self.total_bytes:
            of = f" of {size(self.total_bytes)}" if self.total_bytes else ""
            parts.append(f"{size(self.done_bytes)}{of}")
        return ", ".join(parts)
