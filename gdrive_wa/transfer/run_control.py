"""Stop all threads of a run, and wait without delaying a stop."""

from __future__ import annotations

import time
from threading import Event

from gdrive_wa.core.errors import Interrupted
from gdrive_wa.core.progress import Progress


class RunControl:
    """The stop signal of one run, shared by all its threads.

    Attributes:
        progress: receives progress events and may stop the run.
        abandoned: True after the run has ended; a late thread must not write any more, because
            the next run may already use the same files.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.abandoned = False
        self._halted = Event()

    def halt(self) -> None:
        """Ask all threads to stop at the next point where no data is lost."""
        self._halted.set()

    def check(self) -> None:
        """Raise :class:`~gdrive_wa.core.errors.Interrupted` if the run should stop."""
        if self._halted.is_set():
            raise Interrupted("stopped")
        self.progress.check()

    def check_not_over(self) -> None:
        """Raise :class:`~gdrive_wa.core.errors.Interrupted` if the run has ended, because the next
        run may already use the same files."""
        if self.abandoned:
            raise Interrupted("stopped")

    def pause(self, seconds: float) -> None:
        """Wait `seconds`, or raise as :meth:`check` if the run should stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            self._halted.wait(min(left, 0.2))
        self.check()
