"""What an increment of a backup knows: the voice notes that came after the last full database.

Format facts: proto/README.md, "Increments". An increment decrypts to a ZIP as every other
container does; this reads the messages in it, and reaches no farther than the voice notes.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from lzma import LZMAError
from pathlib import Path
from typing import IO

from google.protobuf.message import DecodeError

from gdrive_wa.core.errors import FormatError, PayloadError, TruncatedError
from gdrive_wa.core.model import MediaLink, VoiceNote
from gdrive_wa.core.names import name_key, safe_path
from gdrive_wa.crypt.header import read_varint
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    HistorySync,
    Message,
    WebMessageInfo,
)
from gdrive_wa.storage.reading import open_source

MESSAGES = "messages.bin"
LONGEST_MESSAGE = 64 << 20
"""One HistorySync message that is longer is refused."""
LIMIT = 1 << 30
"""An increment of more messages than so many bytes is refused: real ones have a few MB."""

MOST_MESSAGES = 100_000
"""Nor one of more messages, however short they are: real ones have a few dozen."""

_NAME = re.compile(r"^msgstore-increment-(\d+)-(\d{4}-\d\d-\d\d)\.db(\.crypt1[45])?$")
_DEEPEST_WRAPPER = 6
_VIEW_ONCE = ("view_once", "view_once_2", "view_once_2_extension")
_WRAPPERS = tuple(
    name for name, field in Message.DESCRIPTOR.fields_by_name.items() if name != "audio_message"
)
_MEDIA = "Media/"
_STATUS_JID = "status@broadcast"
_WAVEFORM_SIZE = 64
_UNPACKING = (zlib.error, LZMAError, EOFError, RuntimeError, NotImplementedError, ValueError)
"""What zipfile raises for members that it cannot unpack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementNote:
    """A voice note that an increment tells of.

    Attributes:
        note: who, when and where; names are jids where the increment knows no better.
        link: where its audio can be had for a while.
    """

    note: VoiceNote
    link: MediaLink


def increment_number(name: str) -> tuple[str, int] | None:
    """Day and number of an increment, by its file's name; None for any other name.

    Increments of one day are read in the order of their numbers.
    """
    match = _NAME.match(name.rsplit("/", 1)[-1])
    return (match.group(2), int(match.group(1))) if match else None


def read_increment(path: str | Path) -> Iterator[IncrementNote]:
    """The voice notes of a decrypted increment, in its own order.

    Args:
        path: the ZIP that the increment decrypts to.

    Raises:
        UsageError: it cannot be read.
        FormatError: no ZIP, or one that holds no messages.
        UnsafeNameError: a member is named as if it were to leave its folder.
        PayloadError: a member is a link, or there twice; or the messages make no sense, or are
            longer than any real ones.
    """
    path = Path(path)
    try:
        with (
            open_source(path) as stored,
            zipfile.ZipFile(stored) as archive,
            _sound(archive).open(MESSAGES) as file,
        ):
            reader = _Reader()
            for message in _messages(file):
                yield from reader.notes(message)
    except KeyError as error:
        raise FormatError(f"an increment without {MESSAGES}: {path.name}") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise FormatError(f"no increment: {path.name} is no ZIP, or a damaged one") from error
    except _UNPACKING as error:
        raise PayloadError(f"{MESSAGES} cannot be unpacked: {path.name}") from error


def _sound(archive: zipfile.ZipFile) -> zipfile.ZipFile:
    """`archive`, which has no member that an honest one would not have.

    Nothing is ever unpacked to the disk here; but a ZIP that tries to get out of a folder is none
    of WhatsApp's, whatever else it holds.
    """
    names = set()
    for member in archive.infolist():
        names.add(name_key(safe_path(member.orig_filename)))
        if stat.S_ISLNK(member.external_attr >> 16):
            raise PayloadError("an increment holds a symbolic link")
    if len(names) < len(archive.infolist()):
        raise PayloadError("an increment holds two members of one name")
    return archive


