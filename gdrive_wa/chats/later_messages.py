"""The messages of increments, with names, in the form that the context of notes needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gdrive_wa.chats.people import Jids, People, is_person, sender_in
from gdrive_wa.core.context import SHOWN_KINDS, ContextMessage, Reaction, Reply
from gdrive_wa.core.moments import moment_at

if TYPE_CHECKING:
    from gdrive_wa.chats.increment_messages import IncrementMessage
    from gdrive_wa.chats.increments import Increment


@dataclass(frozen=True, slots=True)
class LaterMessage:
    """A message that is newer than the database.

    Attributes:
        key: its chat, its id, and whether the owner sent it.
        message: its sender, time and content.
        reply_to: the message that it answers.
        reactions: the reactions to it.
        is_new: it is newer than all messages of the database.
    """

    key: tuple[str, str, bool]
    message: ContextMessage
    reply_to: Reply | None
    reactions: tuple[Reaction, ...]
    is_new: bool


def later_messages(
    increments: Iterable[Increment],
    jids: Jids,
    people: People,
    newest: datetime | None,
    owner_number: str | None = None,
) -> list[LaterMessage]:
    """The messages of the increments, each once, from the last increment that has it.

    Args:
        increments: in the order in which the phone wrote them.
        jids: resolves hidden ids.
        people: gives names to jids.
        newest: time of the latest message of the database.
        owner_number: the owner's own number, if it is known.
    """
    owner = None if owner_number is None else f"{owner_number.lstrip('+')}@s.whatsapp.net"
    found: dict[tuple[str, str, bool], LaterMessage] = {}
    for increment in increments:
        for message in increment.messages:
            later = _later(message, jids, people, newest, owner)
            if later is not None:
                found[later.key] = later
    return list(found.values())


def _later(
    message: IncrementMessage,
    jids: Jids,
    people: People,
    newest: datetime | None,
    owner: str | None,
) -> LaterMessage | None:
    sent_at = moment_at(message.seconds or None)
    if sent_at is None:
        return None
    chat_jid = jids.resolve(message.chat_jid)

    def who(participant: str | None, *, mine: bool, own: str | None = None) -> dict[str, Any]:
        known = None if not participant else jids.resolve(participant)
        jid = None if mine else sender_in(chat_jid, known, mine=mine)
        sender = people.sender(jid, from_me=mine, own=own)
        return {"sender": sender, "sender_jid": jid, "from_me": mine}

    reply = None
    if message.quoted is not None:
        by = jids.resolve(message.quoted.participant)
        sender = who(by, mine=_is_owner(by, chat_jid, owner))
        reply = Reply(text=message.quoted.text, kind=message.quoted.kind, **sender)
    return LaterMessage(
        key=(chat_jid, message.message_id, message.from_me),
        message=ContextMessage(
            sent_at=sent_at,
            text=message.text,
            kind=message.kind,
            whatsapp_path=message.path if message.kind in SHOWN_KINDS else None,
            **who(message.participant, mine=message.from_me, own=message.push_name),
        ),
        reply_to=reply,
        reactions=tuple(
            Reaction(emoji=emoji, **who(jid, mine=jid is None)) for jid, emoji in message.reactions
        ),
        is_new=newest is None or sent_at > newest,
    )


def _is_owner(jid: str, chat_jid: str, owner: str | None) -> bool:
    """True if `jid` is the owner's: in a chat with one person, anyone except that person."""
    return jid == owner or (is_person(chat_jid) and is_person(jid) and jid != chat_jid)
