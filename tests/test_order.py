"""The order in which several processes begin the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import start_order


class Collected(pytest.Item):
    """A test of a file, collected without the file."""

    def runtest(self) -> None:
        """Do nothing."""


def test_slow_files_come_first_and_files_with_few_tests_last(
    request: pytest.FixtureRequest,
) -> None:
    def item(file: str, number: int) -> Collected:
        return Collected.from_parent(request.session, name=f"{file}{number}", path=Path(file))

    items = [
        item(file, number)
        for file, count in (("a", 1), ("b", 3), ("c", 2))
        for number in range(count)
    ]
    items[-1].add_marker("slow")
    ordered = sorted(items, key=start_order([*items]))
    assert [each.name for each in ordered] == ["c0", "c1", "b0", "b1", "b2", "a0"]
