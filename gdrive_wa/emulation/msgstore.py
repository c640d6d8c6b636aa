"""Write ``msgstore.db`` and ``wa.db`` in WhatsApp's current schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

SCHEMA = """
CREATE TABLE props (_id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, value TEXT);
CREATE TABLE jid (_id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, server TEXT NOT NULL,
    agent INTEGER, device INTEGER, type INTEGER, raw_string TEXT);
CREATE TABLE jid_map (lid_row_id INTEGER PRIMARY KEY NOT NULL, jid_row_id INTEGER NOT NULL,
    sort_id INTEGER);
CREATE TABLE lid_display_name (lid_row_id INTEGER PRIMARY KEY NOT NULL, display_name TEXT,
    username TEXT);
CREATE TABLE chat (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid_row_id INTEGER UNIQUE,
    hidden INTEGER, subject TEXT, created_timestamp INTEGER, display_message_row_id INTEGER,
    last_message_row_id INTEGER, last_read_message_row_id INTEGER, archived INTEGER,
    sort_timestamp INTEGER, mod_tag INTEGER, gen REAL, spam_detection INTEGER,
    unseen_message_count INTEGER, group_type INTEGER, chat_lock INTEGER,
    ephemeral_expiration INTEGER);
CREATE TABLE message (_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_row_id INTEGER NOT NULL,
    from_me INTEGER NOT NULL, key_id TEXT NOT NULL, sender_jid_row_id INTEGER, status INTEGER,
    broadcast INTEGER, recipient_count INTEGER, participant_hash TEXT,
    origination_flags INTEGER, origin INTEGER, timestamp INTEGER, received_timestamp INTEGER,
    receipt_server_timestamp INTEGER, message_type INTEGER, text_data TEXT, starred INTEGER,
    lookup_tables INTEGER, message_add_on_flags INTEGER, view_mode INTEGER,
    sort_id INTEGER NOT NULL DEFAULT 0);
CREATE TABLE message_media (message_row_id INTEGER PRIMARY KEY, chat_row_id INTEGER,
    autotransfer_retry_enabled INTEGER, multicast_id TEXT, media_job_uuid TEXT,
    transferred INTEGER, transcoded INTEGER, file_path TEXT, file_size INTEGER,
    suspicious_content INTEGER, media_key BLOB, media_key_timestamp INTEGER, width INTEGER,
    height INTEGER, has_streaming_sidecar INTEGER, direct_path TEXT, message_url TEXT,
    mime_type TEXT, file_length INTEGER, media_name TEXT, file_hash TEXT, media_duration INTEGER,
    page_count INTEGER, enc_file_hash TEXT, media_caption TEXT, raw_transcription_text TEXT,
    first_viewed_timestamp INTEGER);
CREATE TABLE message_forwarded (message_row_id INTEGER PRIMARY KEY, forward_score INTEGER,
    forward_origin INTEGER);
CREATE TABLE message_quoted (message_row_id INTEGER PRIMARY KEY, chat_row_id INTEGER,
    parent_message_chat_row_id INTEGER, from_me INTEGER, sender_jid_row_id INTEGER, key_id TEXT,
    timestamp INTEGER, message_type INTEGER, text_data TEXT);
CREATE TABLE message_view_once_media (message_row_id INTEGER PRIMARY KEY, state INTEGER);
CREATE TABLE audio_data (message_row_id INTEGER PRIMARY KEY, waveform BLOB);
CREATE TABLE group_participant_user (_id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_jid_row_id INTEGER NOT NULL, user_jid_row_id INTEGER NOT NULL, rank INTEGER,
    add_timestamp INTEGER);
INSERT INTO message (_id, chat_row_id, from_me, key_id, sender_jid_row_id, status, message_type)
    VALUES (1, -1, 0, '-1', 0, -1, -1);
