"""Voice notes of invented people, spoken by the sample account's recordings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gdrive_wa
from gdrive_wa.core.model import NoteStatus, VoiceNote

RECORDINGS = Path(gdrive_wa.__file__).parent / "emulation" / "recordings"
START = datetime(2023, 12, 31, 17, 0, 5, tzinfo=UTC)
WAVEFORM = tuple((place * 37) % 101 for place in range(64))

MUM = "15550101@s.whatsapp.net"
FAMILY = "15550100-1400000000@g.us"
ZOE = "15550102@s.whatsapp.net"
OWNER = "15550100@s.whatsapp.net"

NOTE = VoiceNote(
    chat="Mum",
    chat_jid=MUM,
    sender="Mum",
    sender_jid=MUM,
    from_me=False,
    sent_at=START,
    file="Voice notes/Mum/2023-12-31 17.00.05 Mum.opus",
    duration=6,
    status=NoteStatus.RESTORED,
    message_id="3EB0000000000001",
    waveform=WAVEFORM,
)


def note(number: int, **changes: object) -> VoiceNote:
    """Note `number` (from 1): an hour after the one before, with an id and a file of its own."""
    usual = {
        "sent_at": START + timedelta(hours=number - 1),
        "message_id": f"3EB{number:013X}",
        "file": f"Voice notes/{number}.opus",
    }
    return replace(NOTE, **{**usual, **changes})  # type: ignore[arg-type]


def sample() -> list[VoiceNote]:
    """Seven notes in three chats: one starred, one missing, one unknown to any chat."""
    return [
        note(1, transcript="Call me back when you can.", whatsapp_path="mum.opus"),
        note(2, sender="Robin", sender_jid=OWNER, from_me=True, starred=True),
        note(3, status=NoteStatus.MISSING, file=None),
        note(4, waveform=(), whatsapp_path="mum.opus", forwarded=True),
        note(
            30,
            chat="Family",
            chat_jid=FAMILY,
            sender="Zoë Żółć",
            sender_jid=ZOE,
            transcript="Forty tomatoes!",
            whatsapp_path="grandpa.opus",
        ),
        note(31, chat="Family", chat_jid=FAMILY, whatsapp_path="mum.opus"),
        note(
            32,
            chat="Unknown",
            chat_jid="",
            sender="Unknown",
            sender_jid=None,
            sent_at=None,
            message_id="",
            status=NoteStatus.UNMATCHED,
            whatsapp_path="song.opus",
        ),
    ]
