"""The performance budget: the figures of each benchmark, with their limits."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.measure import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The most that a row may be; None where nothing is asked.

    Attributes:
        wall: wall-clock time, as a share of the baseline's.
        cpu: processor time, likewise.
        memory: MiB.
    """

    wall: float | None = None
    cpu: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the budget.

    Attributes:
        work: what was done.
        baseline: the work it is compared with.
        wall: wall-clock time as a share of that one's; None for a figure that is no time.
        cpu: processor time, likewise.
        memory: MiB at the most.
        reach: what was to be reached.
    """

    work: str
    baseline: str
    wall: float | None
    cpu: float | None
    memory: float
    reach: Reach

    @property
    def met(self) -> bool:
        """Whether every figure that has a limit keeps it."""
        reached = (
            (self.wall, self.reach.wall),
            (self.cpu, self.reach.cpu),
            (self.memory, self.reach.memory),
        )
        return all(
            limit is None or (value is not None and value <= limit) for value, limit in reached
        )


BUDGET: list[Row] = []
"""In the order in which they were measured."""


def compare(work: str, ours: Measured, baseline: str, theirs: Measured, reach: Reach) -> None:
    """Enter a row: `work`, which took us `ours`, compared with `theirs`."""
    busy = ours.busy / max(theirs.busy, 0.001)
    BUDGET.append(Row(work, baseline, ours.seconds / theirs.seconds, busy, ours.peak, reach))


def enter(work: str, mebibytes: float, reach: Reach) -> None:
    """Enter a row with a size instead of times."""
    BUDGET.append(Row(work, "", None, None, mebibytes, reach))


def print_budget() -> None:
    """Print every row that was entered, each with "met" or "not met"."""
    if not BUDGET:
        return
    print(f"\n{'work':58} {'baseline':22} {'wall':>13} {'cpu':>13} {'MiB':>11}")
    for row in BUDGET:
        figures = (
            f"{_figure(row.wall, row.reach.wall, 2):>13} {_figure(row.cpu, row.reach.cpu, 2):>13}"
            f" {_figure(row.memory, row.reach.memory, 0):>11}"
        )
        print(f"{row.work:58} {row.baseline:22} {figures}  {'met' if row.met else 'not met'}")
    missed = sum(not row.met for row in BUDGET)
    print(f"{len(BUDGET) - missed} of {len(BUDGET)} met; each figure is followed by its limit.")


def _figure(value: float | None, limit: float | None, digits: int) -> str:
    if value is None:
        return "-"
    shown = f"{value:.{digits}f}"
    return f"{shown} ≤ {limit:g}" if limit is not None else shown
