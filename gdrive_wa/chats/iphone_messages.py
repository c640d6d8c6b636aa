"""The messages of an iPhone's ``ChatStorage.sqlite``, as the same records as an Android's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gdrive_wa.chats.iphone_people import IphonePeople
from gdrive_wa.chats.links import MEDIA_KEY_SIZE
from gdrive_wa.chats.people import STATUS, UNKNOWN_CHAT, People, sender_in
from gdrive_wa.chats.spoken import is_named_as_spoken
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import as_int, flag, positive, sha256_hex, text
from gdrive_wa.core.model import MediaLink, VoiceNote
from gdrive_wa.core.moments import moment_at

EPOCH = 978_307_200
"""Seconds from 1970 to 2001, when Apple's time begins."""
APPLE_EPOCH_MS = EPOCH * 1000
"""The same in milliseconds."""
MEDIA_FOLDER = "Message/"
"""Folder in WhatsApp's domain; the paths in the database are relative to it."""

_AUDIO = 3
_ONCE = 53
_MESSAGE = (
    "Z_PK",
    "ZCHATSESSION",
    "ZISFROMME",
    "ZMESSAGEDATE",
    "ZMESSAGETYPE",
    "ZSTANZAID",
    "ZGROUPMEMBER",
    "ZFROMJID",
    "ZPUSHNAME",
    "ZSTARRED",
    "ZMEDIAITEM",
    "ZFLAGS",
)
_MEDIA = (
    "Z_PK",
    "ZMESSAGE",
    "ZMEDIALOCALPATH",
    "ZFILESIZE",
    "ZMOVIEDURATION",
    "ZVCARDSTRING",
    "ZVCARDNAME",
    "ZMEDIAORIGIN",
    "ZMEDIAURL",
    "ZMEDIAKEY",
)
_FORWARDED = 0x180
"""Both bits of ``ZFLAGS`` are set in a forwarded message."""
_SPOKEN = 1
"""``ZMEDIAORIGIN`` of audio recorded in the app: Opus since about 2016, AAC before."""
_KEY_FIELD = b"\x0a\x20"
"""``ZMEDIAKEY`` is a protobuf with the media key of 32 bytes as its first field, then a hash and a
time."""


