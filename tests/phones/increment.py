"""The increments of a phone, as bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile

from gdrive_wa.crypt.header import write_varint
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    Context,
    Conversation,
    HistorySync,
    HistorySyncMsg,
    InlineContact,
    LidNumber,
    MediaData,
    Message,
    MessageKey,
    PushName,
    WebMessageInfo,
    Wrapper,
)
from tests.phones.model import Chat, Increment, Note

STATUS = "status@broadcast"


def increment_zip(increment: Increment) -> bytes:
    """The ZIP that it decrypts to."""
    body = _sync(increment).SerializeToString()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", '{"version": 1}')
        archive.writestr("messages.bin", write_varint(len(body)) + body)
    return made.getvalue()


def _sync(increment: Increment) -> HistorySync:
    notes = increment.notes
    chats = dict.fromkeys(note.chat for note in notes if note.chat.room != STATUS)
    sync = HistorySync(
        conversations=[
            _conversation(increment, chat, [note for note in notes if note.chat is chat])
            for chat in chats
        ],
        statuses=[_info(note) for note in notes if note.chat.room == STATUS],
    )
    there = {chat.room for chat in chats}
    sync.conversations.extend(
        Conversation(id=room, name=name)
        for room, name in increment.subjects.items()
        if room not in there
    )
    people = [note.sender for note in notes if note.sender is not None]
    for person in dict.fromkeys(people + list(increment.contacts)):
        if person.hidden is not None and person.mapped:
            sync.lid_numbers.append(
                LidNumber(number_jid=person.phone_jid, lid_jid=person.stored_jid)
            )
    for person, source in increment.contacts.items():
        name = person.names[source]
        if source == "saved":
            sync.inline_contacts.append(InlineContact(number_jid=person.phone_jid, full_name=name))
        else:
            sync.push_names.append(PushName(id=person.stored_jid, name=name))
    return sync


def _conversation(increment: Increment, chat: Chat, notes: list[Note]) -> Conversation:
    name = increment.subjects.get(chat.room, chat.subject or "")
    return Conversation(
        id=chat.stored_jid,
        name=name if chat.person is None else "",
        messages=[HistorySyncMsg(message=_info(note)) for note in notes],
    )


def _info(note: Note) -> WebMessageInfo:
    participant = ""
    if note.sender is not None and note.chat.person is None:
        participant = note.sender.stored_jid
    message = Message(audio_message=_audio(note))
    if note.once:
        message = Message(view_once_2_extension=Wrapper(message=message))
    return WebMessageInfo(
        key=MessageKey(
            remote_jid=note.chat.stored_jid,
            from_me=note.from_me,
            id=note.message_id,
            participant=participant,
        ),
        participant=participant,
        message=message,
        message_timestamp=int(note.sent_at.timestamp()),
        starred=note.starred,
        media_data=MediaData(local_path=note.row_path or ""),
    )


def _audio(note: Note) -> AudioMessage:
    context = Context(is_forwarded=True) if note.forwarded else None
    return AudioMessage(
        mimetype=str(note.media_changes.get("mime_type", "audio/ogg; codecs=opus")),
        file_sha256=hashlib.sha256(note.audio).digest() if note.hashed else b"",
        file_length=len(note.audio),
        seconds=2,
        ptt=not note.forwarded and note.status != "none",
        waveform=b"" if note.status == "none" else bytes(range(64)),
        context=context,
    )
