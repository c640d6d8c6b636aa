"""What a run came to, in a person's words: voice notes and kinds, not files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from gdrive_wa.cli import output
from gdrive_wa.cli.formatting import size
from gdrive_wa.core.kinds import kind_of
from gdrive_wa.core.model import NoteCounts, NoteStatus, Report, VoiceNote

_MEANINGS = {
    NoteStatus.MISSING: "the chats mention it, the backup does not hold it",
    NoteStatus.UNMATCHED: "a recording that no chat mentions",
    NoteStatus.MISMATCH: "not the recording that the chat promises",
}
_NOT_CHOSEN = "not chosen by the options of this run, or not in the backup"


def count_notes(notes: Sequence[VoiceNote]) -> str:
    """How many voice notes there are, and how each ended."""
    return _count(Counter(str(note.status) for note in notes))


def _count(statuses: Mapping[str, int]) -> str:
    total = sum(statuses.values())
    if not total:
        return "no voice notes"
    counts = ", ".join(f"{statuses[each]} {each}" for each in NoteStatus if statuses.get(each))
    return f"{total} voice note{'' if total == 1 else 's'}: {counts}"


def print_archive(folder: Path, notes: NoteCounts | None, *, chosen: bool = False) -> None:
    """How many voice notes the archive in `folder` has now, what is wrong with any of them and
    how to see which, and where to listen. After a run that took only what was `chosen`, a note
    may be missing because nobody asked for it.
    """
    messages = output.messages()
    if notes is not None:
        chats = f" (in {notes.chats} chat{'' if notes.chats == 1 else 's'})" if notes.chats else ""
        messages.say(_count(notes.statuses) + chats)
        meanings = {**_MEANINGS, NoteStatus.MISSING: _NOT_CHOSEN} if chosen else _MEANINGS
        for status, meaning in meanings.items():
            if notes.statuses.get(status):
                messages.hint(f'{status}: {meaning}: gdrive-wa notes "{folder}" --status {status}')
    messages.say(f"listen: open {(folder / 'index.html').resolve()} in a browser")


def print_plan(report: Report) -> None:
    """What a dry run would do, on stdout: a line a kind, with files and size."""
    files: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    for outcome in report.done:
        kind = str(kind_of(outcome.path))
        files[kind] += 1
        moved[kind] += outcome.bytes
    rows = [[kind, str(number), size(moved[kind])] for kind, number in sorted(files.items())]
    output.print_table(None, ["kind", "files", "size"], rows)
