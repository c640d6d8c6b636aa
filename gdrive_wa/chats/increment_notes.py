"""The voice notes and names in the messages of an increment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gdrive_wa.chats.increment_messages import MOST_TEXT, IncrementMessage, message_in
from gdrive_wa.chats.people import STATUS, bare, is_person, sender_in
from gdrive_wa.chats.spoken import is_spoken
from gdrive_wa.chats.values import name_text, person_name, positive
from gdrive_wa.core.model import MediaLink, VoiceNote
from gdrive_wa.core.moments import moment_at
from gdrive_wa.core.waveform import Waveform
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    Conversation,
    HistorySync,
    Message,
    WebMessageInfo,
)

_DEEPEST_WRAPPER = 6
_VIEW_ONCE = ("view_once", "view_once_2", "view_once_2_extension")
_WRAPPERS = tuple(
    name
    for name, field in Message.DESCRIPTOR.fields_by_name.items()
    if field.message_type is not None and field.message_type.name in ("Wrapper", "DeviceSent")
)
_MEDIA = "Media/"
_WAVEFORM_SIZE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementNote:
    """A voice note of an increment.

    Attributes:
        note: the note; its names are jids if the increment has no names.
        link: for downloading its audio for a limited time.
    """

    note: VoiceNote
    link: MediaLink


class MessageReader:
    """Reads message after message, and collects names and numbers.

    Attributes:
        attached: audio messages that are not voice notes.
        files: messages with a file that are not voice notes.
        newest: time of the latest message, UTC.
        saved_names: names that the owner's phone shows for people, by jid.
        push_names: names that people gave themselves, by jid.
        subjects: names of groups and channels, by jid.
        lid_numbers: hidden ids, and the numbers behind them.
        messages: all messages of people, for the context of the notes.
    """

    def __init__(self) -> None:
        self.attached = 0
        self.files: list[VoiceNote] = []
        self.newest: datetime | None = None
        self.saved_names: dict[str, str] = {}
        self.push_names: dict[str, str] = {}
        self.subjects: dict[str, str] = {}
        self.lid_numbers: dict[str, str] = {}
        self.messages: list[IncrementMessage] = []
        self._text_left = MOST_TEXT

    def notes(self, sync: HistorySync) -> Iterator[IncrementNote]:
        """The voice notes in one HistorySync message, in its chats and its status updates."""
        for each in sync.push_names:
            _set_name(self.push_names, each.id, person_name(each.name))
        for pair in sync.lid_numbers:
            self._pair(pair.lid_jid, pair.number_jid)
        for contact in sync.inline_contacts:
            self._pair(contact.lid_jid, contact.number_jid)
            name = person_name(contact.full_name) or person_name(contact.first_name)
            for jid in (contact.number_jid, contact.lid_jid):
                _set_name(self.saved_names, jid, name)
                _set_name(self.push_names, jid, name_text(contact.username))
        for chat in sync.conversations:
            self._read_names(chat)
            for wrapped in chat.messages:
                yield from self._note(wrapped.message, chat.id)
        for info in sync.statuses:
            yield from self._note(info, STATUS)

    def with_names(self, note: VoiceNote) -> VoiceNote:
        """A note with names and phone numbers, also those that were read after it."""
        chat_jid = self._resolve(note.chat_jid)
        sender_jid = None if note.sender_jid is None else self._resolve(note.sender_jid)
        name = self.subjects.get(chat_jid) or self.saved_names.get(chat_jid) or chat_jid
        sender = note.sender if note.sender != note.sender_jid else None
        known = (
            self.saved_names.get(sender_jid or "")
            or sender
            or self.push_names.get(sender_jid or "")
        )
        return replace(
            note,
            chat=name,
            chat_jid=chat_jid,
            sender=known or sender_jid or note.sender,
            sender_jid=sender_jid,
        )

    def _read_names(self, chat: Conversation) -> None:
        self._pair(chat.id, chat.number_jid)
        self._pair(chat.lid_jid, chat.number_jid or chat.id)
        names = self.saved_names if is_person(bare(chat.id)) else self.subjects
        clean = person_name if names is self.saved_names else name_text
        for jid in (chat.id, chat.number_jid):
            _set_name(names, jid, clean(chat.name) or clean(chat.display_name))

    def _pair(self, hidden: str, number: str) -> None:
        if hidden.endswith("@lid") and number and not number.endswith("@lid"):
            self.lid_numbers.setdefault(bare(hidden), bare(number))

    def _note(self, info: WebMessageInfo, chat: str) -> Iterator[IncrementNote]:
        sent_at = moment_at(info.message_timestamp or None)
        if sent_at is not None and (self.newest is None or sent_at > self.newest):
            self.newest = sent_at
        path = _below_media(info.media_data.local_path)
        message = message_in(info, chat, longest=self._text_left, path=path)
        if message is not None:
            self._text_left -= len(message.text)
            self.messages.append(message)
        found = _audio(info.message)
        if found is None:
            if path is not None:
                self.files.append(self._row(info, chat, sent_at, path))
            return
        audio, view_once = found
        forwarded = audio.context.is_forwarded or audio.context.forwarding_score > 0
        note = replace(
            self._row(info, chat, sent_at, path),
            duration=float(audio.seconds) if audio.HasField("seconds") else None,
            size=positive(audio.file_length),
            mime_type=audio.mimetype or None,
            forwarded=forwarded,
            view_once=view_once,
            sha256=_sha256(audio.file_sha256),
            waveform=_waveform(audio.waveform),
        )
        if not view_once and not is_spoken(
            marked=audio.ptt,
            mime_type=audio.mimetype,
            path=path,
            waveform=bool(note.waveform),
            forwarded=forwarded,
        ):
            self.attached += 1
            self.files.append(note)
            return
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

    def _row(
        self, info: WebMessageInfo, chat: str, sent_at: datetime | None, path: str | None
    ) -> VoiceNote:
        """The fields that every message has."""
        chat_jid = self._resolve(info.key.remote_jid or chat)
        participant = self._resolve(info.participant or info.key.participant) or None
        sender_jid = sender_in(chat_jid, participant, mine=info.key.from_me)
        return VoiceNote(
            chat=chat_jid,
            chat_jid=chat_jid,
            sender=person_name(info.push_name) or sender_jid or chat_jid,
            sender_jid=None if info.key.from_me else sender_jid,
            from_me=info.key.from_me,
            sent_at=sent_at,
            starred=info.starred,
            message_id=info.key.id,
            whatsapp_path=path,
        )

    def _resolve(self, jid: str) -> str:
        """The jid with the phone number, if `jid` is a LID with a known number."""
        jid = bare(jid)
        return self.lid_numbers.get(jid, jid)


def _set_name(names: dict[str, str], jid: str, name: str | None) -> None:
    if jid and name is not None:
        names[bare(jid)] = name


def _audio(
    message: Message, *, depth: int = _DEEPEST_WRAPPER, view_once: bool = False
) -> tuple[AudioMessage, bool] | None:
    """The audio in a message, inside any wrappers, and whether it is view-once."""
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
    """The path as in the databases, from ``Media/`` on, without the phone's folders."""
    return path[max(path.find(_MEDIA), 0) :] or None


def _sha256(raw: bytes) -> str | None:
    return raw.hex() if len(raw) == 32 else None


def _waveform(raw: bytes) -> Sequence[int]:
    return Waveform(raw) if len(raw) == _WAVEFORM_SIZE and max(raw) <= 100 else ()
