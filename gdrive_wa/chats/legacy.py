"""Voice notes of the old schema: ``messages``, one table for everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gdrive_wa.chats.java import media_path
from gdrive_wa.chats.modern import NO_MEDIA, MediaRow, is_voice_note, read_media
from gdrive_wa.chats.people import UNKNOWN_CHAT, Jids, People, is_person
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import flag, moment, positive, sha256_hex, text, whole
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
SENTINEL_CHAT = -1
"""The chat of the one row that the current schema begins with."""


def read_legacy(tables: Tables, jids: Jids, people: People) -> Iterator[VoiceNote]:
    """The voice notes of ``messages``, in no particular order."""
    if not tables.has("messages", "key_remote_jid"):
        return
    kinds = "CAST(media_wa_type AS INTEGER) IN (2, 82)"
    if not tables.has("messages", "media_wa_type"):
        kinds = (
            "media_mime_type LIKE 'audio/%'" if tables.has("messages", "media_mime_type") else "0"
        )
    rows = list(tables.rows("messages", _COLUMNS, kinds))
    tables.want(number for row in rows if (number := whole(row[0])) is not None)
    media = _own_media(tables, rows)
    subjects = _subjects(tables, jids)
    for row in rows:
        file = _media(row, media.get(whole(row[0]) or 0, NO_MEDIA))
        if is_voice_note(whole(row[7]), whole(row[12]), file):
            yield _note(row, file, subjects, jids, people)


def _subjects(tables: Tables, jids: Jids) -> dict[str, str]:
    """Groups' names: of ``chat_list``, which went with the old schema."""
    found: dict[str, str] = {}
    for key, subject in tables.rows("chat_list", ("key_remote_jid", "subject")):
        jid, name = text(key), text(subject)
        if jid is not None and name is not None:
            found[jids.known(jid)] = name
    for jid_row, subject in tables.rows("chat", ("jid_row_id", "subject")):
        known, name = jids.at(jid_row), text(subject)
        if known is not None and name is not None:
            found[known] = name
    return found


def _own_media(tables: Tables, rows: list[tuple[Any, ...]]) -> dict[int, MediaRow]:
    """What ``message_media`` says of the files of `rows`.

    It has one key for both schemas. Where they number their messages apart, a row of it that
    belongs to a message of the current one says nothing of the old one's of that number.
    """
    media = read_media(tables)
    if media and tables.has("message", "_id", "key_id"):
        keys = {whole(row[0]): text(row[3]) for row in rows}
        columns, wanted = ("_id", "key_id", "chat_row_id"), "_id IN (SELECT id FROM temp.wanted)"
        for row_id, key_id, chat_row in tables.rows("message", columns, wanted):
            number = whole(row_id) or 0
            if text(key_id) != keys.get(number) and whole(chat_row) != SENTINEL_CHAT:
                media.pop(number, None)
    return media


def _media(row: tuple[Any, ...], beside: MediaRow) -> MediaRow:
    thumb = row[16]
    path = beside.path
    if path is None and isinstance(thumb, bytes):
        path = media_path(thumb)
    return MediaRow(
        path=path,
        size=positive(row[8]) or beside.size,
        mime_type=text(row[6]) or beside.mime_type,
        name=text(row[9]) or beside.name,
        duration=positive(row[11]) or beside.duration,
        sha256=sha256_hex(row[10]) or beside.sha256,
        transcript=beside.transcript,
    )


def _note(
    row: tuple[Any, ...],
    file: MediaRow,
    subjects: dict[str, str],
    jids: Jids,
    people: People,
) -> VoiceNote:
    stored = text(row[1])
    chat_jid = UNKNOWN_CHAT if stored is None else jids.known(stored)
    mine = flag(row[2])
    group_sender = text(row[13])
    sender_jid = None
    if not mine and group_sender is not None and "@" in group_sender:
        sender_jid = jids.known(group_sender)
    elif not mine and is_person(chat_jid):
        sender_jid = chat_jid
    return VoiceNote(
        chat=people.chat(chat_jid, subjects.get(chat_jid)),
        chat_jid=chat_jid,
        sender=people.sender(sender_jid, from_me=mine),
        sender_jid=sender_jid,
        from_me=mine,
        sent_at=moment(row[4], row[5]),
        duration=file.duration,
        size=file.size,
        mime_type=file.mime_type,
        transcript=file.transcript,
        starred=flag(row[14]),
        forwarded=flag(row[15]),
        view_once=whole(row[7]) == 82,
        message_id=text(row[3]) or f"row {whole(row[0])}",
        whatsapp_path=file.path or file.name,
        sha256=file.sha256,
    )
