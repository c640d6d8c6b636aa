"""Voice notes of the current schema: ``message`` and ``message_media``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gdrive_wa.chats.people import UNKNOWN_CHAT, Jids, People, is_person
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import flag, moment, positive, sha256_hex, text, waveform, whole
from gdrive_wa.core.model import VoiceNote

PUSH_TO_TALK = 1
"""``origin`` of a note that was spoken into the app; other origins are attached audio files."""

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
)
_WANTED = "message_row_id IN (SELECT id FROM temp.wanted)"
_SPOKEN_NAME = "(file_path LIKE '%PTT-%' OR file_path LIKE '%Voice Notes/%')"


@dataclass(frozen=True, slots=True)
class MediaRow:
    """What ``message_media`` says of one file."""

    path: str | None
    size: int | None
    mime_type: str | None
    name: str | None
    duration: int | None
    sha256: str | None
    transcript: str | None


NO_MEDIA = MediaRow(None, None, None, None, None, None, None)


def read_media(tables: Tables) -> dict[int, MediaRow]:
    """The files of the wanted messages, by message."""
    found: dict[int, MediaRow] = {}
    if not tables.has("message_media", "message_row_id"):
        return found
    for row in tables.rows("message_media", _MEDIA, _WANTED):
        number = whole(row[0])
        if number is not None and number not in found:
            found[number] = MediaRow(
                path=text(row[1]),
                size=positive(row[2], row[3]),
                mime_type=text(row[4]),
                name=text(row[5]),
                duration=positive(row[6]),
                sha256=sha256_hex(row[7]),
                transcript=text(row[8]),
            )
    return found


def is_voice_note(kind: int | None, origin: int | None, media: MediaRow) -> bool:
    """Push-to-talk as against an audio file that somebody attached."""
    if kind == _ONCE:
        return True
    mime_type = (media.mime_type or "").lower()
    if kind in _MAYBE_AUDIO:
        return mime_type.startswith("audio/")
    if origin is not None:
        return origin == PUSH_TO_TALK
    path = media.path or media.name or ""
    spoken = "ptt-" in path.lower() or "voice notes/" in path.lower().replace("\\", "/")
    return spoken and ("opus" in mime_type or not mime_type or "audio" in mime_type)


def read_modern(tables: Tables, jids: Jids, people: People) -> Iterator[VoiceNote]:
    """The voice notes of ``message``, in no particular order."""
    if not tables.has("message", "_id"):
        return
    kinds = "CAST(message_type AS INTEGER) IN (2, 81, 82, 103)"
    if not tables.has("message", "message_type"):
        kinds = "0"
        if tables.has("message_media", "message_row_id", "file_path"):
            kinds = f"_id IN (SELECT message_row_id FROM message_media WHERE {_SPOKEN_NAME})"  # noqa: S608 - a constant
    messages = list(tables.rows("message", _MESSAGE, kinds))
    tables.want(number for row in messages if (number := whole(row[0])) is not None)
    media = read_media(tables)
    extras = _Extras(tables)
    chats = _chats(tables, jids)
    for row in messages:
        number = whole(row[0]) or 0
        file = media.get(number, NO_MEDIA)
        if is_voice_note(whole(row[9]), whole(row[6]), file):
            yield _note(number, row, file, extras, chats, jids, people)


def lost_media(tables: Tables) -> int:
    """Files of voice notes whose message is gone."""
    if not tables.has("message", "_id") or not tables.has(
        "message_media", "message_row_id", "file_path"
    ):
        return 0
    known = "SELECT _id FROM message"
    if tables.has("messages", "_id"):
        known += " UNION ALL SELECT _id FROM messages"
    return tables.count("message_media", f"{_SPOKEN_NAME} AND message_row_id NOT IN ({known})")


class _Extras:
    """What stands in tables of its own."""

    def __init__(self, tables: Tables) -> None:
        def ids(table: str) -> set[int]:
            if not tables.has(table, "message_row_id"):
                return set()
            rows = tables.rows(table, ("message_row_id",), _WANTED)
            return {number for (value,) in rows if (number := whole(value)) is not None}

        self.forwarded = ids("message_forwarded")
        self.once = ids("message_view_once_media")
        self.waveforms: dict[int, tuple[int, ...]] = {}
        if tables.has("audio_data", "message_row_id", "waveform"):
            for value, drawn in tables.rows("audio_data", ("message_row_id", "waveform"), _WANTED):
                self.waveforms[whole(value) or 0] = waveform(drawn)


def _chats(tables: Tables, jids: Jids) -> dict[int, tuple[str, str | None]]:
    """The jid and subject of each chat, by row number."""
    chats: dict[int, tuple[str, str | None]] = {}
    for row_id, jid_row, subject in tables.rows("chat", ("_id", "jid_row_id", "subject")):
        number, jid = whole(row_id), jids.at(jid_row)
        if number is not None and jid is not None:
            chats[number] = (jid, text(subject))
    return chats


def _note(
    number: int,
    row: tuple[Any, ...],
    file: MediaRow,
    extras: _Extras,
    chats: dict[int, tuple[str, str | None]],
    jids: Jids,
    people: People,
) -> VoiceNote:
    _, chat_row, from_me, key_id, sender_row, flags, _, sent, received, kind, starred = row
    chat_jid, subject = chats.get(whole(chat_row) or 0, (UNKNOWN_CHAT, None))
    sender_jid = jids.at(sender_row)
    mine = flag(from_me)
    if sender_jid is None and not mine and is_person(chat_jid):
        sender_jid = chat_jid
    return VoiceNote(
        chat=people.chat(chat_jid, subject),
        chat_jid=chat_jid,
        sender=people.sender(sender_jid, from_me=mine),
        sender_jid=None if mine and sender_jid == chat_jid else sender_jid,
        from_me=mine,
        sent_at=moment(sent, received),
        duration=file.duration,
        size=file.size,
        mime_type=file.mime_type,
        transcript=file.transcript,
        starred=flag(starred),
        forwarded=bool((whole(flags) or 0) & _FORWARDED) or number in extras.forwarded,
        view_once=whole(kind) == _ONCE or number in extras.once,
        message_id=text(key_id) or f"row {number}",
        whatsapp_path=file.path,
        sha256=file.sha256,
        waveform=extras.waveforms.get(number, ()),
    )
