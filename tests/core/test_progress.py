"""Progress for objects and plain callables; and warnings, one line for thousands of files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gdrive_wa.core.arguments import as_progress
from gdrive_wa.core.errors import Interrupted
from gdrive_wa.core.progress import ProgressEvent, RepeatedWarnings, Silent, Stage


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_a_warning_about_thousands_of_files_is_shown_twice() -> None:
    heard = Heard()
    warnings = RepeatedWarnings(heard)
    for number in range(3000):
        warnings.add(f"{number}.opus", ["it is odd"])
    warnings.add("a.opus", ["it is even", "it is odd"])
    assert heard.lines == ["0.opus: it is odd", "a.opus: it is even"]
    warnings.summarise()
    assert heard.lines[2:] == ["and of 3000 other files: it is odd"]


def test_a_summary_counts_other_files_only() -> None:
    heard = Heard()
    warnings = RepeatedWarnings(heard)
    warnings.add("a", ["x"])
    warnings.add("b", ["x", "y"])
    warnings.summarise()
    warnings.summarise()
    assert heard.lines == ["a: x", "b: y", "and of one other file: x"]


def test_a_plain_callable_hears_where_each_stage_begins_and_ends() -> None:
    events: list[ProgressEvent] = []
    progress = as_progress(events.append)
    progress.begin(Stage.DOWNLOAD, items=1000, total_bytes=5000)
    for _ in range(1000):
        progress.advance(Stage.DOWNLOAD, items=1, moved=5)
    progress.end(Stage.DOWNLOAD)
    progress.say("one file is odd")
    assert events[0] == ProgressEvent(Stage.DOWNLOAD, 0, 1000, 0, 5000)
    assert events[-2] == ProgressEvent(Stage.DOWNLOAD, 1000, 1000, 5000, 5000)
    assert events[-1] == ProgressEvent(None, line="one file is odd")
    assert len(events) < 100, "not a call for each file"
    assert [str(event) for event in events[-2:]] == [
        "download: 1,000 of 1,000, 5,000 of 5,000 bytes",
        "one file is odd",
    ]


def test_counts_of_many_threads_add_up_and_calls_never_overlap() -> None:
    events: list[ProgressEvent] = []
    inside: list[int] = []

    def receive(event: ProgressEvent) -> None:
        inside.append(1)
        assert len(inside) == 1
        events.append(event)
        inside.pop()

    progress = as_progress(receive)
    progress.begin(Stage.VERIFY)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(progress.advance, Stage.VERIFY, items=1, moved=2)
    progress.end(Stage.VERIFY)
    progress.check()
    assert events[-1] == ProgressEvent(Stage.VERIFY, items=400, bytes=800)
    assert str(events[-1]) == "verify: 400, 800 bytes"


def test_a_callable_that_raises_stops_the_run_where_nothing_is_lost() -> None:
    calls: list[ProgressEvent] = []

    def receive(event: ProgressEvent) -> None:
        calls.append(event)
        raise ValueError("my own mistake")

    progress = as_progress(receive)
    progress.begin(Stage.LIST)
    progress.end(Stage.LIST)
    with pytest.raises(Interrupted, match="ValueError: my own mistake") as raised:
        progress.check()
    assert isinstance(raised.value.__cause__, ValueError)
    assert len(calls) == 1


def test_an_object_of_the_protocol_is_used_as_it_is() -> None:
    heard = Heard()
    assert as_progress(heard) is heard
    assert isinstance(as_progress(None), Silent)