"""
WA_SCHEMA = """
CREATE TABLE android_metadata (locale TEXT);
INSERT INTO android_metadata VALUES ('en_US');
CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL,
    is_whatsapp_user BOOLEAN NOT NULL, status TEXT, number TEXT, raw_contact_id INTEGER,
    display_name TEXT, phone_type INTEGER, phone_label TEXT, given_name TEXT, family_name TEXT,
    wa_name TEXT, sort_name TEXT, nickname TEXT, company TEXT, title TEXT);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """The file of a message.

    Attributes:
        path: relative path, as in the database.
        size: bytes.
        mime_type: MIME type of the content.
        sha256: SHA-256 of the content, base64.
        duration: whole seconds.
        media_key: 32 bytes; the key to the encrypted copy on WhatsApp's servers.
        enc_sha256: SHA-256 of that copy, base64.
        link: path and query of the address of that copy.
        waveform: 64 bytes, or none.
        transcript: WhatsApp's own transcript.
    """

    path: str
    size: int
    mime_type: str
    sha256: str
    duration: int = 0
    media_key: bytes = b""
    enc_sha256: str = ""
    link: str = ""
    waveform: bytes = b""
    transcript: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row of ``message``, with its rows in other tables.

    Attributes:
        chat_jid: jid of the chat.
        sender_jid: jid of the sender; None for the owner, and in one-to-one chats.
        from_me: the owner sent it.
        key_id: WhatsApp's id of the message.
        sent_at: when it was sent, UTC.
        message_type: 0 text, 1 image, 2 audio, 82 a voice note to be heard once.
        origin: 1 for push-to-talk.
        text: the words of a text message.
        starred: the owner gave it a star.
        forwarded: it was forwarded from another chat.
        media: the file of the message.
    """

    chat_jid: str
    sender_jid: str | None
    from_me: bool
    key_id: str
    sent_at: datetime
    message_type: int = 0
    origin: int = 0
    text: str | None = None
    starred: bool = False
    forwarded: bool = False
    media: Media | None = None


class MessageStore:
    """Writes a ``msgstore.db``. A context manager: leaving it without an error commits."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        self._jids: dict[str, int] = {}
        self._chats: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._database.executescript(SCHEMA)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with closing(self._database):
            if kind is None:
                self._database.commit()

    def set_owner(self, jid: str, name: str) -> None:
        """Set the owner of the database."""
        self._insert("props", key="user_push_name", value=name)
        self._jid(jid)

    def add_chat(self, jid: str, *, subject: str | None = None, created: int = 0) -> None:
        """Add a chat; `subject` is a group's name, `created` milliseconds UTC."""
        self._chats[jid] = self._insert(
            "chat",
            jid_row_id=self._jid(jid),
            hidden=0,
            subject=subject,
            created_timestamp=created,
            archived=0,
            group_type=0,
        )

    def add_member(self, group: str, jid: str) -> None:
        """Add a member of a group."""
        self._insert(
            "group_participant_user",
            group_jid_row_id=self._jid(group),
            user_jid_row_id=self._jid(jid),
            rank=0,
        )

    def map_lid(self, lid: str, jid: str) -> None:
        """Map the hidden id `lid` to the phone number in `jid`."""
        self._insert("jid_map", lid_row_id=self._jid(lid), jid_row_id=self._jid(jid), sort_id=1)

    def name_lid(self, lid: str, name: str) -> None:
        """Add the name of a hidden id."""
        self._insert("lid_display_name", lid_row_id=self._jid(lid), display_name=name)

    def add(self, message: Message) -> None:
        """Add a message."""
        sent = int(message.sent_at.timestamp() * 1000)
        chat = self._chats[message.chat_jid]
        sender = self._jid(message.sender_jid) if message.sender_jid is not None else 0
        row = self._insert(
            "message",
            chat_row_id=chat,
            from_me=int(message.from_me),
            key_id=message.key_id,
            sender_jid_row_id=sender,
            status=13 if message.from_me else 0,
            broadcast=0,
            recipient_count=0,
            origination_flags=int(message.forwarded),
            origin=message.origin,
            timestamp=sent,
            received_timestamp=sent + (0 if message.from_me else 900),
            receipt_server_timestamp=-1,
            message_type=message.message_type,
            text_data=message.text,
            starred=int(message.starred),
            lookup_tables=0,
        )
        self._database.execute("UPDATE message SET sort_id = _id WHERE _id = ?", (row,))
        if message.forwarded:
            self._insert("message_forwarded", message_row_id=row, forward_score=1)
        if message.message_type == 82:
            self._insert("message_view_once_media", message_row_id=row, state=0)
        if message.media is not None:
            self._add_media(row, chat, message.media, sent)

    def _add_media(self, row: int, chat: int, media: Media, sent: int) -> None:
        self._insert(
            "message_media",
            message_row_id=row,
            chat_row_id=chat,
            transferred=1,
            file_path=media.path,
            file_size=media.size,
            file_length=media.size,
            media_key=media.media_key,
            media_key_timestamp=sent // 1000,
            direct_path=media.link,
            message_url=f"https://mmg.whatsapp.net{media.link}&mms3=true",
            mime_type=media.mime_type,
            media_name=None,
            file_hash=media.sha256,
            media_duration=media.duration,
            enc_file_hash=media.enc_sha256,
            raw_transcription_text=media.transcript,
        )
        if media.waveform:
            self._insert("audio_data", message_row_id=row, waveform=media.waveform)

    def _jid(self, raw: str) -> int:
        if raw not in self._jids:
            user, _, server = raw.partition("@")
            kind = {"s.whatsapp.net": 0, "g.us": 1, "lid": 18}.get(server, 0)
            self._jids[raw] = self._insert(
                "jid", user=user, server=server, agent=0, device=0, type=kind, raw_string=raw
            )
        return self._jids[raw]

    def _insert(self, table: str, **values: object) -> int:
        return _insert(self._database, table, values)


def write_contacts(path: Path, contacts: Iterable[Mapping[str, object]]) -> None:
    """Write a ``wa.db`` in which `contacts` are the rows of ``wa_contacts``."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(WA_SCHEMA)
        for contact in contacts:
            _insert(database, "wa_contacts", contact)
        database.commit()


def _insert(database: sqlite3.Connection, table: str, values: Mapping[str, object]) -> int:
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = database.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of our own
        tuple(values.values()),
    )
    return cursor.lastrowid or 0
