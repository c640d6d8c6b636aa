"""Remarks: one line for the first file, one for all the others."""

from __future__ import annotations

from gdrive_wa.core.progress import Remarks, Silent


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_what_holds_of_thousands_is_told_twice() -> None:
    heard = Heard()
    remarks = Remarks(heard)
    for number in range(3000):
        remarks.tell(f"{number}.opus", ["it is odd"])
    remarks.tell("a.opus", ["it is even", "it is odd"])
    assert heard.lines == ["0.opus: it is odd", "a.opus: it is even"]
    remarks.sum_up()
    assert heard.lines[2:] == ["and of 3000 other files: it is odd"]


def test_what_holds_of_two_says_so_and_of_one_says_nothing_more() -> None:
    heard = Heard()
    remarks = Remarks(heard)
    remarks.tell("a", ["x"])
    remarks.tell("b", ["x", "y"])
    remarks.sum_up()
    remarks.sum_up()
    assert heard.lines == ["a: x", "b: y", "and of one other file: x"]
