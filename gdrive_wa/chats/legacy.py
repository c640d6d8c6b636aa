"""Messages of the old schema: ``messages``, one table for everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from gdrive_wa.chats.java import media_path
from gdrive_wa.chats.modern import ATTACHED, NO_MEDIA, MediaRow, is_voice_note, read_media
from gdrive_wa.chats.people import UNKNOWN_CHAT, Jids, People, sender_in
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, flag, moment, positive, sha256_hex, text
from gdrive_wa.core.model import VoiceNote

_COLUMNS = (
    "_id",
    "key_remote_jid",
    "key_from_me",
    "key_id",
    "timestamp",
    "received_timestamp",
    "media_mime_type",
    "media_wa_type",
    "media_size",
    "media_name",
    "media_hash",
    "media_duration",
    "origin",
    "remote_resource",
    "starred",
    "forwarded",
    "thumb_image",
)
_THUMB = _COLUMNS.index("thumb_image")
_AUDIO = 2
_ONCE = 82
SENTINEL_CHAT = -1
"""The chat of the one row that the current schema begins with."""


class LegacyMessages:
    """The messages of one database of the old schema.

    Args:
        tables: the database.
        jids: the jids of the database.
        people: gives names to jids.
    """

    def __init__(self, tables: Tables, jids: Jids, people: People) -> None:
        self._tables = tables
        self._jids = jids
        self._people = people

    def voice_notes(self, left_out: Counter[str]) -> Iterator[VoiceNote]:
        """The voice notes, in no particular order.

        Args:
            left_out: counts audio messages that are not voice notes.
        """
        kinds = "CAST(media_wa_type AS INTEGER) IN (2, 82)"
        if not self._tables.has("messages", "media_wa_type"):
            has_type = self._tables.has("messages", "media_mime_type")
            kinds = "media_mime_type LIKE 'audio/%'" if has_type else "0"
        for kind, row, file in self._files(kinds):
            forwarded = flag(row[15])
            if is_voice_note(kind, as_int(row[12]), file, forwarded=forwarded):
                yield self._note(row, file)
            elif kind in (_AUDIO, None):
                left_out[ATTACHED] += 1

    def with_files(self) -> Iterator[tuple[int | None, VoiceNote]]:
        """The messages that have a file, of whatever type, each with its type."""
        where = "CAST(media_wa_type AS INTEGER) > 0"
        if not self._tables.has("messages", "media_wa_type"):
            where = (
                "media_mime_type <> ''" if self._tables.has("messages", "media_mime_type") else "0"
            )
        for kind, row, file in self._files(where):
            if file.path or file.name or file.sha256:
                yield kind, self._note(row, file)

    def _files(self, where: str) -> Iterator[tuple[int | None, tuple[Any, ...], MediaRow]]:
        if not self._tables.has("messages", "key_remote_jid"):
            return
        found = self._tables.rows("messages", _COLUMNS, where)
        rows = [(*row[:_THUMB], _thumb_path(row[_THUMB])) for row in found]
        self._tables.select_ids(number for row in rows if (number := as_int(row[0])) is not None)
        media = _own_media(self._tables, rows)
        for row in rows:
            yield as_int(row[7]), row, _media(row, media.get(as_int(row[0]) or 0, NO_MEDIA))

    def _note(self, row: tuple[Any, ...], file: MediaRow) -> VoiceNote:
        stored, participant = text(row[1]), text(row[13])
        chat_jid = UNKNOWN_CHAT if stored is None else self._jids.resolve(stored)
        mine = flag(row[2])
        named = (
            None
            if mine or participant is None or "@" not in participant
            else self._jids.resolve(participant)
        )
        sender_jid = sender_in(chat_jid, named, mine=mine)
        return VoiceNote(
            chat=self._people.chat(chat_jid),
            chat_jid=chat_jid,
            sender=self._people.sender(sender_jid, from_me=mine),
            sender_jid=sender_jid,
            from_me=mine,
            sent_at=moment(row[4], row[5]),
            duration=file.duration,
            size=file.size,
            mime_type=file.mime_type,
            transcript=file.transcript,
            starred=flag(row[14]),
            forwarded=flag(row[15]),
            view_once=as_int(row[7]) == _ONCE,
            message_id=text(row[3]) or f"row {as_int(row[0])}",
            whatsapp_path=file.path or file.name,
            sha256=file.sha256,
        )


def _own_media(tables: Tables, rows: list[tuple[Any, ...]]) -> dict[int, MediaRow]:
    """The rows of ``message_media`` for `rows`.

    Both schemas share the table. If they number their messages separately, the row of a message of
    the current schema does not belong to the old message with the same number.
    """
    media = read_media(tables)
    if media and tables.has("message", "_id", "key_id"):
        keys = {as_int(row[0]): text(row[3]) for row in rows}
        columns = ("_id", "key_id", "chat_row_id")
        for row_id, key_id, chat_row in tables.rows("message", columns, wanted="_id"):
            number = as_int(row_id) or 0
            if text(key_id) != keys.get(number) and as_int(chat_row) != SENTINEL_CHAT:
                media.pop(number, None)
    return media


def _media(row: tuple[Any, ...], row_media: MediaRow) -> MediaRow:
    return MediaRow(
        path=row_media.path or row[_THUMB],
        size=positive(row[8]) or row_media.size,
        mime_type=text(row[6]) or row_media.mime_type,
        name=text(row[9]) or row_media.name,
        duration=positive(row[11]) or row_media.duration,
        sha256=sha256_hex(row[10]) or row_media.sha256,
        transcript=row_media.transcript,
    )


def _thumb_path(thumb: object) -> str | None:
    return media_path(thumb) if isinstance(thumb, bytes) else None
