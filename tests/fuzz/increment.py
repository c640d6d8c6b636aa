"""Increments: the ZIP as it is stored, and the messages in it."""

from __future__ import annotations

import io
import zipfile

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.crypt.header import write_varint
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    Conversation,
    HistorySync,
    HistorySyncMsg,
    LidNumber,
    Message,
    MessageKey,
    PushName,
    WebMessageInfo,
    Wrapper,
)
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of

CHAT = "15550100@s.whatsapp.net"
MEDIA_KEY = b"a key of thirty-two bytes, test."


def messages() -> bytes:
    """Two HistorySync messages with a note each, one of them wrapped."""
    audio = AudioMessage(
        ptt=True,
        seconds=7,
        mimetype="audio/ogg; codecs=opus",
        file_sha256=bytes(32),
        file_length=4321,
        media_key=MEDIA_KEY,
        waveform=bytes(64),
    )
    plain = Message(audio_message=audio)
    out = b""
    for number, message in enumerate((plain, Message(ephemeral=Wrapper(message=plain)))):
        key = MessageKey(remote_jid=CHAT, id=f"A{number}", from_me=bool(number))
        info = WebMessageInfo(key=key, message=message, message_timestamp=1_704_063_480)
        chat = Conversation(id=CHAT, messages=[HistorySyncMsg(message=info)])
        body = HistorySync(
            conversations=[chat],
            statuses=[info],
            push_names=[PushName(id=CHAT, name="Anna")],
            lid_numbers=[LidNumber(number_jid=CHAT, lid_jid="98765432100001@lid")],
        ).SerializeToString()
        out += write_varint(len(body)) + body
    return out


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An increment of these messages."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("messages.bin", content)
    return out.getvalue()


def try_one(data: bytes) -> object:
    """As a ZIP where it begins like one, else as messages inside a sound ZIP."""
    sealed = data if data.startswith(b"PK") else zipped(data, zipfile.ZIP_STORED)
    found = 0
    for note in read_increment(file_of(sealed, "increment.zip")):
        assert isinstance(note.note, VoiceNote)
        assert MEDIA_KEY.hex() not in repr(note.link)
        note.note.to_json()
        found += 1
    return found


def main(arguments: list[str]) -> int:
    whole = messages()
    samples = [whole, zipped(whole), zipped(whole, zipfile.ZIP_STORED)]
    return fuzz("increment", samples, try_one, arguments)
