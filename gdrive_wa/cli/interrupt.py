"""Ctrl-C: the first asks the run to stop where nothing is lost, the second stops it at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

import click

from gdrive_wa.errors import Interrupted

_asked = Event()


def check() -> None:
    """Raise when the user asked to stop."""
    if _asked.is_set():
        raise Interrupted("stopped")


@contextmanager
def graceful() -> Iterator[None]:
    """Within it, Ctrl-C and a polite kill are heard by :func:`check`."""
    _asked.clear()

    def ask(number: int, frame: FrameType | None) -> None:
        if _asked.is_set():
            signal.default_int_handler(number, frame)
        _asked.set()
        click.echo("stopping … (again to stop at once)", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
