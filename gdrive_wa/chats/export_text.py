"""The messages of an exported chat: who, when, what, and which file.

A text is read twice, line by line: once for its format of dates and its senders, and once for its
messages. Only one message at a time is kept in memory.
"""

# ruff: noqa: RUF001 - punctuation of other scripts is what is looked for

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gdrive_wa.chats.export_dates import (
    MARKS,
    DateOrders,
    Head,
    day_of,
    read_head,
    without_marks,
)
from gdrive_wa.chats.export_words import (
    is_deleted_by_owner,
    is_omitted_audio,
    is_view_once_voice,
)
from gdrive_wa.core.export_names import MEDIA_NAME, exported_kind, exported_on
from gdrive_wa.core.names import folded_name

LONGEST_TEXT = 1 << 16
"""Maximum kept characters of a message: WhatsApp does not allow longer ones."""
_LONGEST_SENDER = 200
_SPLITS = 4
"""The number of colons in a line that are tried as the end of the sender's name."""
_MANY_NAMES = 20_000
_USUAL = 3
"""A name with a colon is accepted if it occurs this often, and never without its second part."""
_MARK = "\u200e"
"""An iPhone begins its system messages with this."""
_IPHONE_FILE = re.compile(r"<[^<>:：\n]{1,60}[:：] ?(?P<name>[^<>\s][^<>\n]{0,300}\.\w{1,8})>\s*$")
_ANDROID_FILE = re.compile(r"(?P<name>.{1,300}\.\w{1,8}) ?[(（][^()（）]{2,60}[)）]")
_LEFT_OUT = re.compile(r"<[^<>\n]{2,60}>")
_QUOTES = (("“", "”"), ("«", "»"), ("「", "」"))
_SENTENCE_ENDS = re.compile(r"[.!?。] ")