class IphoneMessages:
    """The messages of an iPhone's database, with their media and chats.

    Args:
        tables: ``ChatStorage.sqlite``.
        people_ids: the ids of the people in it.
        people: gives names to jids.

    Attributes:
        attached: the number of audio messages that are not voice notes, once `notes` was read.
    """

    def __init__(self, tables: Tables, people_ids: IphonePeople, people: People) -> None:
        self._tables = tables
        self._people_ids = people_ids
        self._people = people
        self.attached = 0

    def files(self) -> Iterator[tuple[int | None, VoiceNote]]:
        """Every message with a file, and its type."""
        for row, media in self._with_media("1"):
            if text(media[2]) is not None or text(media[6]) is not None:
                yield as_int(row[4]), self._note(row, media)

    def notes(self) -> Iterator[VoiceNote]:
        """The voice notes, in no particular order."""
        for row, media in self._spoken():
            yield self._note(row, media)

    def links(self) -> Iterator[MediaLink]:
        """The links to their files on WhatsApp's own servers, as far as they are known."""
        for row, media in self._spoken():
            number, chat_row, _, _, _, stanza, *_ = row
            _, _, _, size, _, mime_type, sha256, _, url, blob, *_ = media
            key = _media_key(blob)
            if text(url) is not None and key is not None:
                yield MediaLink(
                    chat_jid=self._chat(chat_row)[0],
                    message_id=text(stanza) or f"row {as_int(number)}",
                    url=text(url),
                    direct_path=None,
                    media_key=key,
                    sha256=sha256_hex(sha256),
                    size=positive(size),
                    mime_type=text(mime_type),
                )

    def _spoken(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """The message and the media row of each voice note."""
        kinds = f"CAST(ZMESSAGETYPE AS INTEGER) IN ({_AUDIO}, {_ONCE})"
        if not self._tables.has("ZWAMESSAGE", "ZMESSAGETYPE"):
            kinds = "0"
        self.attached = 0
        for row, media in self._with_media(kinds):
            if as_int(row[4]) == _ONCE or _is_spoken(media):
                yield row, media
            else:
                self.attached += 1

    def _with_media(self, kinds: str) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Messages with the media row of each, which is empty if there is none."""
        columns = (*_MESSAGE, *self._transcript_columns("ZWAMESSAGE"))
        by_id: dict[int, tuple[Any, ...]] = {}
        by_message: dict[int, tuple[Any, ...]] = {}
        for row in self._tables.rows(
            "ZWAMEDIAITEM", (*_MEDIA, *self._transcript_columns("ZWAMEDIAITEM"))
        ):
            number, message = as_int(row[0]), as_int(row[1])
            if number is not None:
                by_id[number] = row
            if message is not None:
                by_message.setdefault(message, row)
        nothing: tuple[Any, ...] = (None,) * len(_MEDIA)
        for row in self._tables.rows("ZWAMESSAGE", columns, kinds):
            yield (
                row,
                by_id.get(as_int(row[10]) or 0) or by_message.get(as_int(row[0]) or 0, nothing),
            )

    def _transcript_columns(self, table: str) -> list[str]:
        """Columns for WhatsApp's own transcript; their name differs between versions."""
        return sorted(name for name in self._tables.columns(table) if "TRANSCRI" in name.upper())

    def _chat(self, row: object) -> tuple[str, str | None]:
        return chat_of(self._people_ids, row)

    def _note(self, row: tuple[Any, ...], media: tuple[Any, ...]) -> VoiceNote:
        (
            number,
            chat_row,
            from_me,
            sent,
            kind,
            stanza,
            member,
            from_jid,
            _,
            starred,
            _,
            flags,
            *_,
        ) = row
        chat_jid, subject = self._chat(chat_row)
        partner = self._people_ids.chats.get(as_int(chat_row) or 0, (chat_jid, None))[0]
        mine = flag(from_me)
        participant = self._people_ids.members.get(as_int(member) or 0)
        participant = (
            None if mine else participant or self._people_ids.resolve(text(from_jid) or "")
        )
        sender_jid = sender_in(partner, participant, mine=mine)
        _, _, path, size, duration, mime_type, sha256, *_ = media
        transcripts = (*row[len(_MESSAGE) :], *media[len(_MEDIA) :])
        return VoiceNote(
            chat=self._people.chat(chat_jid, subject),
            chat_jid=chat_jid,
            sender=self._people.sender(sender_jid, from_me=mine),
            sender_jid=sender_jid,
            from_me=mine,
            sent_at=moment_of(sent),
            duration=positive(duration),
            size=positive(size),
            mime_type=text(mime_type),
            starred=flag(starred),
            forwarded=(as_int(flags) or 0) & _FORWARDED == _FORWARDED,
            transcript=next(
                (each for each in transcripts if isinstance(each, str) and each.strip()), None
            ),
            view_once=as_int(kind) == _ONCE,
            message_id=text(stanza) or f"row {as_int(number)}",
            whatsapp_path=path_of(path),
            sha256=sha256_hex(sha256),
        )


def _is_spoken(media: tuple[Any, ...]) -> bool:
    path, mime_type = text(media[2]), text(media[5]) or ""
    opus = (path or "").lower().endswith(".opus") or "opus" in mime_type.lower()
    return as_int(media[7]) == _SPOKEN or opus or is_named_as_spoken(path)


def _media_key(blob: object) -> bytes | None:
    if not isinstance(blob, bytes):
        return None
    if len(blob) > MEDIA_KEY_SIZE and blob.startswith(_KEY_FIELD):
        blob = blob[len(_KEY_FIELD) :][:MEDIA_KEY_SIZE]
    return blob if len(blob) == MEDIA_KEY_SIZE else None


def chat_of(people_ids: IphonePeople, row: object) -> tuple[str, str | None]:
    """The jid and the name of the chat with that row number."""
    number = as_int(row) or 0
    if number in people_ids.statuses:
        return STATUS, None
    return people_ids.chats.get(number, (UNKNOWN_CHAT, None))


def path_of(local: object) -> str | None:
    """The path in the backup of the file that ``ZMEDIALOCALPATH`` names."""
    path = text(local)
    return None if path is None else MEDIA_FOLDER + path.lstrip("/")


def moment_of(value: object) -> datetime | None:
    """The time that is stored as seconds since 2001 UTC, with a fraction; None for other values."""
    return moment_at(value + EPOCH) if isinstance(value, int | float) else None
