"""Which entries and which voice notes are meant: one decision for every command."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry, VoiceNote

__all__ = ["Selection"]

USUAL = frozenset({Kind.VOICE, Kind.DATABASE})
"""The kinds that ``restore`` takes unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is meant: the options ``--only``, ``--include``, ``--since``, ``--chat`` and so on.

    Attributes:
        only: kinds to take; empty means every kind.
        include: glob patterns of paths; empty means every path.
        exclude: glob patterns of paths to leave out; wins over `include`.
        since: take nothing older, UTC.
        until: take nothing from this moment on, UTC.
        chat: only voice notes of chats whose name holds this text; None means every chat. Which
            chat a file belongs to is known only from the databases.
    """

    only: frozenset[Kind] = frozenset()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    chat: str | None = None

    @property
    def dated(self) -> bool:
        """True when dates decide."""
        return self.since is not None or self.until is not None

    @property
    def voice_notes(self) -> bool:
        """True when voice notes are meant."""
        return not self.only or Kind.VOICE in self.only

    @property
    def narrows(self) -> bool:
        """True when something was chosen away."""
        return self != Selection()

    @property
    def keeps_databases(self) -> bool:
        """True when databases are meant: nothing was chosen away, or they are named."""
        return not self.narrows or Kind.DATABASE in self.only

    def admits(self, entry: Entry) -> bool:
        """True when `entry` is meant, as far as its path and its file's date tell.

        An entry without a date is never left out by dates, and databases never are: a voice
        note's sender and time are in them.
        """
        if self.only and entry.kind not in self.only:
            return False
        if not self.admits_path(entry.path):
            return False
        return entry.kind is Kind.DATABASE or self.covers(entry.modified)

    def admits_path(self, path: str) -> bool:
        """True when the patterns mean the file `path`."""
        if self.include and not _matches(path, self.include):
            return False
        return not _matches(path, self.exclude)

    def covers(self, moment: datetime | None) -> bool:
        """True when `moment` is within the dates; an unknown one always is."""
        if moment is None:
            return True
        if self.since is not None and moment < self.since:
            return False
        return self.until is None or moment < self.until

    def means(self, note: VoiceNote) -> bool:
        """True when `note` is meant, by its chat, the time it was sent and its file's path."""
        if not (self.voice_notes and self.names_chat(note) and self.covers(note.sent_at)):
            return False
        path = (note.whatsapp_path or "").replace("\\", "/")
        if not path:
            return True
        at = path.lower().rfind("/media/")  # before it: where WhatsApp's folder was on the phone
        spellings = (path, path[at + 1 :])
        if self.include and not any(_matches(each, self.include) for each in spellings):
            return False
        return not any(_matches(each, self.exclude) for each in spellings)

    def narrowed(self, note: VoiceNote) -> VoiceNote:
        """`note` without messages around it that are outside the dates."""
        if not self.dated or not (note.before or note.after):
            return note
        before, after = (
            tuple(each for each in messages if self.covers(each.sent_at))
            for messages in (note.before, note.after)
        )
        return replace(note, before=before, after=after)

    def names_chat(self, note: VoiceNote) -> bool:
        """True when the chat of `note` is meant."""
        return self.chat is None or self.chat.casefold() in note.chat.casefold()

    def require_chat(self, notes: Iterable[VoiceNote]) -> None:
        """Check that one of `notes` is from the chat that is meant.

        Raises:
            UsageError: none is; the hint lists some chats that there are.
        """
        notes = list(notes)
        if self.chat is None or any(self.names_chat(note) for note in notes):
            return
        chats = ", ".join(sorted({note.chat for note in notes})[:20]) or "none"
        raise UsageError(
            f"no chat with voice notes has {self.chat!r} in its name",
            hint=f"the chats are: {chats}",
        )

    def undated_audio(self) -> Self:
        """The same without kinds and dates: what a voice note's file may be, whatever its name
        and date say."""
        return replace(self, only=frozenset(), since=None, until=None)

    def with_usual_kinds(self, *, everything: bool) -> Self:
        """What a restore takes: the usual kinds unless others are named, and databases along with
        voice notes, for they name who spoke and when."""
        only = self.only or (frozenset() if everything else USUAL)
        return replace(self, only=only | {Kind.DATABASE} if Kind.VOICE in only else only)

    def words(self) -> tuple[object, ...]:
        """The same for the same selection, in every process."""
        kinds = sorted(map(str, self.only))
        return (kinds, self.include, self.exclude, self.since, self.until, self.chat)


def _matches(path: str, patterns: Iterable[str]) -> bool:
    name = path.rsplit("/", 1)[-1]
    return any(
        fnmatch.fnmatch(path.lower(), pattern.lower())
        or fnmatch.fnmatch(name.lower(), pattern.lower())
        for pattern in patterns
    )
