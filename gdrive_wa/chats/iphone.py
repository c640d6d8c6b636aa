"""The voice notes of an iPhone's ``ChatStorage.sqlite``, as the same records as an Android's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gdrive_wa.chats.people import UNKNOWN_CHAT, People, bare, is_person
from gdrive_wa.chats.read import NAMELESS_OWNER, Chats
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import flag, positive, sha256_hex, text, whole
from gdrive_wa.errors import DatabaseError
from gdrive_wa.model import VoiceNote

EPOCH = 978_307_200
"""Seconds from 1970 to 2001, where Apple's time begins."""
MEDIA_FOLDER = "Message/"
"""Of WhatsApp's domain; the paths in the database begin below it."""

_LATEST = 4_102_444_800
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
)
_MEDIA = (
    "Z_PK",
    "ZMESSAGE",
    "ZMEDIALOCALPATH",
    "ZFILESIZE",
    "ZMOVIEDURATION",
    "ZVCARDSTRING",
    "ZVCARDNAME",
)


def read_iphone_notes(chat_storage: Path, *, contacts: Path | None = None) -> Chats:
    """Read every voice note of a ``ChatStorage.sqlite``. It is never changed.

    An iPhone does not say whether audio was spoken into the app or attached: what is Opus was
    spoken, and so was what is to be heard once.

    Args:
        chat_storage: the database, with its write-ahead log merged in.
        contacts: a vCard file or Google contacts export of the user's.

    Raises:
        DatabaseError: it is no database, holds no messages, or cannot be read.
        UsageError: `contacts` is neither.
    """
    with Tables(chat_storage) as tables:
        if not tables.has("ZWAMESSAGE", "ZCHATSESSION"):
            raise DatabaseError(
                f"this database holds no messages: {chat_storage}",
                hint="the one that does is ChatStorage.sqlite",
            )
        notes = sorted(
            _Storage(tables, contacts).notes(),
            key=lambda note: 0.0 if note.sent_at is None else note.sent_at.timestamp(),
        )
        remarks: tuple[str, ...] = ()
        if tables.damaged:
            remarks = (f"{chat_storage.name} is damaged: some messages could not be read",)
    return Chats(NAMELESS_OWNER, tuple(notes), remarks)


class _Storage:
    """What the tables beside the messages say."""

    def __init__(self, tables: Tables, contacts: Path | None) -> None:
        self._tables = tables
        self._chats: dict[int, tuple[str, str | None]] = {}
        partners: dict[str, str] = {}
        columns = ("Z_PK", "ZCONTACTJID", "ZPARTNERNAME")
        for row_id, raw, shown in tables.rows("ZWACHATSESSION", columns):
            number, jid, name = whole(row_id), text(raw), text(shown)
            if number is not None and jid is not None:
                self._chats[number] = (bare(jid), name)
                if name is not None:
                    partners.setdefault(bare(jid), name)
        self._members: dict[int, str] = {}
        members: dict[str, str] = {}
        named = ("Z_PK", "ZMEMBERJID", "ZCONTACTNAME", "ZFIRSTNAME")
        for row_id, raw, *names in tables.rows("ZWAGROUPMEMBER", named):
            number, jid = whole(row_id), text(raw)
            if number is not None and jid is not None:
                self._members[number] = bare(jid)
                if name := next(filter(None, map(text, names)), None):
                    members.setdefault(bare(jid), name)
        pushed: dict[str, str] = {}
        for raw, shown in tables.rows("ZWAPROFILEPUSHNAME", ("ZJID", "ZPUSHNAME")):
            jid, name = text(raw), text(shown)
            if jid is not None and name is not None:
                pushed.setdefault(bare(jid), name)
        sources: list[Callable[[str], str | None]] = [partners.get, members.get, pushed.get]
        if contacts is not None:
            from gdrive_wa.chats.contacts import read_contacts  # noqa: PLC0415 - only when given

            sources.insert(0, read_contacts(contacts).name)
        self._people = People(NAMELESS_OWNER, *sources)

    def notes(self) -> Iterator[VoiceNote]:
        """The voice notes, in no particular order."""
        kinds = f"CAST(ZMESSAGETYPE AS INTEGER) IN ({_AUDIO}, {_ONCE})"
        if not self._tables.has("ZWAMESSAGE", "ZMESSAGETYPE"):
            kinds = "0"
        by_id: dict[int, tuple[Any, ...]] = {}
        by_message: dict[int, tuple[Any, ...]] = {}
        for row in self._tables.rows("ZWAMEDIAITEM", _MEDIA):
            number, message = whole(row[0]), whole(row[1])
            if number is not None:
                by_id[number] = row
            if message is not None:
                by_message.setdefault(message, row)
        nothing = (None,) * len(_MEDIA)
        for row in self._tables.rows("ZWAMESSAGE", _MESSAGE, kinds):
            media = by_id.get(whole(row[10]) or 0) or by_message.get(whole(row[0]) or 0, nothing)
            if whole(row[4]) == _ONCE or _is_spoken(media):
                yield self._note(row, media)

    def _note(self, row: tuple[Any, ...], media: tuple[Any, ...]) -> VoiceNote:
        number, chat_row, from_me, sent, kind, stanza, member, from_jid, _, starred, _ = row
        chat_jid, subject = self._chats.get(whole(chat_row) or 0, (UNKNOWN_CHAT, None))
        mine = flag(from_me)
        sender_jid = None
        if not mine:
            told = self._members.get(whole(member) or 0) or bare(text(from_jid) or "")
            sender_jid = told if is_person(told) else None
            if sender_jid is None and is_person(chat_jid):
                sender_jid = chat_jid
        _, _, path, size, duration, mime_type, sha256 = media
        local = text(path)
        return VoiceNote(
            chat=self._people.chat(chat_jid, subject),
            chat_jid=chat_jid,
            sender=self._people.sender(sender_jid, from_me=mine),
            sender_jid=sender_jid,
            from_me=mine,
            sent_at=_moment(sent),
            duration=positive(duration),
            size=positive(size),
            mime_type=text(mime_type),
            starred=flag(starred),
            view_once=whole(kind) == _ONCE,
            message_id=text(stanza) or f"row {whole(number)}",
            whatsapp_path=None if local is None else MEDIA_FOLDER + local.lstrip("/"),
            sha256=sha256_hex(sha256),
        )


def _is_spoken(media: tuple[Any, ...]) -> bool:
    path, mime_type = text(media[2]) or "", text(media[5]) or ""
    return path.lower().endswith(".opus") or "opus" in mime_type.lower()


def _moment(value: object) -> datetime | None:
    """Seconds since 2001 UTC, with a fraction."""
    if not isinstance(value, int | float) or not 0 < value + EPOCH < _LATEST:
        return None
    return datetime.fromtimestamp(value + EPOCH, UTC)