def _messages(file: IO[bytes]) -> Iterator[HistorySync]:
    total = count = 0
    while (length := _length(file)) is not None:
        total += length
        count += 1
        if length > LONGEST_MESSAGE or total > LIMIT or count > MOST_MESSAGES:
            raise PayloadError("an increment holds more than any real one does")
        raw = file.read(length)
        if len(raw) < length:
            raise PayloadError("an increment ends inside a message")
        try:
            yield HistorySync.FromString(raw)
        except DecodeError as error:
            raise PayloadError("a message of an increment makes no sense") from error


def _length(file: IO[bytes]) -> int | None:
    """The varint that is next; None at the end."""
    raw = b""
    while byte := file.read(1):
        raw += byte
        if byte[0] < 0x80 or len(raw) == 10:
            break
    if not raw:
        return None
    try:
        return read_varint(raw)[0]
    except (FormatError, TruncatedError) as error:
        raise PayloadError("the length of a message in an increment makes no sense") from error


class _Reader:
    """Reads message after message, and remembers what they tell of people on the way."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._numbers: dict[str, str] = {}

    def notes(self, sync: HistorySync) -> Iterator[IncrementNote]:
        """The voice notes of one message, of its chats and of its status updates."""
        self._names.update((each.id, each.name) for each in sync.push_names if each.name)
        self._numbers.update(
            (each.lid_jid, each.number_jid) for each in sync.lid_numbers if each.number_jid
        )
        for chat in sync.conversations:
            if chat.number_jid:
                self._numbers.setdefault(chat.id, chat.number_jid)
            name = chat.name or chat.display_name
            for wrapped in chat.messages:
                yield from self._note(wrapped.message, chat.id, name)
        for info in sync.statuses:
            yield from self._note(info, _STATUS_JID, "")

    def _note(self, info: WebMessageInfo, chat: str, name: str) -> Iterator[IncrementNote]:
        found = _audio(info.message)
        if found is None or not found[0].ptt:
            return
        audio, view_once = found
        chat_jid = self._known(info.key.remote_jid or chat)
        sender_jid = self._known(info.participant or info.key.participant) or chat_jid
        note = VoiceNote(
            chat=name or chat_jid,
            chat_jid=chat_jid,
            sender=info.push_name or self._names.get(sender_jid) or sender_jid,
            sender_jid=None if info.key.from_me else sender_jid,
            from_me=info.key.from_me,
            sent_at=_moment(info.message_timestamp),
            duration=float(audio.seconds) if audio.HasField("seconds") else None,
            size=audio.file_length or None,
            mime_type=audio.mimetype or None,
            starred=info.starred,
            forwarded=audio.context.is_forwarded or audio.context.forwarding_score > 0,
            view_once=view_once,
            message_id=info.key.id,
            whatsapp_path=_below_media(info.media_data.local_path),
            sha256=_sha256(audio.file_sha256),
            waveform=_waveform(audio.waveform),
        )
        link = MediaLink(
            chat_jid=note.chat_jid,
            message_id=note.message_id,
            url=audio.url or None,
            direct_path=audio.direct_path or None,
            media_key=audio.media_key,
            enc_sha256=_sha256(audio.file_enc_sha256),
            sha256=note.sha256,
            size=note.size,
            mime_type=note.mime_type,
        )
        yield IncrementNote(note=note, link=link)

    def _known(self, jid: str) -> str:
        """The jid with the number, where a LID's is told."""
        return self._numbers.get(jid, jid)


def _audio(
    message: Message, *, depth: int = _DEEPEST_WRAPPER, view_once: bool = False
) -> tuple[AudioMessage, bool] | None:
    """The audio in a message, however it is wrapped, and whether a wrapper says view-once."""
    if message.HasField("audio_message"):
        return message.audio_message, view_once or message.audio_message.view_once
    if depth:
        for name in _WRAPPERS:
            if message.HasField(name):
                once = view_once or name in _VIEW_ONCE
                inner = getattr(message, name).message
                if found := _audio(inner, depth=depth - 1, view_once=once):
                    return found
    return None


def _below_media(path: str) -> str | None:
    """The path as the databases spell it, from ``Media/`` on; the phone's folders go."""
    return path[max(path.find(_MEDIA), 0) :] or None


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _sha256(raw: bytes) -> str | None:
    return raw.hex() if len(raw) == 32 else None


def _waveform(raw: bytes) -> tuple[int, ...]:
    return tuple(raw) if len(raw) == _WAVEFORM_SIZE and max(raw) <= 100 else ()
