"""Chats without a name, and how to name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gdrive_wa.chats.people import STATUS, UNKNOWN_CHAT, People, phone_number
from gdrive_wa.core.model import VoiceNote


@dataclass(frozen=True, slots=True, kw_only=True)
class NamelessChats:
    """The number of chats without a name.

    Attributes:
        chats: the number of all chats.
        numbers: chats that are shown by their phone number; an address book can name them.
        hidden: chats with people whose number is hidden; a newer backup may contain it.
        groups: groups, lists and channels without a name in these databases.
    """

    chats: int
    numbers: int
    hidden: int
    groups: int

    @property
    def total(self) -> int:
        """All chats without a name."""
        return self.numbers + self.hidden + self.groups

    def advice(self, *, contacts_given: bool) -> tuple[str, ...]:
        """Messages for the user: how many chats have no name, then how to name them.

        Args:
            contacts_given: the user gave an address book already.
        """
        if not self.total:
            return ()
        book = (
            "the address book you gave does not have the number"
            if contacts_given
            else "your address book can name them: --contacts FILE (vCard or CSV)"
        )
        chats = "chat" if self.chats == 1 else "chats"
        have = "has" if self.total == 1 else "have"
        lines = [f"{self.total} of {self.chats} {chats} {have} no name"]
        lines += [f"shown by phone number: {self.numbers}; {book}"] if self.numbers else []
        if self.hidden:
            lines.append(f"with a hidden number: {self.hidden}; a newer backup may know it")
        if self.groups:
            lines.append(f"groups and channels: {self.groups}; the backup has no name for them")
        return tuple(lines)


def count_nameless(chat_jids: Iterable[str], nameless: Iterable[str]) -> NamelessChats:
    """Count what :attr:`~gdrive_wa.chats.read.Chats.nameless` lists.

    Args:
        chat_jids: the jids of all chats; may repeat.
        nameless: the jids of those without a name.
    """
    jids = set(nameless)
    numbers = sum(phone_number(jid) is not None for jid in jids)
    hidden = sum(jid.endswith("@lid") for jid in jids)
    return NamelessChats(
        chats=len(set(chat_jids)),
        numbers=numbers,
        hidden=hidden,
        groups=len(jids) - numbers - hidden,
    )


def nameless_chats(notes: Iterable[VoiceNote], people: People) -> tuple[str, ...]:
    """The jids of the chats without a name in any source, in the order of `notes`."""
    jids = dict.fromkeys(note.chat_jid for note in notes)
    fixed = (STATUS, UNKNOWN_CHAT)
    return tuple(jid for jid in jids if jid not in fixed and people.find_name(jid) is None)
