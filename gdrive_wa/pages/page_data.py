"""Write voice notes as the compact table that the page reads: each name once, each note one row."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from gdrive_wa.core.local_clock import LocalClock
from gdrive_wa.core.model import WHATSAPP, NoteStatus, VoiceNote
from gdrive_wa.core.pictures import parse_picture
from gdrive_wa.pages.json_rows import JsonRows, json_text
from gdrive_wa.pages.page_context import Messages
from gdrive_wa.pages.page_text import safe_path, without_surrogates
from gdrive_wa.pages.page_words import DIGITS, encode_words

STATUSES = ("restored", "missing", "unmatched", "mismatch", "failed")
"""A row holds the index of a status in this tuple; `assets/notes.js` uses the same order. Any
other status is shown as missing."""

_ALWAYS = 12
"""Fields that every row has."""

FROM_ME, STARRED, FORWARDED, VIEW_ONCE = 1, 2, 4, 8

LOUDNESS = DIGITS
"""One character for each waveform value, quietest first."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, whatever the zone
_CHARACTER = bytes(ord(LOUDNESS[min(value, 100) * 63 // 100]) for value in range(256))
LARGEST_PHOTOS = 3 * 1024 * 1024
"""Maximum bytes of all photos on a page; people and chats with the most notes come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNote:
    """A note, with a safe path.

    Attributes:
        note: the note.
        file: its path in the archive; None if it has no file, or the path leads out of the
            archive.
    """

    note: VoiceNote
    file: str | None


def sorted_notes(notes: Iterable[VoiceNote]) -> list[VoiceNote]:
    """The notes by time sent, oldest first; those without a time come last, in the given order."""
    return sorted(notes, key=lambda note: note.sent_at or datetime.max.replace(tzinfo=UTC))


class PageData:
    """The data that the page's script reads, collected note by note.

    ``chats`` and ``people`` hold pairs of jid and name, ``folders`` the folders of the files,
    ``sources`` those of the transcripts, ``photos`` a data URL for each jid that has one, and
    ``messages``, ``names``, ``kinds``, ``about`` and ``files`` what :class:`Messages` collects.

    ``notes`` has one row for each note: chat and speaker (indices into those lists), flags, seconds
    of local time since 1970 (None if unknown), minutes by which local time is ahead of UTC,
    duration in seconds, folder (-1 for no file), file name (a number if it is the local time and
    one of ``endings``), status, message id, waveform, transcript. Only rows that need them have
    further fields: the transcript's source (index), the starts and the places of its words (see
    :func:`encode_words`), and the context of the note (see :meth:`Messages.around`).

    Args:
        notes: receives the rows of the notes.
        messages: receives the rows of the messages around them.
        timezone: the time zone of the page; None for this machine's time zone.
    """

    def __init__(self, notes: JsonRows, messages: JsonRows, timezone: tzinfo | None = None) -> None:
        self._clock = LocalClock(timezone)
        self._chats, self._people = _Names(), _Names()
        self._folders: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._endings: dict[str, int] = {}
        self._messages = Messages(messages, self._clock)
        self._notes = notes

    def add(self, note: VoiceNote) -> PageNote:
        """Append `note`. Notes must be added in the order of :func:`sorted_notes`."""
        entry = PageNote(note=note, file=safe_path(note.file))
        self._notes.add(self._row(entry))
        return entry

    def pieces(self, identity: str, photos: Mapping[str, bytes]) -> Iterator[bytes]:
        """The data as JSON in UTF-8, in pieces.

        Args:
            identity: the archive's id.
            photos: images by jid.
        """
        messages = self._messages
        head = {
            "chats": self._chats.pairs(),
            "people": self._people.pairs(),
            "folders": list(self._folders),
            "sources": list(self._sources),
            "endings": list(self._endings),
            "photos": _photos(photos, self._chats.counts + self._people.counts),
            "names": messages.names,
            "kinds": messages.kinds,
            "about": messages.about,
            "files": messages.files,
        }
        yield json_text(head)[:-1].encode()
        for name, rows in (("messages", messages.rows), ("notes", self._notes)):
            yield f',"{name}":'.encode()
            yield from rows.pieces()
        yield f',"id":{json_text(identity)}}}'.encode()

    def _row(self, entry: PageNote) -> tuple[object, ...]:
        note = entry.note
        folder, _, name = (entry.file or "").rpartition("/")
        seconds, ahead = self._local(note)
        return _trimmed(
            self._chats.index(note.chat_jid, note.chat),
            self._people.index(note.sender_jid, note.sender),
            _flags(note),
            seconds,
            ahead,
            round(note.duration or 0, 1),
            -1
            if entry.file is None
            else self._folders.setdefault(without_surrogates(folder), len(self._folders)),
            self._name(seconds, without_surrogates(name)),
            _status(note.status),
            without_surrogates(note.message_id),
            _encode_waveform(note.waveform),
            without_surrogates(note.transcript or ""),
            *_transcript(note, self._sources),
            self._messages.around(note),
        )

    def _local(self, note: VoiceNote) -> tuple[int | None, int]:
        """Seconds of local time since 1970, and by how many minutes it is ahead of UTC."""
        if note.sent_at is None:
            return None, 0
        seconds, ahead = self._clock.seconds(note.sent_at)
        return seconds, ahead // 60

    def _name(self, seconds: int | None, name: str) -> str | int:
        """The name of the note's file. If it begins with the note's local time, as archives name
        files, only the number of the rest in ``endings``."""
        if not name or seconds is None or seconds < 0:
            return name
        local = _EPOCH + timedelta(seconds=seconds)
        start = local.isoformat(" ", "seconds").replace(":", ".") + " "
        if not name.startswith(start):
            return name
        return self._endings.setdefault(name[len(start) :], len(self._endings))


class _Names:
    """Chats or people, identified by jid, or by name if they have no jid.

    Attributes:
        counts: the number of notes of each jid.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._at: dict[tuple[str, str], int] = {}
        self._latest: dict[str, str] = {}
        self._known: dict[tuple[str | None, str], tuple[int, str, str]] = {}

    def index(self, jid: str | None, name: str) -> int:
        """The number of the chat or person with this jid, whose latest name is `name`."""
        known = self._known.get((jid, name))
        if known is None:
            known = self._known[jid, name] = self._add(without_surrogates(jid or ""), name)
        number, shown_jid, shown = known
        if shown_jid:
            self._latest[shown_jid] = shown
            self.counts[shown_jid] += 1
        return number

    def _add(self, jid: str, name: str) -> tuple[int, str, str]:
        shown = without_surrogates(name)
        key = (jid, "") if jid else ("", shown)
        return self._at.setdefault(key, len(self._at)), jid, shown

    def pairs(self) -> list[tuple[str, str]]:
        """A pair of jid and name for each; the name is that of the last note with this jid."""
        return [(jid, self._latest[jid] if jid else name) for jid, name in self._at]


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


def _photos(photos: Mapping[str, bytes], counts: Mapping[str, int]) -> dict[str, str]:
    """A data URL for each photo, as far as :data:`LARGEST_PHOTOS` allows."""
    shown: dict[str, str] = {}
    size = 0
    known = {without_surrogates(jid): content for jid, content in photos.items()}
    for jid in sorted(counts.keys() & known.keys(), key=lambda jid: (-counts[jid], jid)):
        picture = parse_picture(known[jid])
        if picture is not None and size + len(picture.content) <= LARGEST_PHOTOS:
            size += len(picture.content)
            content = base64.b64encode(picture.content).decode("ascii")
            shown[jid] = f"data:{picture.mime_type};base64,{content}"
    return shown


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
