"""Databases of messages with damaged pages."""

from __future__ import annotations

from datetime import UTC, datetime

from gdrive_wa.chats.read import read_voice_notes
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.emulation.msgstore import Media, Message, MessageStore
from tests.fuzz.campaign import fuzz
from tests.fuzz.samples import file_of, folder

FRIEND, GROUP = "15550101@s.whatsapp.net", "15550100-1600000000@g.us"


def sample() -> bytes:
    """A small ``msgstore.db`` with notes in two chats."""
    path = folder() / "sample.db"
    with MessageStore(path) as store:
        store.set_owner("15550100@s.whatsapp.net", "Maja")
        store.add_chat(FRIEND)
        store.add_chat(GROUP, subject="The choir")
        for number in range(12):
            note = Media(
                path=f"Media/WhatsApp Voice Notes/202352/PTT-{number}.opus",
                size=2000 + number,
                mime_type="audio/ogg; codecs=opus",
                sha256="A" * 43 + "=",
                duration=number,
                waveform=bytes(64),
            )
            store.add(
                Message(
                    chat_jid=GROUP if number % 2 else FRIEND,
                    sender_jid=FRIEND if number % 2 else None,
                    from_me=False,
                    key_id=f"3EB0{number:02}",
                    sent_at=datetime(2023, 12, 31, 22, number, tzinfo=UTC),
                    message_type=2,
                    origin=1,
                    media=note,
                )
            )
    return path.read_bytes()


def try_one(data: bytes) -> object:
    """What is read can be shown."""
    path = file_of(data, "msgstore.db")
    chats = read_voice_notes(path, wa=path)
    for note in chats:
        assert isinstance(note, VoiceNote)
        note.to_json()
    return bool(len(chats)), bool(chats.warnings)


def main(arguments: list[str]) -> int:
    return fuzz("database", [sample()], try_one, arguments)
