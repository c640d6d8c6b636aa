"""Transcripts and their words as they lie on the disk, damaged or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.archive.index import parsed_words
from gdrive_wa.archive.transcripts import read_transcripts

LINE: dict[str, Any] = {
    "sha256": "ab" * 32,
    "model": "small",
    "language": "en",
    "text": "hello you",
    "words": [[0, 0.5, "hello"], [0.5, 1, "you"]],
}


def transcripts(folder: Path, *lines: str) -> list[str]:
    """The texts that are read from such lines."""
    (folder / ".gdrive-wa").mkdir(exist_ok=True)
    path = folder / ".gdrive-wa" / "transcripts.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return [found.text for found in read_transcripts(folder).values()]


def test_the_newest_line_wins(tmp_path: Path) -> None:
    older, newer = (json.dumps({**LINE, "text": text}) for text in ("hullo you", "hello you"))
    assert transcripts(tmp_path, older, newer, newer[:40]) == ["hello you"]


@pytest.mark.parametrize("time", ["1e999", "-1e999", "NaN", "1" + "0" * 400, '"soon"', "[]"])
def test_a_line_with_an_impossible_time_is_ignored(tmp_path: Path, time: str) -> None:
    damaged = json.dumps({**LINE, "sha256": "cd" * 32}).replace("0.5", time)
    assert transcripts(tmp_path, damaged, json.dumps(LINE)) == ["hello you"]


def test_what_is_not_text_is_escaped(tmp_path: Path) -> None:
    line = json.dumps(LINE).replace("hello", "\\ud800")
    assert transcripts(tmp_path, line) == ["%ud800 you"]
    assert parsed_words([[0, 1, "\ud800"]]) == ((0.0, 1.0, "%ud800"),)
