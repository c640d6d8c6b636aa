"""Messages of people in an increment, for the context of its voice notes.

Format facts: proto/README.md, "Increments".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gdrive_wa.chats.people import bare
from gdrive_wa.chats.values import person_name
from gdrive_wa.core.context import (
    LONGEST_EMOJI,
    LONGEST_TEXT,
    MOST_REACTIONS,
    ContextKind,
    bounded,
)
from gdrive_wa.core.names import whole_text
from gdrive_wa.pb.history_sync_pb2 import Message, WebMessageInfo

MOST_TEXT = 1 << 24
"""Maximum characters of text kept from one increment; further messages are kept without text."""
_DEEPEST = 6
_REVOKED = 0
_KINDS = {
    "conversation": ContextKind.TEXT,
    "image": ContextKind.IMAGE,
    "contact": ContextKind.CONTACT,
    "location": ContextKind.LOCATION,
    "text": ContextKind.TEXT,
    "document": ContextKind.DOCUMENT,
    "audio_message": ContextKind.AUDIO,
    "video": ContextKind.VIDEO,
    "call": ContextKind.CALL,
    "contacts": ContextKind.CONTACT,
    "live_location": ContextKind.LOCATION,
    "sticker": ContextKind.STICKER,
    "poll": ContextKind.POLL,
    "poll_2": ContextKind.POLL,
    "poll_3": ContextKind.POLL,
    "round_video": ContextKind.VIDEO,
}
_TEXTS = ("text", "caption", "name", "file_name", "title")
_WITH_TEXT = {
    name: tuple(
        each
        for each in _TEXTS
        if (kind := Message.DESCRIPTOR.fields_by_name[name].message_type) is not None
        and each in kind.fields_by_name
    )
    for name in _KINDS
}
_WITH_CONTEXT = {
    name
    for name in _KINDS
    if (kind := Message.DESCRIPTOR.fields_by_name[name].message_type) is not None
    and "context" in kind.fields_by_name
}
_WRAPPERS = tuple(
    name
    for name, field in Message.DESCRIPTOR.fields_by_name.items()
    if field.message_type is not None and field.message_type.name in ("Wrapper", "DeviceSent")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedMessage:
    """The message that another one answers.

    Attributes:
        participant: the jid of its sender.
        text: what was written.
        kind: the kind of message.
    """

    participant: str
    text: str
    kind: ContextKind


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementMessage:
    """One message of an increment; jids as they are stored.

    Attributes:
        chat_jid: the jid of its chat.
        message_id: its id.
        participant: its sender in a group; None if it is not given.
        from_me: sent by the owner.
        push_name: the name that the sender has given themselves.
        seconds: when it was sent, since 1970 UTC.
        text: what was written.
        kind: the kind of message.
        quoted: the message that it answers.
        reactions: the jid of each person, None for the owner, and the emoji.
        path: the path of its file on the phone.
    """

    chat_jid: str
    message_id: str
    participant: str | None
    from_me: bool
    push_name: str | None
    seconds: int
    text: str
    kind: ContextKind
    quoted: QuotedMessage | None = None
    reactions: tuple[tuple[str | None, str], ...] = ()
    path: str | None = None


def message_in(
    info: WebMessageInfo, chat: str, *, longest: int = LONGEST_TEXT, path: str | None = None
) -> IncrementMessage | None:
    """The content of a message; None for a system message.

    Args:
        info: the message.
        chat: the jid of its chat, for messages without one.
        longest: the maximum number of characters kept of its text.
        path: the path of its file on the phone.
    """
    found = None if info.stub_type else _content(info.message, min(longest, LONGEST_TEXT))
    if found is None:
        return None
    kind, text, content = found
    return IncrementMessage(
        chat_jid=bare(info.key.remote_jid or chat),
        message_id=info.key.id,
        participant=bare(info.participant or info.key.participant) or None,
        from_me=info.key.from_me,
        push_name=person_name(info.push_name),
        seconds=info.message_timestamp,
        text=text,
        kind=kind,
        quoted=_quoted(content),
        reactions=tuple(_reactions(info)),
        path=path,
    )


def _content(
    message: Message, longest: int, depth: int = _DEEPEST
) -> tuple[ContextKind, str, Any] | None:
    """The kind, the text and the content of a message, inside any wrappers."""
    for name, kind in _KINDS.items():
        if message.HasField(name):
            content = getattr(message, name)
            written = content if isinstance(content, str) else _text(content, _WITH_TEXT[name])
            voice = kind is ContextKind.AUDIO and content.ptt
            shown = ContextKind.VOICE if voice else kind
            inner = content if name in _WITH_CONTEXT else None
            return shown, bounded(whole_text(written), longest), inner
    if message.HasField("protocol"):
        is_revoked = message.protocol.HasField("type") and message.protocol.type == _REVOKED
        return (ContextKind.DELETED, "", None) if is_revoked else None
    for name in _WRAPPERS if depth else ():
        if message.HasField(name):
            return _content(getattr(message, name).message, longest, depth - 1)
    return None


def _text(content: Any, names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := getattr(content, name))), "")


def _quoted(content: Any) -> QuotedMessage | None:
    if content is None or not content.context.HasField("quoted"):
        return None
    found = _content(content.context.quoted, LONGEST_TEXT)
    if found is None:
        return None
    return QuotedMessage(
        participant=bare(content.context.participant), text=found[1], kind=found[0]
    )


def _reactions(info: WebMessageInfo) -> Iterator[tuple[str | None, str]]:
    for each in info.reactions[:MOST_REACTIONS]:
        emoji = bounded(whole_text(each.text), LONGEST_EMOJI)
        if emoji:
            who = None if each.key.from_me else bare(each.key.participant or each.key.remote_jid)
            yield who, emoji
