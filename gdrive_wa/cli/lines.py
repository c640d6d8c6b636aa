"""Progress as plain lines, for logs and pipes."""

from __future__ import annotations

import time
from threading import Lock

import click

from gdrive_wa.cli import interrupt
from gdrive_wa.cli.count import WORDS, Count
from gdrive_wa.cli.formatting import plain
from gdrive_wa.core.progress import Stage

LINE_SECONDS = 10.0
"""Least time between two lines about the same stage."""
SHORT_SECONDS = 2.0
"""A stage that ends sooner is not reported."""


class Lines:
    """At most one line every ten seconds for each stage."""

    def __init__(self) -> None:
        self._counts: dict[Stage, Count] = {}
        self._lock = Lock()

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Start counting."""
        with self._lock:
            self._counts[stage] = Count(items, total_bytes)

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """Count, and print a line if enough time has passed."""
        with self._lock:
            count = self._counts.get(stage)
            if count is None:
                return
            count.add(items, moved)
            now = time.monotonic()
            if now - count.last < LINE_SECONDS:
                return
            count.last = now
            line = f"{WORDS[stage]}: {count.shown()}"
        self.say(line)

    def end(self, stage: Stage) -> None:
        """Print the final count of a stage that took long enough."""
        with self._lock:
            count = self._counts.pop(stage, None)
        if count is not None and time.monotonic() - count.started >= SHORT_SECONDS:
            self.say(f"{WORDS[stage]}: {count.shown()}")

    def say(self, line: str) -> None:
        """Print a line."""
        click.echo(plain(line), err=True)

    def check(self) -> None:
        """Raise if Ctrl-C was pressed."""
        interrupt.check()
