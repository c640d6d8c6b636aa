"""Progress bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Lock

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TimeRemainingColumn,
)
from rich.text import Text

from gdrive_wa.cli import interrupt
from gdrive_wa.cli.count import WORDS, Count
from gdrive_wa.cli.formatting import plain
from gdrive_wa.core.progress import Stage


class _Words(ProgressColumn):
    """Text about a stage, replaced by a message while the run is stopping."""

    def __init__(self, text_of: Callable[[Task], str], stopping: str) -> None:
        super().__init__()
        self._text_of = text_of
        self._stopping = stopping
        self.stops = False

    def render(self, task: Task) -> Text:
        """The text for one bar."""
        return Text(self._stopping if self.stops else self._text_of(task))


class Bars:
    """One bar for each stage, on stderr.

    However the command ends, the bars are removed and the cursor is restored before anything
    else is printed.
    """

    def __init__(self, *, colour: bool = True) -> None:
        stopping, again = interrupt.STOPPING
        self._name = _Words(lambda task: task.description, stopping)
        self._shown = _Words(lambda task: str(task.fields["shown"]), again)
        self._console = Console(file=sys.stderr, no_color=not colour, highlight=False)
        self._bars: Progress | None = None
        self._tasks: dict[Stage, tuple[TaskID, Count]] = {}
        self._lock = Lock()
        interrupt.show_stopping_with(self._stopping)
        command = click.get_current_context(silent=True)
        if command is not None:
            command.call_on_close(self.close)

    def begin(
        self, stage: Stage, *, items: int | None = None, total_bytes: int | None = None
    ) -> None:
        """Show a bar. It counts bytes if their total is known, otherwise items."""
        with self._lock:
            if self._bars is None:
                self._bars = self._start()
            if stage in self._tasks:
                self._bars.remove_task(self._tasks.pop(stage)[0])
            count = Count(items, total_bytes)
            total = total_bytes or items
            task = self._bars.add_task(WORDS[stage], total=total, shown=count.shown())
            self._tasks[stage] = (task, count)

    def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
        """Move the bar forward."""
        with self._lock:
            if self._bars is None or stage not in self._tasks:
                return
            task, count = self._tasks[stage]
            count.add(items, moved)
            done = count.done_bytes if count.total_bytes else count.done_items
            self._bars.update(task, completed=done, shown=count.shown())

    def end(self, stage: Stage) -> None:
        """Remove the bar; with the last one, stop the display."""
        with self._lock:
            if self._bars is None or stage not in self._tasks:
                return
            self._bars.remove_task(self._tasks.pop(stage)[0])
            if not self._tasks:
                self._bars.stop()
                self._bars = None

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._console.print(plain(line), markup=False, soft_wrap=True)

    def check(self) -> None:
        """Raise if Ctrl-C was pressed."""
        interrupt.check()

    def close(self) -> None:
        """Remove all bars."""
        interrupt.show_stopping_with(None)
        with self._lock:
            self._tasks.clear()
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def _stopping(self) -> None:
        """Show at the next redraw that Ctrl-C was pressed. Takes no lock, because the thread that
        the signal handler interrupted may hold it.
        """
        self._name.stops = self._shown.stops = True
        if self._bars is None:
            click.echo(" ".join(interrupt.STOPPING), err=True)

    def _start(self) -> Progress:
        bars = Progress(
            self._name,
            BarColumn(),
            self._shown,
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        bars.start()
        return bars
