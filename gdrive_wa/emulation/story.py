"""The people of the sample account and their messages: ``story.txt``, parsed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import resources

OWNER_NAME = "Alex"
OWNER_NUMBER = "15550100"
OWNER_JID = f"{OWNER_NUMBER}@s.whatsapp.net"


class MessageKind(StrEnum):
    """The kind of a line of the story."""

    TEXT = "text"
    VOICE = "voice"
    IMAGE = "image"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of the story, with their names and ids in the databases.

    Attributes:
        jid: their id in messages.
        shown: the expected name.
        contact: the name in the phone's address book (``wa.db``); None if it has none.
        profile: the name that they chose themselves (``wa.db``); None if unknown.
        lid_name: the name stored for a hidden id; None if there is none.
        number_jid: the jid with the phone number of a hidden id; None if unknown.
    """

    jid: str
    shown: str
    contact: str | None = None
    profile: str | None = None
    lid_name: str | None = None
    number_jid: str | None = None


def _jid(last: int) -> str:
    return f"155501{last:02}@s.whatsapp.net"


PEOPLE = {
    "mum": Person(jid=_jid(1), shown="Mum", contact="Mum", profile="Helen"),
    "grandpa": Person(jid=_jid(2), shown="Grandpa Joe", contact="Grandpa Joe"),
    "anna": Person(jid=_jid(3), shown="Anna", contact="Anna", profile="anna*"),
    "sam": Person(jid=_jid(4), shown="Sam R.", profile="Sam R."),
    "lena": Person(jid=_jid(5), shown="Lena", contact="Lena"),
    "garden_club": Person(jid=_jid(6), shown="+1 5550106"),
    "ruth": Person(
        jid="200000000000001@lid", shown="Aunt Ruth", contact="Aunt Ruth", number_jid=_jid(7)
    ),
    "marta": Person(
        jid="200000000000002@lid", shown="Marta (garden club)", lid_name="Marta (garden club)"
    ),
}
GROUP = "sunday"
GROUP_JID = "120363025550100001@g.us"
GROUP_NAME = "Sunday lunch"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMessage:
    """One message.

    Attributes:
        chat: key of the person in `PEOPLE`, or `GROUP`.
        sender: key of the person in `PEOPLE`; None for the owner.
        at: when it was sent, UTC.
        what: kind of the message.
        text: the words of a text; the name of a voice note's recording.
        flags: ``starred``, ``forwarded``, ``once``, ``transcript``, ``missing``.
    """

    chat: str
    sender: str | None
    at: datetime
    what: MessageKind
    text: str = ""
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is shipped with the package.

    Attributes:
        name: name of the file, without suffix.
        words: the spoken words.
        audio: Ogg Opus.
    """

    name: str
    words: str
    audio: bytes


def read_story() -> list[StoryMessage]:
    """All messages of the story, in the order in which they were sent."""
    text = resources.files(__package__).joinpath("story.txt").read_text("utf-8")
    lines, chat = [], ""
    for row in text.splitlines():
        if row.startswith("["):
            chat = row.strip("[]")
        elif row and not row.startswith("#"):
            lines.append(_line(chat, row))
    return sorted(lines, key=lambda line: line.at)


def read_recordings() -> dict[str, Recording]:
    """The shipped recordings, by name."""
    folder = resources.files(__package__).joinpath("recordings")
    found = {}
    for row in folder.joinpath("words.tsv").read_text("utf-8").splitlines()[1:]:
        name, _voice, _speed, _pitch, words = row.split("\t")
        found[name] = Recording(name, words, folder.joinpath(f"{name}.opus").read_bytes())
    return found


def read_picture() -> bytes:
    """The shipped picture, JPEG."""
    folder = resources.files(__package__).joinpath("recordings")
    return folder.joinpath("garden.jpg").read_bytes()


def _line(chat: str, row: str) -> StoryMessage:
    day, hour, who, said = row.split(" ", 3)
    at = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=UTC)
    sender = None if who == "me" else who
    if said.startswith("~"):
        name, *flags = said.removeprefix("~").split()
        return StoryMessage(
            chat=chat,
            sender=sender,
            at=at,
            what=MessageKind.VOICE,
            text=name,
            flags=frozenset(flags),
        )
    if said.startswith("#"):
        return StoryMessage(
            chat=chat, sender=sender, at=at, what=MessageKind(said.removeprefix("#"))
        )
    return StoryMessage(chat=chat, sender=sender, at=at, what=MessageKind.TEXT, text=said)
