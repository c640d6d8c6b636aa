"""The voice notes of an iPhone's ``ChatStorage.sqlite``, as the same records as an Android's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gdrive_wa.chats.iphone_people import Directory
from gdrive_wa.chats.links import MEDIA_KEY_SIZE
from gdrive_wa.chats.people import UNKNOWN_CHAT, People, is_person
from gdrive_wa.chats.read import NAMELESS_OWNER, Chats
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.values import flag, positive, sha256_hex, text, whole
from gdrive_wa.core.errors import DatabaseError
from gdrive_wa.core.model import MediaLink, VoiceNote

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
    "ZMEDIAORIGIN",
    "ZMEDIAURL",
    "ZMEDIAKEY",
)
_SPOKEN = 1
"""``ZMEDIAORIGIN`` of what was spoken into the app, whatever its format: Opus since about 2016,
AAC before."""
_KEY_FIELD = b"\x0a\x20"
"""``ZMEDIAKEY`` is a protobuf whose first field is the media key, 32 bytes; a hash and a time
follow."""


def read_iphone_notes(
    chat_storage: Path,
    *,
    beside: Iterable[Path] = (),
    contacts: Path | None = None,
    owner: str | None = None,
) -> Chats:
    """Read every voice note of a ``ChatStorage.sqlite``. It is never changed.

    Audio was spoken into the app when the database says so, when it is to be heard once, and
    when it is Opus, which hardly anybody attaches: older databases do not say.

    Args:
        chat_storage: the database, with its write-ahead log merged in.
        beside: ``LID.sqlite`` and ``ContactsV2.sqlite`` of the same backup, as far as there are
            any; names come from elsewhere when they are damaged.
        contacts: a vCard file or Google contacts export of the user's.
        owner: the name of whose phone it is; the databases do not tell.

    Raises:
        DatabaseError: `chat_storage` is no database, holds no messages, or cannot be read.
        UsageError: `contacts` is neither.
    """
    remarks: list[str] = []
    owner = owner or NAMELESS_OWNER
    with ExitStack() as opened:
        tables = _open(chat_storage, opened)
        directory = Directory(tables, *_open_beside(beside, opened, remarks))
        storage = _Storage(tables, directory, directory.people(owner, contacts))
        notes = sorted(
            storage.notes(),
            key=lambda note: 0.0 if note.sent_at is None else note.sent_at.timestamp(),
        )
        if tables.damaged:
            remarks.append(f"{chat_storage.name} is damaged: some messages could not be read")
    return Chats(owner, tuple(notes), tuple(remarks))


def read_iphone_links(chat_storage: Path, *, beside: Iterable[Path] = ()) -> Iterator[MediaLink]:
    """The link of every audio message that has one and the key to it, in no particular order.

    Args:
        chat_storage: the database.
        beside: as for :func:`read_iphone_notes`, so that a link names its chat as its note does.

    Raises:
        DatabaseError: `chat_storage` is no database, holds no messages, or cannot be read.
    """
    with ExitStack() as opened:
        tables = _open(chat_storage, opened)
        directory = Directory(tables, *_open_beside(beside, opened, []))
        storage = _Storage(tables, directory, directory.people(NAMELESS_OWNER, None))
        yield from storage.links()


def _open(chat_storage: Path, opened: ExitStack) -> Tables:
    tables = opened.enter_context(Tables(chat_storage))
    if not tables.has("ZWAMESSAGE", "ZCHATSESSION"):
        raise DatabaseError(
            f"this database holds no messages: {chat_storage}",
            hint="the one that does is ChatStorage.sqlite",
        )
    return tables


def _open_beside(paths: Iterable[Path], opened: ExitStack, remarks: list[str]) -> list[Tables]:
    found = []
    for path in paths:
        try:
            found.append(opened.enter_context(Tables(path)))
        except DatabaseError as error:
            remarks.append(f"{error.message}; names come from elsewhere")
    return found


class _Storage:
    """The messages, and what belongs to them."""

    def __init__(self, tables: Tables, directory: Directory, people: People) -> None:
        self._tables = tables
        self._directory = directory
        self._people = people

    def notes(self) -> Iterator[VoiceNote]:
        """The voice notes, in no particular order."""
        for row, media in self._spoken():
            yield self._note(row, media)

    def links(self) -> Iterator[MediaLink]:
        """Where WhatsApp's own servers held their files, as far as that is known."""
        for row, media in self._spoken():
            number, chat_row, _, _, _, stanza, *_ = row
            _, _, _, size, _, mime_type, sha256, _, url, blob = media
            key = _media_key(blob)
            if text(url) is not None and key is not None:
                yield MediaLink(
                    chat_jid=self._chat(chat_row)[0],
                    message_id=text(stanza) or f"row {whole(number)}",
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
                yield row, media

    def _chat(self, row: object) -> tuple[str, str | None]:
        return self._directory.chats.get(whole(row) or 0, (UNKNOWN_CHAT, None))

    def _note(self, row: tuple[Any, ...], media: tuple[Any, ...]) -> VoiceNote:
        number, chat_row, from_me, sent, kind, stanza, member, from_jid, _, starred, _ = row
        chat_jid, subject = self._chat(chat_row)
        mine = flag(from_me)
        sender_jid = None
        if not mine:
            told = self._directory.members.get(whole(member) or 0)
            told = told or self._directory.known(text(from_jid) or "")
            sender_jid = told if is_person(told) else None
            if sender_jid is None and is_person(chat_jid):
                sender_jid = chat_jid
        _, _, path, size, duration, mime_type, sha256, *_ = media
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
    if whole(media[7]) == _SPOKEN:
        return True
    return path.lower().endswith(".opus") or "opus" in mime_type.lower()


def _media_key(blob: object) -> bytes | None:
    if not isinstance(blob, bytes):
        return None
    if len(blob) > MEDIA_KEY_SIZE and blob.startswith(_KEY_FIELD):
        blob = blob[len(_KEY_FIELD) :][:MEDIA_KEY_SIZE]
    return blob if len(blob) == MEDIA_KEY_SIZE else None


def _moment(value: object) -> datetime | None:
    """Seconds since 2001 UTC, with a fraction."""
    if not isinstance(value, int | float) or not 0 < value + EPOCH < _LATEST:
        return None
    return datetime.fromtimestamp(value + EPOCH, UTC)
