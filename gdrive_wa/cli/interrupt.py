"""Ctrl-C: the first stops the run at the next safe point, the second stops it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

import click

from gdrive_wa.core.errors import Interrupted

_asked = Event()


STOPPING = ("stopping …", "Ctrl-C again to stop at once")


def _echo() -> None:
    click.echo(f"{STOPPING[0]} ({STOPPING[1]})", err=True)


_show_stopping: Callable[[], None] = _echo


def show_stopping_with(tell: Callable[[], None] | None) -> None:
    """Set what shows that the run is stopping; it is called in a signal handler. Progress bars
    use this to show it themselves. None prints a plain line.
    """
    global _show_stopping  # noqa: PLW0603 - a signal handler takes no arguments of ours
    _show_stopping = tell or _echo


def check() -> None:
    """Raise if the user asked to stop."""
    if _asked.is_set():
        raise Interrupted("stopped")


@contextmanager
def graceful() -> Iterator[None]:
    """While it is active, Ctrl-C and SIGTERM make :func:`check` raise."""
    _asked.clear()

    def ask(number: int, frame: FrameType | None) -> None:
        if _asked.is_set():
            signal.default_int_handler(number, frame)
        _asked.set()
        _show_stopping()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
