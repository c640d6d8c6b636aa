"""Summaries of a run in terms of voice notes and kinds of media rather than files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from gdrive_wa.cli import output
from gdrive_wa.cli.formatting import size
from gdrive_wa.core.kinds import kind_of
from gdrive_wa.core.model import NoteCounts, NoteStatus, Report, VoiceNote

_MEANINGS = {
    NoteStatus.MISSING: "a chat mentions it, but the backup does not contain it",
    NoteStatus.FAILED: "the backup contains it, but it could not be fetched or opened"
    " (try again; perhaps it needs an older key)",
    NoteStatus.UNMATCHED: "a recording that no chat mentions",
    NoteStatus.MISMATCH: "not the recording that the chat refers to",
}


def count_notes(notes: Sequence[VoiceNote]) -> str:
    """The number of voice notes in total and by status, as text."""
    return _count(Counter(str(note.status) for note in notes))


def _count(statuses: Mapping[str, int]) -> str:
    total = sum(statuses.values())
    if not total:
        return "no voice notes"
    counts = ", ".join(f"{statuses[each]} {each}" for each in NoteStatus if statuses.get(each))
    return f"{total} voice note{'' if total == 1 else 's'}: {counts}"


def print_archive(folder: Path, notes: NoteCounts | None) -> None:
    """Print how many voice notes the archive in `folder` has, how to see those with a problem,
    and where to listen.
    """
    messages = output.messages()
    if notes is not None:
        chats = f" (in {notes.chats} chat{'' if notes.chats == 1 else 's'})" if notes.chats else ""
        messages.say(_count(notes.statuses) + chats)
        for status, meaning in _MEANINGS.items():
            if notes.statuses.get(status):
                command = f'gdrive-wa notes "{folder}" --status {status}'
                messages.hint(f"{status}: {meaning}; to list them: {command}")
        for remark in notes.remarks:
            messages.say(remark)
    messages.say(f"to listen, open {(folder / 'index.html').resolve()} in a browser")


def print_plan(report: Report) -> None:
    """Print what a dry run would do: a line for each kind of media, with files and size."""
    files: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    for outcome in report.done:
        kind = str(kind_of(outcome.path))
        files[kind] += 1
        moved[kind] += outcome.bytes
    rows = [[kind, str(number), size(moved[kind])] for kind, number in sorted(files.items())]
    output.print_table(None, ["kind", "files", "size"], rows)
