"""Voice notes as the compact table that the page reads: each name once, each note one row."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from gdrive_wa.core.model import WHATSAPP, NoteStatus, VoiceNote
from gdrive_wa.core.pictures import parse_picture
from gdrive_wa.pages.page_context import Messages
from gdrive_wa.pages.page_text import (
    local_seconds,
    local_time,
    safe_path,
    without_surrogates,
)
from gdrive_wa.pages.page_words import DIGITS, encode_words

STATUSES = ("restored", "missing", "unmatched", "mismatch", "failed")
"""A row holds the index of a status in this tuple; `assets/notes.js` uses the same order. Any
other status is shown as missing."""

_ALWAYS = 12
"""Fields that every row has."""

FROM_ME, STARRED, FORWARDED, VIEW_ONCE = 1, 2, 4, 8

LOUDNESS = DIGITS
"""One character for each waveform value, quietest first."""

_CHARACTER = bytes(ord(LOUDNESS[min(value, 100) * 63 // 100]) for value in range(256))
LARGEST_PHOTOS = 3 * 1024 * 1024
"""Bytes of all photos on a page; those of people with the most notes come first."""


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
            local=local_time(note.sent_at, timezone),
            file=safe_path(note.file),
        )
        for note in notes
    ]
    return sorted(
        page_notes, key=lambda entry: entry.note.sent_at or datetime.max.replace(tzinfo=UTC)
    )


def page_data(
    page_notes: Sequence[PageNote],
    *,
    timezone: tzinfo | None = None,
    photos: Mapping[str, bytes] | None = None,
) -> dict[str, object]:
    """The data that the page's script reads.

    ``chats`` and ``people`` hold pairs of jid and name, ``folders`` the folders of the files,
    ``sources`` those of the transcripts, ``photos`` a data URL for each jid that has one, and
    ``messages``, ``names`` and ``kinds`` what :class:`Messages` collects.

    ``notes`` has one row for each note: chat and speaker (indices into those lists), flags, seconds
    of local time since 1970 (None when unknown), minutes that local time is ahead of UTC, duration
    in seconds, folder (-1 for no file), file name, status, message id, waveform, transcript. Where
    there is one, also the transcript's source (index), the starts and the places of its words (see
    :func:`encode_words`), and what is around the note (see :meth:`Messages.around`).
    """
    chats: dict[tuple[str, str], int] = {}
    people: dict[tuple[str, str], int] = {}
    folders: dict[str, int] = {}
    sources: dict[str, int] = {}
    messages = Messages()
    rows: list[object] = []
    for entry in page_notes:
        note = entry.note
        folder, _, name = (entry.file or "").rpartition("/")
        rows.append(
            _trimmed(
                chats.setdefault(_identity(note.chat_jid, note.chat), len(chats)),
                people.setdefault(_identity(note.sender_jid, note.sender), len(people)),
                _flags(note),
                *_clock(entry.local),
                round(note.duration or 0, 1),
                -1
                if entry.file is None
                else folders.setdefault(without_surrogates(folder), len(folders)),
                without_surrogates(name),
                _status(note.status),
                without_surrogates(note.message_id),
                _encode_waveform(note.waveform),
                without_surrogates(note.transcript or ""),
                *_transcript(note, sources),
                messages.around(note, timezone),
            )
        )
    return {
        "chats": _named(chats, ((one.note.chat_jid, one.note.chat) for one in page_notes)),
        "people": _named(people, ((one.note.sender_jid, one.note.sender) for one in page_notes)),
        "folders": list(folders),
        "sources": list(sources),
        "photos": _photos(photos or {}, page_notes),
        "names": messages.names,
        "kinds": messages.kinds,
        "messages": messages.rows,
        "notes": rows,
    }


def _trimmed(*row: object) -> tuple[object, ...]:
    """`row` without the empty fields at its end, which only some notes have."""
    end = len(row)
    while end > _ALWAYS and not row[end - 1]:
        end -= 1
    return row[:end]


def _transcript(note: VoiceNote, sources: dict[str, int]) -> tuple[int, str, str]:
    if not note.transcript:
        return 0, "", ""
    source = without_surrogates(note.transcript_source or WHATSAPP)
    words = ((start, end, without_surrogates(word)) for start, end, word in note.words)
    number = sources.setdefault(source, len(sources))
    return (number, *encode_words(without_surrogates(note.transcript), words))


def _status(status: NoteStatus) -> int:
    return STATUSES.index(str(status)) if str(status) in STATUSES else STATUSES.index("missing")


def _named(
    identities: Iterable[tuple[str, str]], notes: Iterable[tuple[str | None, str]]
) -> list[tuple[str, str]]:
    """Each identity as a jid and a name: the name of the last note with this jid."""
    names = {without_surrogates(jid or ""): without_surrogates(name) for jid, name in notes}
    return [(jid, names[jid] if jid else name) for jid, name in identities]


def _photos(photos: Mapping[str, bytes], page_notes: Iterable[PageNote]) -> dict[str, str]:
    """A data URL for each photo of the chats and people, as many as a page may have."""
    shown: dict[str, str] = {}
    if not photos:
        return shown
    often = Counter(
        jid for one in page_notes for jid in {one.note.chat_jid, one.note.sender_jid} if jid
    )
    size = 0
    for jid, _ in sorted(often.items(), key=lambda item: (-item[1], item[0])):
        picture = parse_picture(photos.get(jid, b""))
        if picture is not None and size + len(picture.content) <= LARGEST_PHOTOS:
            size += len(picture.content)
            content = base64.b64encode(picture.content).decode("ascii")
            shown[without_surrogates(jid)] = f"data:{picture.mime_type};base64,{content}"
    return shown


def _identity(jid: str | None, name: str) -> tuple[str, str]:
    """What identifies a chat or a person: the jid, or the name when there is no jid."""
    return (without_surrogates(jid), "") if jid else ("", without_surrogates(name))


def _clock(local: datetime | None) -> tuple[int | None, int]:
    if local is None:
        return None, 0
    ahead = local.utcoffset()
    return local_seconds(local), int(ahead.total_seconds() // 60) if ahead else 0


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
