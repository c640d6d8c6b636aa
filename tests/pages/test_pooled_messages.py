"""The page is the same, whether the messages around notes are objects or in a pool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.message_pool import MessagePool
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.pages.page import render

_START = datetime(2023, 3, 4, 10, tzinfo=UTC)


def _messages(day: int) -> list[ContextMessage]:
    at = _START + timedelta(days=day)
    return [
        ContextMessage(sender="Ida", sent_at=at, text=f"day {day} <b>\u2028"),
        ContextMessage(sender="Noor", sent_at=at, kind=ContextKind.IMAGE, file=f"Media/{day}.jpg"),
        ContextMessage(sender="Ida", sent_at=None, kind=ContextKind.DOCUMENT, file="x/a.svg"),
        ContextMessage(sender="\ud83d", sent_at=at, text="\ud83d", kind=ContextKind.STICKER),
    ]


def _note(number: int, messages: list[ContextMessage]) -> VoiceNote:
    return VoiceNote(
        chat=f"Chat {number % 2}",
        chat_jid=f"1555010{number % 2}@s.whatsapp.net",
        sender="Ida",
        from_me=False,
        sent_at=_START + timedelta(days=number // 3 * 5, minutes=number),
        message_id=f"A{number}",
        before=tuple(messages[:3]),
        after=tuple(messages[2:]),
    )


def test_the_page_is_the_same_with_messages_of_pools() -> None:
    notes = [_note(number, _messages(number // 2)) for number in range(12)]
    pools = MessagePool(), MessagePool()
    for pool in pools:
        pool.kept(_messages(70 + len(pools)))
    shared = {text.text: pools[0].add(text) for note in notes for text in note.before if text.text}
    pooled = [
        replace(
            note,
            before=pools[0].sequence(
                shared[each.text] if each.text in shared else pools[0].add(each)
                for each in note.before
            ),
            after=pools[at % 2].kept(note.after),
        )
        for at, note in enumerate(notes)
    ]
    assert [note.before for note in pooled] == [note.before for note in notes]
    assert render(pooled, timezone=UTC) == render(notes, timezone=UTC)
