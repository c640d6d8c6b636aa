"""The messages around voice notes in an iPhone's database, what the notes answer, and reactions.

Format facts: proto/README.md, "Messages around a note".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gdrive_wa.chats.iphone_messages import APPLE_EPOCH_MS, chat_of, moment_of, path_of
from gdrive_wa.chats.iphone_people import IphonePeople
from gdrive_wa.chats.merged import Key, key_of
from gdrive_wa.chats.message_kinds import APPLE_SYSTEM_KINDS, kind_on_iphone
from gdrive_wa.chats.people import People, sender_in
from gdrive_wa.chats.tables import Tables
from gdrive_wa.chats.timeline import ContextWindow, Places, Timeline, with_messages
from gdrive_wa.chats.values import as_int, flag, text
from gdrive_wa.chats.wire import bytes_fields
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
from gdrive_wa.core.message_pool import Messages
from gdrive_wa.core.model import VoiceNote

_MESSAGE = (
    "Z_PK",
    "ZCHATSESSION",
    "ZISFROMME",
    "ZMESSAGEDATE",
    "ZMESSAGETYPE",
    "ZGROUPMEMBER",
    "ZFROMJID",
    "ZTEXT",
)
_QUOTED_ID = 5
"""Field of ``ZMETADATA``: the ``ZSTANZAID`` of the message that is answered."""
_REACTIONS = 7
"""Field of ``ZRECEIPTINFO``: all reactions."""
_REACTION = 1
"""Field of the reactions: one of them."""
_SENDER = 2
"""Field of a reaction: the jid of the person, absent for the owner."""
_EMOJI = 3
"""Field of a reaction: the emoji, empty if the reaction was taken back."""


class IphoneContext:
    """Adds the messages around notes, what the notes answer, and reactions.

    Args:
        tables: ``ChatStorage.sqlite``.
        people_ids: the ids of the people in it.
        people: gives names to jids.
        window: how many messages are read.
    """

    def __init__(
        self, tables: Tables, people_ids: IphonePeople, people: People, window: ContextWindow
    ) -> None:
        self._tables = tables
        self._people_ids = people_ids
        self._people = people
        self._window = window

    def added_to(self, notes: Sequence[VoiceNote]) -> list[VoiceNote]:
        """The notes with the messages around them."""
        if not self._tables.has("ZWAMESSAGE", "Z_PK", "ZMESSAGETYPE"):
            return list(notes)
        own, parents = self._own(notes)
        timeline = self._timeline(notes)
        places = [timeline.around(note, own.get(key_of(note))) for note in notes]
        quoted = self._quoted(own.values(), parents)
        messages = self._messages(places, set(own.values()), quoted.values())
        reactions = self._reactions(own)
        return [
            _completed(note, own.get(key_of(note)), place, messages, quoted, reactions)
            for note, place in zip(notes, places, strict=True)
        ]

    def _timeline(self, notes: Iterable[VoiceNote]) -> Timeline:
        timeline = Timeline(self._window, {note.chat_jid for note in notes})
        adders: dict[object, Any] = {}
        columns = ("Z_PK", "ZCHATSESSION", "ZMESSAGEDATE")
        shown = f"CAST(ZMESSAGETYPE AS INTEGER) NOT IN ({APPLE_SYSTEM_KINDS})"
        for number, chat_row, sent in self._tables.rows("ZWAMESSAGE", columns, shown):
            if chat_row not in adders:
                adders[chat_row] = timeline.adder(chat_of(self._people_ids, chat_row)[0])
            add = adders[chat_row]
            if add is not None and type(number) is int and moment_of(sent) is not None:
                add(int(sent * 1000) + APPLE_EPOCH_MS, number)
        return timeline

    def _own(self, notes: Iterable[VoiceNote]) -> tuple[dict[Key, int], dict[int, int]]:
        """The row numbers of the notes, and of the messages that they answer, if a column has
        them."""
        wanted = {key_of(note) for note in notes}
        own: dict[Key, int] = {}
        parents: dict[int, int] = {}
        columns = ("Z_PK", "ZCHATSESSION", "ZISFROMME", "ZSTANZAID", "ZPARENTMESSAGE")
        audio = "CAST(ZMESSAGETYPE AS INTEGER) IN (3, 53)"
        for number, chat_row, mine, stanza, parent in self._tables.rows(
            "ZWAMESSAGE", columns, audio
        ):
            message_id = text(stanza) or f"row {as_int(number)}"
            key = (chat_of(self._people_ids, chat_row)[0], message_id, flag(mine))
            if key in wanted and type(number) is int:
                own[key] = number
                if as_int(parent):
                    parents[number] = as_int(parent) or 0
        return own, parents

    def _quoted(self, own: Iterable[int], parents: Mapping[int, int]) -> dict[int, int]:
        """The row numbers of the messages that the notes answer."""
        self._tables.select_ids(own)
        stanzas: dict[int, str] = {}
        for message, blob in self._tables.rows(
            "ZWAMEDIAITEM", ("ZMESSAGE", "ZMETADATA"), wanted="ZMESSAGE"
        ):
            ids = [raw for field, raw in bytes_fields(blob) if field == _QUOTED_ID]
            if ids and (stanza := text(ids[0])) is not None:
                stanzas[as_int(message) or 0] = stanza
        wanted = set(stanzas.values())
        rows = self._tables.rows("ZWAMESSAGE", ("Z_PK", "ZSTANZAID")) if wanted else iter(())
        found = {
            stanza: number for number, stanza in rows if stanza in wanted and type(number) is int
        }
        by_id = {note: found[stanza] for note, stanza in stanzas.items() if stanza in found}
        return {**parents, **by_id}

    def _messages(
        self, places: Iterable[Places], notes: set[int], quoted: Iterable[int]
    ) -> Messages:
        wanted = {number for pair in places for numbers in pair for number in numbers}
        self._tables.select_ids(wanted | set(quoted))
        files = self._files()
        found = Messages()
        for row in self._tables.rows("ZWAMESSAGE", _MESSAGE, wanted="Z_PK"):
            number, chat_row, mine, sent, kind, member, from_jid, written = row
            shown = kind_on_iphone(as_int(kind))
            if shown is ContextKind.AUDIO and number in notes:
                shown = ContextKind.VOICE
            title, path = files.get(number, (None, None))
            shown_text = bounded(text(written)) or bounded(title)
            found[number] = ContextMessage(
                sent_at=moment_of(sent),
                text="" if shown is ContextKind.DELETED else shown_text,
                kind=shown,
                whatsapp_path=path if shown in SHOWN_KINDS else None,
                **self._who(chat_row, member, from_jid, mine=flag(mine)),
            )
        return found

    def _files(self) -> dict[int, tuple[str | None, str | None]]:
        """The caption or name of each wanted message's file, and its path."""
        columns = ("ZMESSAGE", "ZTITLE", "ZMEDIALOCALPATH")
        return {
            as_int(number) or 0: (text(title), path_of(local))
            for number, title, local in self._tables.rows(
                "ZWAMEDIAITEM", columns, wanted="ZMESSAGE"
            )
        }

    def _reactions(self, own: Mapping[Key, int]) -> dict[int, tuple[Reaction, ...]]:
        self._tables.select_ids(own.values())
        chats = {number: chat_jid for (chat_jid, _, _), number in own.items()}
        found: dict[int, tuple[Reaction, ...]] = {}
        for message, blob in self._tables.rows(
            "ZWAMESSAGEINFO", ("ZMESSAGE", "ZRECEIPTINFO"), wanted="ZMESSAGE"
        ):
            number = as_int(message) or 0
            by_sender = dict(_reactions_in(blob))
            found[number] = tuple(
                Reaction(emoji=emoji, **self._named(chats.get(number, ""), jid, mine=jid is None))
                for jid, emoji in list(by_sender.items())[:MOST_REACTIONS]
                if emoji
            )
        return found

    def _who(self, chat_row: object, member: object, from_jid: object, *, mine: bool) -> Any:
        ids = self._people_ids
        chat_jid = ids.chats.get(as_int(chat_row) or 0, ("", None))[0]
        participant = ids.members.get(as_int(member) or 0)
        return self._named(chat_jid, participant or text(from_jid), mine=mine)

    def _named(self, chat_jid: str, participant: str | None, *, mine: bool) -> dict[str, Any]:
        known = None if mine or participant is None else self._people_ids.resolve(participant)
        jid = sender_in(chat_jid, known, mine=mine)
        sender = self._people.sender(jid, from_me=mine)
        return {"sender": sender, "sender_jid": None if mine else jid, "from_me": mine}


def _completed(
    note: VoiceNote,
    number: int | None,
    places: Places,
    messages: Messages,
    quoted: Mapping[int, int],
    reactions: Mapping[int, tuple[Reaction, ...]],
) -> VoiceNote:
    note = with_messages(note, places, messages)
    if number is None:
        return note
    answered = messages.get(quoted.get(number, 0))
    reply = None if answered is None else _reply(answered)
    return replace(note, reply_to=reply, reactions=reactions.get(number, ()))


def _reply(answered: ContextMessage) -> Reply:
    return Reply(
        sender=answered.sender,
        text=answered.text,
        kind=answered.kind,
        sender_jid=answered.sender_jid,
        from_me=answered.from_me,
    )


def _reactions_in(blob: object) -> Iterator[tuple[str | None, str]]:
    """The reactions by person; later ones replace earlier ones."""
    for field, group in bytes_fields(blob):
        entries = bytes_fields(group) if field == _REACTIONS else ()
        for inner, entry in entries:
            if inner == _REACTION:
                parts = dict(bytes_fields(entry))
                emoji = bounded(text(parts.get(_EMOJI)), LONGEST_EMOJI)
                yield text(parts.get(_SENDER)), emoji
