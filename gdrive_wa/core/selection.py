"""The selection of entries and voice notes, in one place for every command."""

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
"""The default kinds of ``restore``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The selected entries: the options ``--only``, ``--include``, ``--since``, ``--chat`` etc.

    Attributes:
        only: selected kinds; empty means every kind.
        include: glob patterns of paths; empty means every path.
        exclude: glob patterns of paths to leave out; takes precedence over `include`.
        since: nothing older, UTC.
        until: nothing from this moment on, UTC.
        chat: only voice notes of chats with this text in the name; None means every chat. Only
            the databases contain the chat of a file.
    """

    only: frozenset[Kind] = frozenset()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    chat: str | None = None

    @property
    def dated(self) -> bool:
        """True if dates are selected."""
        return self.since is not None or self.until is not None

    @property
    def voice_notes(self) -> bool:
        """True if voice notes are selected."""
        return not self.only or Kind.VOICE in self.only

    @property
    def narrows(self) -> bool:
        """True if anything is left out."""
        patterns = self.include or self.exclude
        return bool(self.only or patterns) or self.dated or self.chat is not None

    @property
    def keeps_databases(self) -> bool:
        """True if databases are selected: nothing is left out, or they are named."""
        return not self.narrows or Kind.DATABASE in self.only

    def admits(self, entry: Entry) -> bool:
        """True if `entry` is selected, judging by its path and its file's date.

        Dates never leave out an entry without a date, nor databases, which have the sender and
        time of voice notes.
        """
        if self.only and entry.kind not in self.only:
            return False
        if not self.admits_path(entry.path):
            return False
        return entry.kind is Kind.DATABASE or self.covers(entry.modified)

    def admits_path(self, path: str) -> bool:
        """True if the patterns select the file `path`."""
        if self.include and not _matches(path, self.include):
            return False
        return not _matches(path, self.exclude)

    def covers(self, moment: datetime | None) -> bool:
        """True if `moment` is within the dates; an unknown one always is."""
        if moment is None:
            return True
        if self.since is not None and moment < self.since:
            return False
        return self.until is None or moment < self.until

    def means(self, note: VoiceNote) -> bool:
        """True if `note` is selected, by its chat, its time and its file's path."""
        if not (self.voice_notes and self.names_chat(note) and self.covers(note.sent_at)):
            return False
        path = (note.whatsapp_path or "").replace("\\", "/")
        if not path or not (self.include or self.exclude):
            return True
        at = path.lower().rfind("/media/")  # after the parent of WhatsApp's folder
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
        """True if the chat of `note` is selected."""
        return self.chat is None or self.chat.casefold() in note.chat.casefold()

    def require_chat(self, notes: Iterable[VoiceNote]) -> None:
        """Check that one of `notes` is from the selected chat.

        Raises:
            UsageError: none is; the hint lists some of the existing chats.
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
        """The same without kinds and dates, for possible files of a voice note: their names and
        dates prove nothing."""
        return replace(self, only=frozenset(), since=None, until=None)

    def with_usual_kinds(self, *, everything: bool) -> Self:
        """The selection for a restore: the default kinds unless others are named, and databases
        together with voice notes, because they have the senders and times."""
        only = self.only or (frozenset() if everything else USUAL)
        return replace(self, only=only | {Kind.DATABASE} if Kind.VOICE in only else only)

    def words(self) -> tuple[object, ...]:
        """A value that is equal for equal selections, in every process."""
        kinds = sorted(map(str, self.only))
        return (kinds, self.include, self.exclude, self.since, self.until, self.chat)


def _matches(path: str, patterns: Iterable[str]) -> bool:
    name = path.rsplit("/", 1)[-1]
    return any(
        fnmatch.fnmatch(path.lower(), pattern.lower())
        or fnmatch.fnmatch(name.lower(), pattern.lower())
        for pattern in patterns
    )
