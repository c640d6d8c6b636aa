"""The messages around voice notes in Android's databases, what the notes answer, and reactions.

It takes two passes over the messages: the first reads only the time and chat of each, the second
reads the messages around notes. Format facts: proto/README.md, "Messages around a note".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from gdrive_wa.chats.context_reader import (
    EARLIEST,
    LATEST,
    ContextReader,
    completed,
    shown_kind,
    time_of,
)
from gdrive_wa.chats.later_messages import LaterMessage
from gdrive_wa.chats.merged import Key, key_of
from gdrive_wa.chats.message_kinds import SYSTEM_KINDS
from gdrive_wa.chats.modern import NO_ROW
from gdrive_wa.chats.people import Jids, People
from gdrive_wa.chats.tables import WANTED, Tables
from gdrive_wa.chats.timeline import DAY, ContextWindow, Places, Timeline, milliseconds
from gdrive_wa.chats.values import as_int, flag, moment, text
from gdrive_wa.core.context import (
    LONGEST_EMOJI,
    MOST_REACTIONS,
    SHOWN_KINDS,
    ContextKind,
    ContextMessage,
    Reaction,
    Reply,
    bounded,
)
from gdrive_wa.core.frozen import replace
from gdrive_wa.core.message_pool import Messages
from gdrive_wa.core.model import VoiceNote

_REACTION = 56
"""``message_add_on_type`` of a reaction."""
_FIRST_LATER = NO_ROW
"""The number of the first message that is not in the database."""
_MOST_CHATS = 1 << 20
"""More than the highest row number of ``chat``, and more than the number of any day."""
_MOST_DAYS = 8
"""Maximum number of selected days of chats for each note. Usually there are one or two; a damaged
or hostile database may have the same chat in many rows."""
_NEAR = (
    f"CASE WHEN +chat_row_id BETWEEN 0 AND {_MOST_CHATS - 1} "
    f"AND +timestamp BETWEEN {EARLIEST} AND {LATEST - 1} "
    f"THEN CAST(chat_row_id AS INTEGER) * {_MOST_CHATS} + CAST(timestamp AS INTEGER) / {DAY} "
    f"IN {WANTED} ELSE 1 END"
)
"""SQL for messages of the selected chats and days, and messages whose chat or day is not a plain
number. The plus keeps SQLite from converting texts to numbers, which this package does itself."""
_MESSAGE = (
    "_id",
    "chat_row_id",
    "from_me",
    "sender_jid_row_id",
    "message_type",
    "text_data",
    "timestamp",
    "received_timestamp",
    "origin",
)


class ModernContext(ContextReader):
    """The messages of the current schema around notes, what these answer, and reactions.

    Args:
        tables: the database.
        jids: the jids of the database.
        people: gives names to jids.
        window: how many messages are read.
        later: messages that came after those of the database.
    """

    def __init__(
        self,
        tables: Tables,
        jids: Jids,
        people: People,
        window: ContextWindow,
        later: Sequence[LaterMessage] = (),
    ) -> None:
        super().__init__(tables, jids, people, window)
        self._later = later
        self._chats = {
            as_int(row_id): jid
            for row_id, jid_row in tables.rows("chat", ("_id", "jid_row_id"))
            if (jid := jids.jid_at(jid_row)) is not None
        }

    def added_to(self, notes: list[VoiceNote], rows: Sequence[int]) -> list[VoiceNote]:
        """`notes`, changed in place: those in chats of this table have the messages around
        them.

        Args:
            notes: the notes.
            rows: for each note its row number in this table, or ``NO_ROW``.
        """
        timeline = Timeline(self._window, {note.chat_jid for note in notes})
        own: dict[Key, int] = {}
        if self._tables.has("message", "_id", "chat_row_id", "message_type"):
            known = zip(map(key_of, notes), rows, strict=True)
            own = {key: row for key, row in known if row < NO_ROW}
            self._add_times(timeline, self._near(timeline.days(notes), len(notes)))
        elif not self._later:
            return notes
        for number, later in enumerate(self._later, _FIRST_LATER):
            own.setdefault(later.key, number)
            add = timeline.adder(later.key[0])
            if add is not None and later.is_new and later.message.sent_at is not None:
                add(milliseconds(later.message.sent_at), number)
        numbers = [own.get(key_of(note)) for note in notes]
        if not self._later:
            own.clear()  # the memory is needed for the messages
        places = list(map(timeline.around, notes, numbers))
        notes_rows = {number for number in numbers if number is not None}
        messages = self._messages(places, notes_rows)
        self._tables.select_ids(number for number in notes_rows if number < _FIRST_LATER)
        replies, reactions = self._replies(), self._reactions()
        for number, later in enumerate(self._later, _FIRST_LATER):
            at = own[later.key]
            messages[number] = _as_voice(later.message) if at in notes_rows else later.message
            if later.reply_to is not None:
                replies.setdefault(at, later.reply_to)
            if later.reactions:
                reactions[at] = list(later.reactions)
        for at, (note, row, place) in enumerate(zip(notes, numbers, places, strict=True)):
            notes[at] = completed(note, row, place, messages, replies, reactions)
        return notes

    def _near(self, days: Mapping[str, Collection[int]], notes: int) -> str:
        """An SQL condition for the messages that may be around notes: those on `days` of their
        chats. In a large database, SQLite skips the others in a third of the time. `notes` is the
        number of notes."""
        pairs = sum(len(days.get(jid, ())) for jid in self._chats.values())
        if pairs > _MOST_DAYS * notes or not self._tables.has("message", "timestamp"):
            return "1"
        self._tables.select_ids(
            row * _MOST_CHATS + day
            for row, jid in self._chats.items()
            if row is not None and 0 <= row < _MOST_CHATS
            for day in sorted(days.get(jid, ()))
        )
        return _NEAR

    def _add_times(self, timeline: Timeline, near: str) -> None:
        """Add the time of each message of this table that meets the condition `near`."""
        arrays = {row: timeline.arrays(jid) for row, jid in self._chats.items()}
        columns = ("_id", "chat_row_id", "timestamp", "received_timestamp")
        shown = f"CAST(message_type AS INTEGER) NOT IN ({SYSTEM_KINDS})"
        for number, chat_row, sent, received in self._tables.rows(
            "message", columns, f"{near} AND {shown}"
        ):
            found = arrays.get(chat_row if type(chat_row) is int else as_int(chat_row))
            if found is not None and type(number) is int and number < _FIRST_LATER:
                at = sent
                if type(sent) is not int or not EARLIEST <= sent < LATEST:
                    at = time_of(sent, received)
                    if at is None:
                        continue
                found[0].append(at)
                found[1].append(number)

    def _messages(self, places: Iterable[Places], notes: set[int]) -> Messages:
        wanted = {number for pair in places for numbers in pair for number in numbers}
        self._tables.select_ids(wanted)
        files = {number: each for number, *each in self._files()}
        found = Messages()
        senders: dict[tuple[object, ...], tuple[str, str | None, bool]] = {}
        for row in self._tables.rows("message", _MESSAGE, wanted="_id"):
            number, chat_row, mine, sender_row, kind, written, sent, received, origin = row
            sender = row[1:4]
            if sender not in senders:
                chat_jid = self._chats.get(as_int(chat_row)) or ""
                jid = self._jids.jid_at(sender_row)
                who = self.who(chat_jid, jid, mine=flag(mine))
                senders[sender] = (who["sender"], who["sender_jid"], who["from_me"])
            shown = shown_kind(as_int(kind), as_int(origin), is_note=number in notes)
            name, path = files.get(number, (None, None))
            said = bounded(text(written)) or bounded(name)
            found.add_parts(
                number,
                senders[sender],
                moment(sent, received),
                "" if shown is ContextKind.DELETED else said,
                shown,
                (None, path if shown in SHOWN_KINDS else None),
            )
        return found

    def _files(self) -> Iterator[tuple[int, str | None, str | None]]:
        """The names of documents and contacts among the wanted messages, and paths of files."""
        columns = ("message_row_id", "media_name", "mime_type", "file_path")
        for number, name, mime_type, path in self._tables.rows(
            "message_media", columns, wanted="message_row_id"
        ):
            kind = text(mime_type) or ""
            if not kind.startswith("audio/"):
                is_named = not kind.startswith(("image/", "video/"))
                yield as_int(number) or 0, text(name) if is_named else None, text(path)

    def _replies(self) -> dict[int, Reply]:
        """The messages that the wanted ones quote."""
        columns = (
            "message_row_id",
            "parent_message_chat_row_id",
            "chat_row_id",
            "from_me",
            "sender_jid_row_id",
            "message_type",
            "text_data",
            "origin",
        )
        found: dict[int, Reply] = {}
        rows = self._tables.rows("message_quoted", columns, wanted="message_row_id")
        for number, parent_chat, chat, mine, sender_row, kind, written, origin in rows:
            chat_jid = self._chats.get(as_int(parent_chat)) or self._chats.get(as_int(chat)) or ""
            found[as_int(number) or 0] = Reply(
                text=bounded(text(written)),
                kind=shown_kind(as_int(kind) or 0, as_int(origin), is_note=False),
                **self.who(chat_jid, self._jids.jid_at(sender_row), mine=flag(mine)),
            )
        return found

    def _reactions(self) -> dict[int, list[Reaction]]:
        """The reactions to the wanted messages."""
        add_ons = {}
        columns = ("_id", "parent_message_row_id", "chat_row_id", "from_me", "sender_jid_row_id")
        where = "1"
        if self._tables.has("message_add_on", "message_add_on_type"):
            where = f"CAST(message_add_on_type AS INTEGER) = {_REACTION}"
        for number, parent, chat, mine, sender_row in self._tables.rows(
            "message_add_on", columns, where, wanted="parent_message_row_id"
        ):
            who = self.who(
                self._chats.get(as_int(chat)) or "",
                self._jids.jid_at(sender_row),
                mine=flag(mine),
            )
            add_ons[as_int(number) or 0] = (as_int(parent) or 0, who)
        self._tables.select_ids(add_ons)
        found: dict[int, list[Reaction]] = defaultdict(list)
        for number, emoji in self._tables.rows(
            "message_add_on_reaction",
            ("message_add_on_row_id", "reaction"),
            wanted="message_add_on_row_id",
        ):
            parent, who = add_ons.get(as_int(number) or 0, (0, {}))
            shown = bounded(text(emoji), LONGEST_EMOJI)
            if shown and who and len(found[parent]) < MOST_REACTIONS:
                found[parent].append(Reaction(emoji=shown, **who))
        return found


def _as_voice(message: ContextMessage) -> ContextMessage:
    """`message` as a voice note: its database row may only say that it is audio."""
    if message.kind is not ContextKind.AUDIO:
        return message
    return replace(message, kind=ContextKind.VOICE)
