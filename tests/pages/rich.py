"""Notes with everything that a page can show: words with times, and what is around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gdrive_wa.core.context import ContextKind, ContextMessage, Reaction, Reply
from gdrive_wa.core.model import VoiceNote
from tests.pages.people import OWNER, START, note

SAID = "Call me back when you can, the soup is ready and there are forty tomatoes left."
TIMES = tuple((place * 0.3, place * 0.3 + 0.25, word) for place, word in enumerate(SAID.split()))
LONG = " ".join(["The garden was full today. We sat under the old tree for an hour."] * 12)


def in_context(plain: VoiceNote, **around: Any) -> VoiceNote:
    return replace(plain, **around)


def message(sender: str, minutes: float, text: str, kind: str = "text") -> ContextMessage:
    sent_at = START + timedelta(minutes=minutes)
    return ContextMessage(sender=sender, sent_at=sent_at, text=text, kind=ContextKind(kind))


def rich() -> list[VoiceNote]:
    """Five notes: the first with words, messages, a reply and a reaction."""
    spoken = note(
        1, transcript=SAID, transcript_source="tiny.en", words=TIMES, whatsapp_path="mum.opus"
    )
    first = in_context(
        spoken,
        before=(message("Robin", -9, "Is the oven hot?"), message("Mum", -4, "", kind="video")),
        after=(message("Robin", 5, "On my way with the basket"),),
        reply_to=Reply(sender="Robin", text="What is for lunch?"),
        reactions=(Reaction(sender="Robin", emoji="\u2764"),),
    )
    return [
        first,
        note(2, sender="Robin", sender_jid=OWNER, from_me=True, transcript=LONG),
        note(3, whatsapp_path="mum.opus", waveform=(60,) * 20 + (0,) * 30 + (60,) * 14),
        note(2000),
        note(9000),
    ]
