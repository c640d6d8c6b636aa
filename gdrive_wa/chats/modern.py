"""Messages of the current schema: ``message`` and ``message_media``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from sys import intern
from typing import Any, NamedTuple

from gdrive_wa.chats.merged import Key
from gdrive_wa.chats.people import UNKNOWN_CHAT, Jids, People, sender_in
from gdrive_wa.chats.spoken import is_named_as_spoken, is_spoken
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, flag, moment, positive, sha256_hex, text, waveform
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.model import VoiceNote

PUSH_TO_TALK = 1
"""``origin`` of a note recorded in the app; voice notes may have other values too."""
ATTACHED = "attached"
"""The counter for audio that is not a voice note."""

NO_ROW = 1 << 61
"""This number and higher ones are not those of any row."""
_AUDIO = 2
_ONCE = 82
_MAYBE_AUDIO = (81, 103)
_FORWARDED = 1

_MESSAGE = (
    "_id",
    "chat_row_id",
    "from_me",
    "key_id",
    "sender_jid_row_id",
    "origination_flags",
    "origin",
    "timestamp",
    "received_timestamp",
    "message_type",
    "starred",
)
_MEDIA = (
    "message_row_id",
    "file_path",
    "file_size",
    "file_length",
    "mime_type",
    "media_name",
    "media_duration",
    "file_hash",
    "raw_transcription_text",
    "chat_row_id",
)
_SPOKEN_NAME = "(file_path LIKE '%PTT-%' OR file_path LIKE '%Voice Notes/%')"


class MediaRow(NamedTuple):
    """A row of ``message_media``."""

    path: str | None
    size: int | None
    mime_type: str | None
    name: str | None
    duration: int | None
    sha256: str | None
    transcript: str | None
    chat_row: int | None = None


NO_MEDIA = MediaRow(None, None, None, None, None, None, None)


def read_media(tables: Tables) -> dict[int, MediaRow]:
    """The media rows of the messages of :meth:`Tables.select_ids`, by message number."""
    found: dict[int, MediaRow] = {}
    for row in tables.rows("message_media", _MEDIA, wanted="message_row_id"):
        number = as_int(row[0])
        if number is not None and number not in found:
            found[number] = MediaRow(
                path=_shared(text(row[1])),
                size=positive(row[2], row[3]),
                mime_type=_shared(text(row[4])),
                name=text(row[5]),
                duration=positive(row[6]),
                sha256=sha256_hex(row[7]),
                transcript=text(row[8]),
                chat_row=positive(row[9]),
            )
    return found


def _shared(value: str | None) -> str | None:
    """The same object for a text that thousands of rows repeat, or that a listing has too."""
    return None if value is None else intern(value)


def is_voice_note(
    kind: int | None,
    origin: int | None,
    media: MediaRow,
    *,
    drawn: bool = False,
    forwarded: bool = False,
) -> bool:
    """Whether a message of that type and origin is a voice note.

    Args:
        kind: the message's type.
        origin: the message's origin; None if the database does not have it.
        media: the message's file.
        drawn: the app drew a waveform for it.
        forwarded: it was forwarded.
    """
    if kind == _ONCE:
        return True
    if kind in _MAYBE_AUDIO:
        return (media.mime_type or "").lower().startswith("audio/")
    return is_spoken(
        marked=None if origin is None else origin == PUSH_TO_TALK,
        mime_type=media.mime_type,
        path=media.path or media.name,
        waveform=drawn,
        forwarded=forwarded,
    )


class ModernMessages:
    """The messages of one database of the current schema.

    Args:
        tables: the database.
        jids: the jids of the database.
        people: gives names to jids.

    Attributes:
        numbers: the row numbers of the audio messages that :meth:`voice_notes` has read.
    """

    def __init__(self, tables: Tables, jids: Jids, people: People) -> None:
        self.numbers: dict[Key, int] = {}
        self._tables = tables
        self._jids = jids
        self._people = people
        self._chats = {
            as_int(row_id): jid
            for row_id, jid_row in tables.rows("chat", ("_id", "jid_row_id"))
            if (jid := jids.jid_at(jid_row)) is not None
        }
        self._known: dict[tuple[object, ...], tuple[str, str, str, str | None, bool]] = {}

    def voice_notes(self, left_out: Counter[str]) -> Iterator[VoiceNote]:
        """The voice notes, in no particular order.

        Args:
            left_out: counts audio messages that are not voice notes.
        """
        if not self._tables.has("message", "_id"):
            return
        kinds = "CAST(message_type AS INTEGER) IN (2, 81, 82, 103)"
        if not self._tables.has("message", "message_type"):
            kinds = "0"
            if self._tables.has("message_media", "message_row_id", "file_path"):
                kinds = f"_id IN (SELECT message_row_id FROM message_media WHERE {_SPOKEN_NAME})"  # noqa: S608 - a constant
        messages = list(self._tables.rows("message", _MESSAGE, kinds))
        self._tables.select_ids(
            number for row in messages if (number := as_int(row[0])) is not None
        )
        media, extras = read_media(self._tables), _Extras(self._tables)
        for row in messages:
            number, kind = as_int(row[0]) or 0, as_int(row[9])
            if type(row[0]) is int and number < NO_ROW:
                chat_jid = self._chats.get(as_int(row[1]), "")
                self.numbers[chat_jid, text(row[3]) or f"row {number}", flag(row[2])] = number
            file = media.get(number, NO_MEDIA)
            drawn, forwarded = number in extras.waveforms, extras.is_forwarded(number, row[5])
            if is_voice_note(kind, as_int(row[6]), file, drawn=drawn, forwarded=forwarded):
                yield self._note(number, row, file, extras)
            elif kind == _AUDIO:
                left_out[ATTACHED] += 1

    def numbers_of_files(self, wanted: Callable[[str | None, str | None], bool]) -> Iterator[int]:
        """The numbers of the messages with a file that `wanted` accepts."""
        columns = ("message_row_id", "file_path", "media_name", "file_hash")
        for row_id, path, name, sha256 in self._tables.rows("message_media", columns):
            number, shown, promised = as_int(row_id), text(path) or text(name), sha256_hex(sha256)
            if number is not None and (shown or promised) and wanted(shown, promised):
                yield number

    def with_files(self, numbers: Iterable[int]) -> Iterator[tuple[int | None, VoiceNote]]:
        """The messages of those numbers that have a file, of whatever type.

        Returns:
            Each with its type. Of a deleted message, only its file and its chat are left.
        """
        self._tables.select_ids(numbers)
        media, extras = read_media(self._tables), _Extras(self._tables)
        for row in self._tables.rows("message", _MESSAGE, wanted="_id"):
            number = as_int(row[0]) or 0
            if (file := media.pop(number, None)) is not None:
                yield as_int(row[9]), self._note(number, row, file, extras)
        for number, file in media.items():
            nothing = (number, file.chat_row, *[None] * (len(_MESSAGE) - 2))
            left = self._note(number, nothing, file, extras)
            yield None, replace(left, sender="Unknown", sender_jid=None)

    def _note(
        self, number: int, row: tuple[Any, ...], file: MediaRow, extras: _Extras
    ) -> VoiceNote:
        _, chat_row, from_me, key_id, sender_row, flags, _, sent, received, kind, starred = row
        who = (as_int(chat_row), flag(from_me), as_int(sender_row), file.chat_row)
        known = self._known.get(who)
        if known is None:
            known = self._known[who] = self._who(*who)
        chat, chat_jid, sender, sender_jid, mine = known
        return VoiceNote(
            chat=chat,
            chat_jid=chat_jid,
            sender=sender,
            sender_jid=sender_jid,
            from_me=mine,
            sent_at=moment(sent, received),
            duration=file.duration,
            size=file.size,
            mime_type=file.mime_type,
            transcript=file.transcript,
            starred=flag(starred),
            forwarded=extras.is_forwarded(number, flags),
            view_once=as_int(kind) == _ONCE or number in extras.once,
            message_id=text(key_id) or f"row {number}",
            whatsapp_path=file.path or (file.name if is_named_as_spoken(file.name) else None),
            sha256=file.sha256,
            waveform=extras.waveforms.get(number, ()),
        )

    def _who(
        self, chat_row: int | None, mine: bool, sender_row: int | None, chat_of_file: int | None
    ) -> tuple[str, str, str, str | None, bool]:
        """The name and jid of a chat, those of a sender in it, and whether that is the owner."""
        chat_jid = self._chats.get(chat_row) or self._chats.get(chat_of_file) or UNKNOWN_CHAT
        sender_jid = sender_in(chat_jid, self._jids.jid_at(sender_row), mine=mine)
        sender = self._people.sender(sender_jid, from_me=mine)
        return self._people.chat(chat_jid), chat_jid, sender, sender_jid, mine


def lost_media(tables: Tables) -> int:
    """The number of voice note files whose message is gone."""
    if not tables.has("message", "_id") or not tables.has(
        "message_media", "message_row_id", "file_path"
    ):
        return 0
    known = "SELECT _id FROM message"
    if tables.has("messages", "_id"):
        known += " UNION ALL SELECT _id FROM messages"
    return tables.count("message_media", f"{_SPOKEN_NAME} AND message_row_id NOT IN ({known})")


class _Extras:
    """Facts about the wanted messages from other tables."""

    def __init__(self, tables: Tables) -> None:
        def ids(table: str) -> set[int]:
            rows = tables.rows(table, ("message_row_id",), wanted="message_row_id")
            return {number for (value,) in rows if (number := as_int(value)) is not None}

        self.forwarded = ids("message_forwarded")
        self.once = ids("message_view_once_media")
        self.waveforms: dict[int, Sequence[int]] = {}
        columns = ("message_row_id", "waveform")
        for value, shape in tables.rows("audio_data", columns, wanted="message_row_id"):
            if drawn := waveform(shape):
                self.waveforms[as_int(value) or 0] = drawn

    def is_forwarded(self, number: int, flags: object) -> bool:
        """True if the message of that number was forwarded."""
        return bool((as_int(flags) or 0) & _FORWARDED) or number in self.forwarded
