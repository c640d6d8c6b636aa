"""Identify the people in an exported chat, which has only names and no ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gdrive_wa.chats.export_words import chat_of_file_name, without_copy_number
from gdrive_wa.core.export_ids import EXPORT_SERVER

_NUMBER = re.compile(r"\+[\d\s().\u2010\u2011-]{7,24}")
_GENERIC = frozenset({"chat", "_chat", "export", "exports", "whatsapp", "downloads", "download"})

NameOf = Callable[[str], str | None]
"""Returns the name of a jid, or None."""


@dataclass(frozen=True, slots=True)
class ExportedPeople:
    """The people of one exported chat.

    Attributes:
        chat: the name of the chat; it also stands for the sender of a message without one.
        owner: the name of the phone's owner; None if the text does not show it.
        name_of: gives names for the jids of phone numbers.
    """

    chat: str
    owner: str | None
    name_of: NameOf

    def sender(self, written: str | None) -> tuple[str, str | None, bool]:
        """The name and the jid of a sender as written in the text, and whether it is the owner.

        The owner has no jid.
        """
        sender = written or self.chat
        if self.owner is not None and same_name(sender, self.owner):
            return sender, None, True
        jid = exported_jid(sender)
        return self.name_of(jid) or sender, jid, False


def chat_title(names: Sequence[str], *, host: str | None, senders: Collection[str]) -> str:
    """The name of the chat; if it is the name of a sender, in the spelling of the text.

    Args:
        names: the names of the text file, its folder and its ZIP, without suffixes.
        host: the sender of a system message in the first line; an iPhone writes the chat's name.
        senders: the senders of all other messages.
    """
    known = [*filter(None, [host]), *senders]
    found = next(filter(None, map(chat_of_file_name, names)), None)
    if found is not None and not any(same_name(found, who) for who in known):
        found = without_copy_number(found, known=known)
    found = found or host
    if found is None:
        own = [name for name in names if name.strip().casefold() not in _GENERIC]
        found = next((name for name in own if any(same_name(name, who) for who in senders)), "")
        if not found and len(senders) == 1:
            found = next(iter(senders))
        found = found or next(iter(own or names), "") or "Unknown chat"
    return next((who for who in known if same_name(who, found)), found)


def same_name(one: str, other: str) -> bool:
    """True if both are the same name, even if one of them was changed to be part of a file name."""
    return one == other or _letters(one) == _letters(other)


def _letters(name: str) -> str:
    """A name as in a file's name, where some characters are replaced or dropped."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, folded)) or folded


def exported_jid(name: str) -> str:
    """An id for a name: the jid of a phone number, or an invented one that no database has."""
    if _NUMBER.fullmatch(name):
        return f"{''.join(str(int(char)) for char in name if char.isdecimal())}@s.whatsapp.net"
    folded = " ".join(unicodedata.normalize("NFC", name).casefold().split())
    return f"{folded}@{EXPORT_SERVER}"
