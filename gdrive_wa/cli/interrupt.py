"""Ctrl-C: the first stops the run at the next safe point, the second stops it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

from gdrive_wa.core import interruption
from gdrive_wa.core.interruption import check

__all__ = ["STOPPING", "check", "graceful", "show_stopping_with"]

STOPPING = ("stopping …", "Ctrl-C again to stop at once")


def _echo() -> None:
    click.echo(f"{STOPPING[0]} ({STOPPING[1]})", err=True)


_show_stopping: Callable[[], None] = _echo


def show_stopping_with(show: Callable[[], None] | None) -> None:
    """Set the function that shows that the run is stopping; it is called in a signal handler.
    Progress bars set one of their own. None restores the default, which prints a plain line.
    """
    global _show_stopping  # noqa: PLW0603 - a signal handler takes no arguments of ours
    _show_stopping = show or _echo


@contextmanager
def graceful() -> Iterator[None]:
    """While it is active, Ctrl-C and SIGTERM make :func:`check` raise."""
    interruption.withdraw()

    def ask(number: int, frame: FrameType | None) -> None:
        if interruption.requested():
            signal.default_int_handler(number, frame)
        interruption.request()
        _show_stopping()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
