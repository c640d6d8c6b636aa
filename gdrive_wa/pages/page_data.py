"""Voice notes as the compact table that the page reads: each name once, each note one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.model import NoteStatus, VoiceNote
from gdrive_wa.core.names import parts_of

STATUSES = (
    NoteStatus.RESTORED,
    NoteStatus.MISSING,
    NoteStatus.UNMATCHED,
    NoteStatus.MISMATCH,
    NoteStatus.FAILED,
)
"""A row holds the index of a status in this tuple; `assets/notes.js` uses the same order."""

FROM_ME, STARRED, FORWARDED, VIEW_ONCE = 1, 2, 4, 8

LOUDNESS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
"""One character for each waveform value, quietest first."""

_CHARACTER = bytes(ord(LOUDNESS[min(value, 100) * 63 // 100]) for value in range(256))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNote:
    """A note, with its local time and a safe path.

    Attributes:
        note: the note.
        local: when it was sent, in the listener's time zone; None when unknown.
        file: its path in the archive; None when it has no file, or the path leads out of the
            archive.
    """

    note: VoiceNote
    local: datetime | None
    file: str | None


def sorted_notes(notes: Iterable[VoiceNote], timezone: tzinfo | None) -> list[PageNote]:
    """The notes by time sent, oldest first; those without a time come last, in the given order.

    `timezone` is that of the local times; None for this machine's time zone.
    """
    page_notes = [
        PageNote(
            note=note,
            local=_local(note.sent_at, timezone),
            file=_safe_path(note.file),
        )
        for note in notes
    ]
    return sorted(
        page_notes, key=lambda entry: entry.note.sent_at or datetime.max.replace(tzinfo=UTC)
    )


def page_data(page_notes: Sequence[PageNote]) -> dict[str, list[object]]:
    """The data that the page's script reads.

    ``chats`` and ``people`` hold pairs of jid and name, ``folders`` the folders of the files, and
    ``notes`` one row for each note: chat and speaker (indices into those lists), flags, seconds of
    local time since 1970 (None when unknown), minutes that local time is ahead of UTC, duration in
    seconds, folder (-1 for no file), file name, status, message id, waveform, transcript.
    """
    chats: dict[tuple[str, str], int] = {}
    people: dict[tuple[str, str], int] = {}
    folders: dict[str, int] = {}
    rows: list[object] = []
    for entry in page_notes:
        note = entry.note
        folder, _, name = (entry.file or "").rpartition("/")
        rows.append(
            (
                chats.setdefault(_identity(note.chat_jid, note.chat), len(chats)),
                people.setdefault(_identity(note.sender_jid, note.sender), len(people)),
                _flags(note),
                *_clock(entry.local),
                round(note.duration or 0, 1),
                -1
                if entry.file is None
                else folders.setdefault(without_surrogates(folder), len(folders)),
                without_surrogates(name),
                STATUSES.index(note.status),
                without_surrogates(note.message_id),
                _encode_waveform(note.waveform),
                without_surrogates(note.transcript or ""),
            )
        )
    named = {
        without_surrogates(entry.note.chat_jid): without_surrogates(entry.note.chat)
        for entry in page_notes
    }
    spoken = {
        without_surrogates(entry.note.sender_jid or ""): without_surrogates(entry.note.sender)
        for entry in page_notes
    }
    return {
        "chats": [(jid, named[jid] if jid else name) for jid, name in chats],
        "people": [(jid, spoken[jid] if jid else name) for jid, name in people],
        "folders": list(folders),
        "notes": rows,
    }


def without_surrogates(text: str) -> str:
    """`text` without lone surrogates, which neither UTF-8 nor a URL can contain."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _identity(jid: str | None, name: str) -> tuple[str, str]:
    """What identifies a chat or a person: the jid, or the name when there is no jid."""
    return (without_surrogates(jid), "") if jid else ("", without_surrogates(name))


def _safe_path(file: str | None) -> str | None:
    """`file`; None when its path could lead out of the archive's folder."""
    if file is None:
        return None
    try:
        parts_of(file)
    except UnsafeNameError:
        return None
    return file


def _local(moment: datetime | None, timezone: tzinfo | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.astimezone(timezone)
    except (OverflowError, OSError):  # a phone's clock in the year 1 or 9999
        return moment.astimezone(UTC)


def _clock(local: datetime | None) -> tuple[int | None, int]:
    if local is None:
        return None, 0
    ahead = local.utcoffset()
    seconds = (local.replace(tzinfo=UTC) - _EPOCH).total_seconds()
    return int(seconds), int(ahead.total_seconds() // 60) if ahead else 0


def _flags(note: VoiceNote) -> int:
    return (
        FROM_ME * note.from_me
        | STARRED * note.starred
        | FORWARDED * note.forwarded
        | VIEW_ONCE * note.view_once
    )


def _encode_waveform(waveform: Sequence[int]) -> str:
    try:
        values = bytes(waveform)
    except ValueError:  # something below 0 or above 255
        values = bytes(min(max(value, 0), 100) for value in waveform)
    return values.translate(_CHARACTER).decode("ascii")
