"""What a run came to, in a person's words: voice notes and kinds, not files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gdrive_wa.cli import talk
from gdrive_wa.cli.shown import size
from gdrive_wa.core.kinds import kind_of
from gdrive_wa.core.model import NoteStatus, Report, VoiceNote

_MEANINGS = {
    NoteStatus.MISSING: "the chats mention it, the backup does not hold it",
    NoteStatus.UNMATCHED: "a recording that no chat mentions",
    NoteStatus.MISMATCH: "not the recording that the chat promises",
}
_NOT_CHOSEN = "not chosen by the options of this run, or not in the backup"


def count_notes(notes: Sequence[VoiceNote]) -> str:
    """How many voice notes there are, and how each ended."""
    if not notes:
        return "no voice notes"
    counts = Counter(note.status for note in notes)
    told = ", ".join(f"{counts[status]} {status}" for status in NoteStatus if counts[status])
    return f"{len(notes)} voice note{'' if len(notes) == 1 else 's'}: {told}"


def tell_archive(folder: Path, *, chosen: bool = False) -> None:
    """How many voice notes the archive in `folder` has now, what is wrong with any of them and
    how to see which, and where to listen. After a run that took only what was `chosen`, a note
    may be missing because nobody asked for it.
    """
    from gdrive_wa.archive.archive import open_archive  # noqa: PLC0415 - not for a dry run

    voice = talk.voice()
    notes = open_archive(folder).notes()
    chats = {note.chat_jid for note in notes}
    within = f" (in {len(chats)} chat{'' if len(chats) == 1 else 's'})" if notes else ""
    voice.say(count_notes(notes) + within)
    ended = {note.status for note in notes}
    meanings = {**_MEANINGS, NoteStatus.MISSING: _NOT_CHOSEN} if chosen else _MEANINGS
    for status, meaning in meanings.items():
        if status in ended:
            voice.hint(f'{status}: {meaning}: gdrive-wa notes "{folder}" --status {status}')
    voice.say(f"listen: open {(folder / 'index.html').resolve()} in a browser")


def tell_plan(report: Report) -> None:
    """What a dry run would do, on stdout: a line a kind, with files and size."""
    files: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    for outcome in report.done:
        kind = str(kind_of(outcome.path))
        files[kind] += 1
        moved[kind] += outcome.bytes
    rows = [[kind, str(number), size(moved[kind])] for kind, number in sorted(files.items())]
    talk.print_table(None, ["kind", "files", "size"], rows)
