"""Killing a run somewhere on its way, however slow the machine is."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable

from gdrive_wa.emulation.counts import Counts
from gdrive_wa.emulation.faults import Fault, FaultKind, Faults

MEDIA = "*/files/*"
QUIET_SECONDS = 3.0
"""A run that asked, and to which nothing was sent for so long, has all that it can get."""


def slow_line_without(name: str, *, delay: float, bandwidth: float) -> Faults:
    """A line on which no run ends by itself: `name` is asked for and never comes."""
    held = Fault(kind=FaultKind.STALL, path=f"*/files/{name}", seconds=600.0, times=None)
    return Faults(rules=(held,), delay=delay, bandwidth=bandwidth)


def kill_on_its_way(
    process: subprocess.Popen[str],
    counts: Counts,
    more: float,
    far_enough: Callable[[], bool] = lambda: True,
) -> None:
    """Kill a run that has just begun, once `more` bytes were sent and it is `far_enough`."""
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
    assert alive, f"it ended by itself: {talk}"
