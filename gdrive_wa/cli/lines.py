"""How far a run is, as a plain line now and then: for logs and pipes."""

from __future__ import annotations

import time
from threading import Lock

import click

from gdrive_wa.cli import interrupt
from gdrive_wa.cli.count import WORDS, Count
from gdrive_wa.cli.formatting import plain
from gdrive_wa.core.progress import Stage

LINE_SECONDS = 10.0
"""Between two plain lines about the same stage."""
SHORT_SECONDS = 2.0
"""A stage that is over sooner needs no line at all."""


class Lines:
    """A line every ten seconds at most."""

    def __init__(self) -> None:
        self._counts: dict[Stage, Count] = {}
        self._lock = Lock()

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Counting starts."""
        with self._lock:
            self._counts[stage] = Count(items, total_bytes)

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """Count, and tell now and then."""
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
        """Tell what it came to."""
        with self._lock:
            count = self._counts.pop(stage, None)
        if count is not None and time.monotonic() - count.started >= SHORT_SECONDS:
            self.say(f"{WORDS[stage]}: {count.shown()}")

    def say(self, line: str) -> None:
        """The line."""
        click.echo(plain(line), err=True)

    def check(self) -> None:
        """Stop when Ctrl-C was pressed."""
        interrupt.check()
