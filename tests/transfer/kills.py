"""Kill a run in the middle, even on a slow machine."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from gdrive_wa.emulation.counts import Counts
from gdrive_wa.emulation.faults import Fault, FaultKind, Faults
from tests.transfer.cli import Process

MEDIA = "*/files/*"
QUIET_SECONDS = 3.0
"""Seconds without new data after which a run has received all that it can."""


def slow_line_without(name: str, *, delay: float, bandwidth: float) -> Faults:
    """A slow connection on which `name` never arrives, so that no run ends by itself."""
    held = Fault(kind=FaultKind.STALL, path=f"*/files/{name}", seconds=600.0, times=None)
    return Faults(rules=(held,), delay=delay, bandwidth=bandwidth)


def kill_on_its_way(
    process: Process,
    counts: Counts,
    more: float,
    far_enough: Callable[[], bool] = lambda: True,
) -> None:
    """Kill a new run once `more` bytes were sent and `far_enough` returns True."""
    dice = random.Random()
    asked, sent = counts.request_count(MEDIA), counts.bytes_sent(MEDIA)
    enough, since = sent + more, time.monotonic()
    while process.poll() is None:
        time.sleep(dice.uniform(0, 0.01))
        before, sent = sent, counts.bytes_sent(MEDIA)
        if sent != before or counts.request_count(MEDIA) == asked:
            since = time.monotonic()
        if (sent >= enough or time.monotonic() - since > QUIET_SECONDS) and far_enough():
            break
    alive = process.poll() is None
    process.kill()
    _, talk = process.communicate()
    assert alive, f"the run ended by itself: {talk}"
