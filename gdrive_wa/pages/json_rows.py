"""Write the JSON of the page row by row, so that only a few notes are in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import SEEK_END
from typing import IO

_MARKUP = "<>&\u2028\u2029"
_ROWS = 256
"""Number of rows that are encoded together."""
_BLOCK = 256 << 10
"""Bytes that are read back at a time."""


class JsonRows:
    """A JSON array whose rows are kept, as text, in a file.

    Args:
        file: a binary file, empty at first and open for writing and reading.

    Attributes:
        count: the number of rows so far.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._waiting: list[object] = []
        self._separator = b"["
        self.count = 0

    def add(self, row: object) -> None:
        """Append `row`."""
        self._waiting.append(row)
        self.count += 1
        if len(self._waiting) >= _ROWS:
            self._write()

    def pieces(self) -> Iterator[bytes]:
        """The whole array in pieces, in UTF-8."""
        self._write()
        if not self.count:
            yield b"["
        self._file.seek(0)
        while piece := self._file.read(_BLOCK):
            yield piece
        self._file.seek(0, SEEK_END)
        yield b"]"

    def _write(self) -> None:
        if self._waiting:
            self._file.write(self._separator + json_text(self._waiting)[1:-1].encode())
            self._waiting.clear()
            self._separator = b","


def json_text(data: object) -> str:
    """JSON that is safe between script tags, because it contains no markup characters."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in _MARKUP:  # far quicker than one translate of a long text
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
