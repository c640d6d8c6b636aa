"""Who may stop a run, and how long a thread may wait before it looks."""

from __future__ import annotations

import time
from threading import Event

from gdrive_wa.core.errors import Interrupted
from gdrive_wa.core.progress import Progress


class RunControl:
    """One run's stop sign, seen by all its threads.

    Attributes:
        progress: who is told how far the run is.
        abandoned: the run is over; a thread that comes late leaves everything as it is, for
            the next run may have it in its hands already.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.abandoned = False
        self._halted = Event()

    def halt(self) -> None:
        """Every thread leaves at the next place where nothing is lost."""
        self._halted.set()

    def check(self) -> None:
        """Raise :class:`~gdrive_wa.core.errors.Interrupted` when the run is to stop."""
        if self._halted.is_set():
            raise Interrupted("stopped")
        self.progress.check()

    def check_not_over(self) -> None:
        """Raise the same when the run is over, and what it wrote to may be another's by now."""
        if self.abandoned:
            raise Interrupted("stopped")

    def pause(self, seconds: float) -> None:
        """Wait so long, unless the run is to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            self._halted.wait(min(left, 0.2))
        self.check()
