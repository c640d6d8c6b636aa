"""Read and write ``voice-notes.json`` and write ``voice-notes.csv``: all notes of an archive."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Any, Protocol

from gdrive_wa.archive.index_lines import Lines
from gdrive_wa.core.context import (
    parsed_file,
    parsed_messages,
    parsed_reactions,
    parsed_reply,
    parsed_text,
)
from gdrive_wa.core.errors import FormatError, StorageError
from gdrive_wa.core.message_pool import MessagePool
from gdrive_wa.core.model import NoteStatus, VoiceNote, Words, iso
from gdrive_wa.core.moments import moment_in
from gdrive_wa.core.names import whole_text
from gdrive_wa.core.numbers import LARGEST, whole_number
from gdrive_wa.core.plain_file import NotPlainError
from gdrive_wa.core.waveform import compact
from gdrive_wa.storage.disk import explain
from gdrive_wa.storage.tree import Tree

_COLUMNS = (
    "sent_at",
    "chat",
    "sender",
    "from_me",
    "duration",
    "status",
    "file",
    "transcript",
    "transcript_source",
    "starred",
    "forwarded",
    "view_once",
    "size",
    "mime_type",
    "chat_jid",
    "sender_jid",
    "message_id",
    "whatsapp_path",
    "sha256",
)
_FORMULA = frozenset("=+-@\t\r\n")
"""How a text begins that a spreadsheet would run."""
_YES = ("no", "yes")
_TOGETHER = 64
"""Notes that are encoded together."""
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""Exceptions from parsing a damaged or foreign index."""
_REBUILT = "run gdrive-wa restore into this folder again to rebuild it"


class SupportsWrite(Protocol):
    """Anything that text can be written to."""

    def write(self, text: str, /) -> object:
        """Append `text`."""


def in_order(notes: Iterable[VoiceNote]) -> list[VoiceNote]:
    """Sort `notes` into the order of the index: by time, undated ones last."""
    return sorted(
        notes,
        key=lambda note: (
            note.sent_at is None,
            0.0 if note.sent_at is None else note.sent_at.timestamp(),
            note.chat_jid,
            note.message_id,
            note.file or "",
        ),
    )


def write_json(notes: Iterable[VoiceNote], write: Callable[[bytes], object]) -> None:
    """Pass the index to `write` in pieces: a JSON array, one note per line."""
    write(b"[")
    start, lines, rest = "\n", Lines(), iter(notes)
    while some := list(islice(rest, _TOGETHER)):
        text = ",\n".join(map(lines.of, some))
        write(f"{start}{text}".encode("utf-8", "replace"))
        start = ",\n"
    write(b"\n]\n")


def write_table(notes: Iterable[VoiceNote], write: Callable[[bytes], object]) -> None:
    """Pass the CSV table to `write`, in UTF-8 with a byte order mark for spreadsheets."""
    write(codecs.BOM_UTF8)
    encoded = _Encoded(write)
    write_csv(notes, encoded)
    encoded.flush()


