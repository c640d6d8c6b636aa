"""The context of a voice note: messages before and after it, the one it answers, and reactions.

All of it comes from a backup or from an archive's index, so the length of every text is limited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from sys import intern
from typing import Any

from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.frozen import quickly_made
from gdrive_wa.core.moments import moment_in
from gdrive_wa.core.names import parts_of, whole_text

USUAL_CONTEXT = 3
"""Default number of messages before and after a note."""
MOST_CONTEXT = 100
"""Maximum number of messages before a note, and of those after it."""
LONGEST_TEXT = 2000
"""Maximum characters of a message's text."""
MOST_REACTIONS = 1024
"""Maximum number of reactions to one note: as many as a group has members."""
LONGEST_EMOJI = 64
"""Maximum characters of a reaction: an emoji may have a dozen."""


class ContextKind(StrEnum):
    """The kind of a message."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    CALL = "call"
    POLL = "poll"
    DELETED = "deleted"
    OTHER = "other"


SHOWN_KINDS = frozenset({ContextKind.IMAGE, ContextKind.STICKER, ContextKind.VIDEO})
"""Kinds of messages with a file that the page shows, if it is in the archive."""

_KINDS = {str(kind): kind for kind in ContextKind}


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ContextMessage:
    """One message before or after a voice note, of the same chat and day.

    Attributes:
        sender: displayed name of its sender.
        sent_at: time of sending, UTC.
        text: its text, or the caption or name of its file; empty without any.
        kind: its kind.
        sender_jid: WhatsApp's id of the sender; None for the owner, and if it is unknown.
        from_me: sent by the owner of the backup.
        file: path of its picture or video in the archive; None if the archive does not have it.
        whatsapp_path: path of that file on the phone. An archive's lists do not contain it, because
            the user may not have chosen the file.
    """

    sender: str
    sent_at: datetime | None
    text: str = ""
    kind: ContextKind = ContextKind.TEXT
    sender_jid: str | None = None
    from_me: bool = False
    file: str | None = None
    whatsapp_path: str | None = None

    def to_json(self) -> dict[str, object]:
        """The fields of each element of `before` and `after` in JSON."""
        sent_at = None if self.sent_at is None else self.sent_at.isoformat()
        return {
            "sender": self.sender,
            "sent_at": None if sent_at is None else sent_at.replace("+00:00", "Z"),
            "text": self.text,
            "kind": str(self.kind),
            "sender_jid": self.sender_jid,
            "from_me": self.from_me,
            "file": self.file,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The message that a voice note answers.

    Attributes:
        sender: displayed name of its sender.
        text: as in :class:`ContextMessage`.
        kind: its kind.
        sender_jid: as in :class:`ContextMessage`.
        from_me: sent by the owner of the backup.
    """

    sender: str
    text: str = ""
    kind: ContextKind = ContextKind.TEXT
    sender_jid: str | None = None
    from_me: bool = False

    def to_json(self) -> dict[str, object]:
        """The fields of `reply_to` in JSON."""
        return {
            "sender": self.sender,
            "text": self.text,
            "kind": str(self.kind),
            "sender_jid": self.sender_jid,
            "from_me": self.from_me,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One person's reaction to a voice note.

    Attributes:
        sender: displayed name of that person.
        emoji: the reaction.
        sender_jid: as in :class:`ContextMessage`.
        from_me: the owner of the backup reacted.
    """

    sender: str
    emoji: str
    sender_jid: str | None = None
    from_me: bool = False

    def to_json(self) -> dict[str, object]:
        """The fields of each element of `reactions` in JSON."""
        return {
            "sender": self.sender,
            "emoji": self.emoji,
            "sender_jid": self.sender_jid,
            "from_me": self.from_me,
        }


def bounded(text: str | None, max_length: int = LONGEST_TEXT) -> str:
    """`text` without surrounding spaces, cut to `max_length` characters; empty for None."""
    return (text or "").strip()[:max_length]


def parsed_messages(value: Any) -> tuple[ContextMessage, ...]:
    """The messages before or after a note, from JSON.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: `value` is something else.
    """
    return tuple(
        ContextMessage(
            sent_at=moment_in(item.get("sent_at")),
            file=parsed_file(item.get("file")),
            **_said(item),
        )
        for item in _items(value, MOST_CONTEXT)
    )


def parsed_reply(value: Any) -> Reply | None:
    """The message that a note answers, from JSON; None for null.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: `value` is something else.
    """
    return None if value is None else Reply(**_said(value))


def parsed_reactions(value: Any) -> tuple[Reaction, ...]:
    """The reactions to a note, from JSON.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: `value` is something else.
    """
    return tuple(
        Reaction(emoji=bounded(parsed_text(item["emoji"]), LONGEST_EMOJI), **_who(item))
        for item in _items(value, MOST_REACTIONS)
    )


def _items(value: Any, most: int) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple):
        raise TypeError("not an array")
    return list(value[:most])


def _said(item: dict[str, Any]) -> dict[str, Any]:
    text = bounded(parsed_text(item["text"]))
    return {"text": text, "kind": _kind(item["kind"]), **_who(item)}


def parsed_file(value: object) -> str | None:
    """The path of a file in the archive, from JSON; None for null.

    Raises:
        ValueError, TypeError: `value` is not a path, or leads out of the archive.
    """
    if value is None:
        return None
    try:
        return "/".join(parts_of(parsed_text(value)))
    except UnsafeNameError as error:
        raise ValueError("a file outside the archive") from error


def _kind(value: object) -> ContextKind:
    """A kind of message, from JSON; one that only a newer version knows counts as ``other``."""
    return _KINDS.get(parsed_text(value), ContextKind.OTHER)


def _who(item: dict[str, Any]) -> dict[str, Any]:
    jid = item.get("sender_jid")
    return {
        "sender": intern(parsed_text(item["sender"])),
        "sender_jid": None if jid is None else intern(parsed_text(jid)),
        "from_me": item.get("from_me") is True,
    }


def parsed_text(value: object) -> str:
    """A text, from JSON.

    Raises:
        TypeError: `value` is something else.
    """
    if not isinstance(value, str):
        raise TypeError("not a text")
    return whole_text(value)