class MessageKind(StrEnum):
    """The kind of a message."""

    TEXT = "text"
    VOICE = "voice"
    AUDIO = "audio"
    IMAGE = "image"
    VIDEO = "video"
    STICKER = "sticker"
    DOCUMENT = "document"
    LEFT_OUT = "left out"
    """Media that were left out of the export; Android does not give their kind."""
    SYSTEM = "system"
    """A system message, such as who joined a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedMessage:
    """One message of an exported chat.

    Attributes:
        at: local time of the phone that made the export, without a time zone.
        sender: as that phone names them; None for a system message.
        text: what was written, or the caption of the file.
        kind: what it is.
        file: the name of its file; None without a file, and for media that were left out.
        by_owner: the text of the message shows that its sender is the owner of the phone.
        view_once: a view-once voice note, which no export contains.
    """

    at: datetime
    sender: str | None
    text: str
    kind: MessageKind
    file: str | None = None
    by_owner: bool = False
    view_once: bool = False


class ExportText:
    """The text of an exported chat.

    Args:
        lines: returns the lines, from the first one at each call.
        files: names of the files next to the text, folded by
            :func:`~gdrive_wa.core.names.folded_name`.
        known_names: names that a sender may have, such as the chat's; they help with colons.

    Attributes:
        order: the order of day, month and year; see
            :class:`~gdrive_wa.chats.export_dates.DateOrders`.
    """

    def __init__(
        self,
        lines: Callable[[], Iterable[str]],
        *,
        files: Container[str] = frozenset(),
        known_names: Iterable[str] = (),
    ) -> None:
        self._lines = lines
        self._files = files
        self._form: tuple[object, ...] | None = None
        self._certain = set(known_names)
        self._prefixes: Counter[str] = Counter()
        self.order = self._survey()

    def messages(self) -> Iterator[ExportedMessage]:
        """The messages in their order. Lines before the first one are ignored."""
        head: Head | None = None
        rest, size = [""], 0
        for line in self._lines():
            found = self._head(line)
            if found is None:
                if head is not None and size < LONGEST_TEXT:
                    rest.append(line.rstrip("\r\n"))
                    size += len(line)
                continue
            if head is not None:
                yield from self._message(head, rest)
            head, first = found, _after(line, found.end)
            rest, size = [first], len(first)
        if head is not None:
            yield from self._message(head, rest)

    def _survey(self) -> str:
        orders = DateOrders()
        for line in self._lines():
            head = self._head(line)
            if head is None:
                continue
            self._form = head.form
            orders.add(head)
            name = self._learn(_after(line, head.end))
            if name is not None and (named := exported_on(name)) is not None:
                orders.add_attachment(head, named)
        return orders.order()

    def _head(self, line: str) -> Head | None:
        head = read_head(without_marks(line))
        return head if head is not None and self._form in (None, head.form) else None

    def _learn(self, rest: str) -> str | None:
        """Record the possible senders in a message's first line; return the name of its file."""
        for prefix, body in _splits(rest):
            shown = _shown_name(prefix)
            if len(self._prefixes) < _MANY_NAMES or shown in self._prefixes:
                self._prefixes[shown] += 1
            name = self._file_in(body)
            if name is not None and not body.lstrip(_MARK).startswith((name, "<")):
                continue
            if name is not None or body.startswith(_MARK):
                if len(self._certain) < _MANY_NAMES:
                    self._certain.add(shown)
                return name
        return None

    def _message(self, head: Head, rest: list[str]) -> Iterator[ExportedMessage]:
        day = day_of(self.order, head)
        if day is None:
            return
        sender, body = self._split(rest[0])
        whole = "\n".join([body, *rest[1:]])[:LONGEST_TEXT]
        name = self._file_in(whole)
        text = MARKS.sub("", whole).strip()
        kind, view_once = MessageKind.TEXT, False
        if name is not None:
            kind, text = MessageKind(str(exported_kind(name))), _caption(text, name)
        elif is_omitted_audio(text):
            kind = MessageKind.VOICE
        elif _LEFT_OUT.fullmatch(first := text.partition("\n")[0]):
            view_once = is_view_once_voice(first)
            kind = MessageKind.VOICE if view_once else MessageKind.LEFT_OUT
        elif sender is None or body.startswith(_MARK):
            kind = MessageKind.SYSTEM
        yield ExportedMessage(
            at=datetime.combine(day, head.at),
            sender=sender,
            text=text,
            kind=kind,
            file=name,
            by_owner=sender is not None and is_deleted_by_owner(text),
            view_once=view_once,
        )

    def _split(self, rest: str) -> tuple[str | None, str]:
        """The sender and the text of a message's first line; no sender for a system message."""
        splits = [(_shown_name(prefix), body) for prefix, body in _splits(rest)]
        for shown, body in reversed(splits):
            if shown in self._certain:
                return shown, body
        if not splits or not _may_be_name(splits[0][0]):
            return None, rest
        best = splits[0]
        for longer in splits[1:]:
            count = self._prefixes[longer[0]]
            if count >= _USUAL and count == self._prefixes[best[0]]:
                best = longer
        return best

    def _file_in(self, body: str) -> str | None:
        """The name of the attached file in the text of a message."""
        if "." not in body:
            return None
        if (found := _IPHONE_FILE.search(body)) is not None:
            return found["name"].strip()
        first = MARKS.sub("", body.partition("\n")[0]).strip()
        if (found := _ANDROID_FILE.fullmatch(first)) is not None:
            name = found["name"].strip()
            if MEDIA_NAME.fullmatch(name) or folded_name(name) in self._files:
                return name
        if "-WA" in first and (found := MEDIA_NAME.search(first)) is not None:
            at_an_end = found.start() == 0 or found.end() == len(first)
            if at_an_end and len(first) - len(found[0]) <= 60:
                return found[0]
        return first if "." in first and folded_name(first) in self._files else None


def _after(line: str, end: int) -> str:
    """The part of `line` after its head, with its marks.

    Args:
        line: as it was read.
        end: the end of the head in the line without marks.
    """
    line = line.rstrip("\r\n")
    if MARKS.search(line, 0, end + 1) is None:
        return line[end:]
    passed = 0
    for place, char in enumerate(line):
        if passed == end:
            return line[place:]
        passed += MARKS.match(char) is None
    return ""


def _splits(rest: str) -> Iterator[tuple[str, str]]:
    """Each way to split a line into the sender and the text, the shortest sender first."""
    at = -1
    for _ in range(_SPLITS):
        at = rest.find(":", at + 1, _LONGEST_SENDER)
        if at < 0:
            return
        follows = rest[at + 1 : at + 2]
        if follows in ("", " ", "\u00a0", "\u202f"):
            yield rest[:at], rest[at + 2 :]


def _shown_name(prefix: str) -> str:
    """A sender's name without marks, and without the tilde of people who are not contacts."""
    return " ".join(without_marks(prefix).split()).removeprefix("~").strip()


def _may_be_name(text: str) -> bool:
    """False for the beginning of a system message, which may have a colon as well: a sentence, or a
    quotation that does not end."""
    if not text or len(text) > 60 or (len(text) > 25 and _SENTENCE_ENDS.search(text)):
        return False
    return text.count('"') % 2 == 0 and all(
        text.count(opening) <= text.count(closing) for opening, closing in _QUOTES
    )


def _caption(text: str, name: str) -> str:
    """The caption of the file `name`."""
    if (found := _IPHONE_FILE.search(text)) is not None:
        return text[: found.start()].strip()
    first, _, others = text.partition("\n")
    return others.strip() if name in first else text