class _Encoded:
    """Accepts lines of text and writes UTF-8, many lines at once."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._lines: list[str] = []

    def write(self, text: str) -> None:
        self._lines.append(text)
        if len(self._lines) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        self._write("".join(self._lines).encode("utf-8", "replace"))
        self._lines.clear()


def write_csv(notes: Iterable[VoiceNote], out: SupportsWrite) -> None:
    """Write the notes as comma-separated values with a header row.

    Text that a spreadsheet would run as a formula is prefixed with ``'``.
    """
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    table.writerows(map(_row, notes))


def _row(note: VoiceNote) -> tuple[object, ...]:
    """The cells of a note: its values as in the index."""
    return (
        iso(note.sent_at),
        _shared_cell(note.chat),
        _shared_cell(note.sender),
        _YES[note.from_me],
        note.duration,  # the csv module writes numbers as they are and None as an empty cell
        _shared_cell(str(note.status)),
        _cell(note.file),
        _cell(note.transcript),
        _shared_cell(note.transcript_source),
        _YES[note.starred],
        _YES[note.forwarded],
        _YES[note.view_once],
        note.size,
        _shared_cell(note.mime_type),
        _shared_cell(note.chat_jid),
        _shared_cell(note.sender_jid),
        _cell(note.message_id),
        _cell(note.whatsapp_path),
        _cell(note.sha256),
    )


def _cell(value: str | None) -> str | None:
    if value is None or (value[:1] not in _FORMULA and "\x00" not in value):
        return value
    text = value.replace("\x00", "")
    return f"'{text}" if text[:1] in _FORMULA else text


_shared_cell = lru_cache(maxsize=4096)(_cell)
"""As :func:`_cell`, for a text of many notes."""


def read_index(path: Path, *, folder: Path | None = None) -> list[VoiceNote]:
    """Read the notes of an index and set their `folder`.

    Raises:
        FormatError: the file is damaged or not an index of gdrive-wa.
        StorageError: the file cannot be read.
    """
    raw = _content(path)
    try:
        pool = MessagePool()
        return [_note(item, pool, folder) for item in _items(raw)]
    except _MALFORMED as error:
        raise FormatError(
            f"the index '{path}' is damaged or not from gdrive-wa", hint=_REBUILT
        ) from error


def salvaged(path: Path) -> list[VoiceNote]:
    """Read the notes from the intact lines of a damaged index.

    Raises:
        StorageError: the file cannot be read.
    """
    notes, pool = [], MessagePool()
    for line in _content(path).split(b"\n"):
        with suppress(*_MALFORMED):
            notes.append(_note(json.loads(line.removesuffix(b",")), pool))
    return notes


def _content(path: Path) -> bytes:
    try:
        return Tree(path.parent).read(path.name)
    except NotPlainError as error:
        raise explain(error, path) from error
    except OSError as error:
        raise StorageError(f"cannot read '{path}'", hint=_REBUILT) from error


def _items(raw: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects of the notes; parsed line by line if the file has our own layout."""
    first, *lines = raw.split(b"\n")
    if first == b"[" and lines[-2:] == [b"]", b""] and all(line[:1] == b"{" for line in lines[:-2]):
        yield from (json.loads(line.removesuffix(b",")) for line in lines[:-2])
        return
    items = json.loads(raw)
    if not isinstance(items, list):
        raise TypeError("not an array")
    yield from items


def _note(item: dict[str, Any], pool: MessagePool, folder: Path | None = None) -> VoiceNote:
    return VoiceNote(
        chat=intern(parsed_text(item["chat"])),  # shared by thousands of notes
        chat_jid=intern(parsed_text(item["chat_jid"])),
        sender=intern(parsed_text(item["sender"])),
        from_me=item["from_me"] is True,
        sent_at=moment_in(item["sent_at"]),
        file=parsed_file(item["file"]),
        sender_jid=_shared(item.get("sender_jid")),
        duration=_duration(item.get("duration")),
        size=whole_number(item.get("size")),
        mime_type=_shared(item.get("mime_type")),
        status=NoteStatus(item["status"]),
        transcript=_optional(item.get("transcript")),
        transcript_source=_shared(item.get("transcript_source")),
        words=parsed_words(item.get("words", ())),
        starred=item.get("starred") is True,
        forwarded=item.get("forwarded") is True,
        view_once=item.get("view_once") is True,
        message_id=parsed_text(item.get("message_id", "")),
        whatsapp_path=_optional(item.get("whatsapp_path")),
        sha256=_shared(item.get("sha256")),
        waveform=_waveform(item.get("waveform", [])),
        before=pool.kept(parsed_messages(item.get("before", ()))),
        after=pool.kept(parsed_messages(item.get("after", ()))),
        reply_to=parsed_reply(item.get("reply_to")),
        reactions=parsed_reactions(item.get("reactions", ())),
        folder=folder,
    )


def parsed_words(value: Any) -> Words:
    """Words and their times from JSON.

    Raises:
        ValueError, TypeError: `value` is not a list of words with their times.
    """
    return tuple(
        (_seconds(start), _seconds(end), whole_text(str(word))) for start, end, word in value
    )


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:  # nor NaN
        raise ValueError("not a time in a recording")
    return float(value)


def _optional(value: object) -> str | None:
    return None if value is None else parsed_text(value)


def _waveform(value: object) -> Sequence[int]:
    if not isinstance(value, list):
        raise TypeError("not an array")
    return compact(whole_number(each) or 0 for each in value)


def _duration(value: object) -> float | None:
    if isinstance(value, float) and 0 <= value <= LARGEST:
        return value
    return whole_number(value)


def _shared(value: object) -> str | None:
    return None if value is None else intern(parsed_text(value))
