"""Filter the notes of an archive by chat, sender, date and status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Self

from gdrive_wa.core.arguments import (
    DateLike,
    as_optional_text,
    as_span,
    as_zone,
    wrong_type,
)
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFilter:
    """Conditions on a note; None accepts any value.

    Attributes:
        chat: text in the name of the chat, ignoring case.
        sender: text in the name of the sender, ignoring case.
        since: earliest time of sending, UTC.
        until: latest time of sending, UTC.
        status: the status of the note.
    """

    chat: str | None = None
    sender: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: NoteStatus | None = None

    @classmethod
    def parse(
        cls,
        *,
        chat: str | None = None,
        sender: str | None = None,
        since: DateLike | None = None,
        until: DateLike | None = None,
        status: NoteStatus | str | None = None,
        timezone: tzinfo | str | None = None,
    ) -> Self:
        """Build a filter from the arguments of ``Archive.notes``.

        Raises:
            UsageError: an argument has a wrong type, or is not a valid date or status.
        """
        earliest, latest = as_span(since, until, zone=as_zone(timezone))
        return cls(
            chat=as_optional_text(chat, "chat"),
            sender=as_optional_text(sender, "sender"),
            since=earliest,
            until=latest,
            status=_status(status),
        )

    def admits(self, note: VoiceNote) -> bool:
        """True if `note` matches. A note without a date never matches a date range."""
        return (
            _holds(note.chat, self.chat)
            and _holds(note.sender, self.sender)
            and self.status in (None, note.status)
            and self.covers(note.sent_at)
        )

    def covers(self, moment: datetime | None) -> bool:
        """True if `moment` is within the dates. An unknown moment matches only if there are no
        dates."""
        if moment is None:
            return self.since is None and self.until is None
        late_enough = self.since is None or moment >= self.since
        return late_enough and (self.until is None or moment <= self.until)


def _holds(text: str, wanted: str | None) -> bool:
    return wanted is None or wanted.casefold() in text.casefold()


def _status(value: NoteStatus | str | None) -> NoteStatus | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong_type("status", "a status or its name", value)
    try:
        return NoteStatus(value)
    except ValueError as error:
        known = ", ".join(NoteStatus)
        raise UsageError(f"unknown status {value!r}", hint=f"choose one of: {known}") from error
