"""Parse the arguments of public functions.

A value of the wrong type raises a :class:`~gdrive_wa.core.errors.UsageError` with the name of the
argument and the expected type.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from typing import TypeAlias

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Secret
from gdrive_wa.core.progress import EventProgress, Progress, ProgressEvent, Silent
from gdrive_wa.core.selection import Selection

PathLike: TypeAlias = str | os.PathLike[str]
"""A path as text or as a path object."""
DateLike: TypeAlias = datetime | date | str
"""A date and time, or a date; text must be ISO 8601, such as ``2025-03-01``."""
ProgressLike: TypeAlias = Progress | Callable[[ProgressEvent], object]
"""Receives progress events: a :class:`Progress` object or a callable such as ``print``."""

_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_DAY_END = time(23, 59, 59, 999999)


def wrong_type(name: str, expected: str, value: object) -> UsageError:
    """The error for an argument of the wrong type; it does not contain the value."""
    return UsageError(f"{name}: expected {expected}, not {type(value).__name__}")


def as_path(value: PathLike, name: str) -> Path:
    """Parse `value` as a path.

    Raises:
        UsageError: the value has the wrong type, is empty, or contains a NUL.
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise wrong_type(name, "a path (str or pathlib.Path)", value)
    text = os.fspath(value)
    if not text or "\0" in text:
        fault = "contains a NUL character" if text else "is empty"
        raise UsageError(f"{name}: the path {fault}", hint="use . for the current folder")
    return Path(value)


def as_optional_path(value: PathLike | None, name: str) -> Path | None:
    """Like :func:`as_path`; None stays None."""
    return None if value is None else as_path(value, name)


def as_text(value: object, name: str) -> str:
    """Check that `value` is text.

    Raises:
        UsageError: the value has the wrong type.
    """
    if not isinstance(value, str):
        raise wrong_type(name, "text", value)
    return value


def as_optional_text(value: str | None, name: str) -> str | None:
    """Like :func:`as_text`; None stays None."""
    return None if value is None else as_text(value, name)


def as_optional_secret(value: Secret | None, name: str) -> Secret | None:
    """Check that `value` is a secret: a traceback would show plain text.

    Raises:
        UsageError: the value has the wrong type.
    """
    if value is not None and not isinstance(value, Secret):
        raise wrong_type(name, "a gdrive_wa.Secret", value)
    return value


def as_count(value: int, name: str, *, least: int = 1, most: int | None = None) -> int:
    """Check that `value` is an integer of at least `least`, and of at most `most`.

    Raises:
        UsageError: the value has the wrong type, is too small or too large.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "a whole number", value)
    if value < least:
        raise UsageError(f"{name}: expected {least} or more, not {value}")
    if most is not None and value > most:
        raise UsageError(f"{name}: expected {most} or less, not {value}")
    return value


def as_progress(value: ProgressLike | None) -> Progress:
    """Return a :class:`Progress` for `value`; a silent one for None.

    Raises:
        UsageError: neither a callable nor a :class:`~gdrive_wa.core.progress.Progress`.
    """
    if value is None:
        return Silent()
    if isinstance(value, Progress) and not isinstance(value, type):
        return value
    if not callable(value):
        raise wrong_type("progress", "a callable or a gdrive_wa.Progress object", value)
    return EventProgress(value)


def as_say(value: Callable[[str], None] | None) -> Callable[[str], None]:
    """Return the callable for messages to the user; None discards them.

    Raises:
        UsageError: the value is not callable.
    """
    if value is None:
        return _discard
    if not callable(value):
        raise wrong_type("say", "a callable that takes a line", value)
    return value


def _discard(_line: str) -> None:
    return None


def as_zone(value: tzinfo | str | None, name: str = "timezone") -> tzinfo | None:
    """Parse a time zone or its name; None means this machine's.

    Raises:
        UsageError: the value has the wrong type or is not a known time zone.
    """
    if value is None or isinstance(value, tzinfo):
        return value
    if not isinstance(value, str):
        raise wrong_type(name, "a time zone or its name", value)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only when asked

    unknown = UsageError(
        f"unknown time zone {value[:100]!r}", hint="use a name such as Europe/Berlin or UTC"
    )
    if not _ZONE.fullmatch(value):  # zoneinfo imports what is before a dot
        raise unknown
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise unknown from error


def as_moment(
    value: DateLike | None, name: str, *, zone: tzinfo | None = None, end: bool = False
) -> datetime | None:
    """Convert `value` to a UTC time; without a time zone of its own, it is in `zone`.

    A date becomes its first moment, or with `end` its last. `zone` None is this machine's.

    Raises:
        UsageError: the value has the wrong type or is not a date.
    """
    if value is None:
        return None
    moment = _parsed(value, name)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, _DAY_END if end else time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError, OSError):  # the year 1 or 9999 means no limit
        return _FIRST if moment.year == _FIRST.year else _LAST


def as_span(
    since: DateLike | None,
    until: DateLike | None,
    *,
    zone: tzinfo | None = None,
    names: tuple[str, str] = ("since", "until"),
) -> tuple[datetime | None, datetime | None]:
    """Convert both ends of a time span to UTC; an `until` without a time includes that day.

    Args:
        since: start of the span.
        until: end of the span.
        zone: for values without a time zone; None is this machine's.
        names: names of the two arguments for errors.

    Raises:
        UsageError: a value is not a date, or `since` is after `until`.
    """
    earliest = as_moment(since, names[0], zone=zone)
    latest = as_moment(until, names[1], zone=zone, end=True)
    if earliest is not None and latest is not None and earliest > latest:
        raise UsageError(
            f"{names[0]} ({since}) is later than {names[1]} ({until})",
            hint=f"use the earlier date for {names[0]} and the later one for {names[1]}",
        )
    return earliest, latest


def as_selection(value: Selection | None, *, chat: str | None = None) -> Selection:
    """Return the selection, or the default one for None; `chat` takes the place of its chat.

    Raises:
        UsageError: the selection, or one of its fields, has the wrong type or an invalid value.
    """
    chat = as_optional_text(chat, "chat")
    if value is None:
        return Selection(chat=chat)
    if not isinstance(value, Selection):
        raise wrong_type("selection", "a gdrive_wa.Selection", value)
    return replace(
        value,
        only=frozenset(_kind(each) for each in _several(value.only, "selection.only")),
        include=tuple(
            as_text(g, "selection.include") for g in _several(value.include, "selection.include")
        ),
        exclude=tuple(
            as_text(g, "selection.exclude") for g in _several(value.exclude, "selection.exclude")
        ),
        since=as_moment(value.since, "selection.since"),
        until=as_moment(value.until, "selection.until", end=True),
        chat=as_optional_text(value.chat, "selection.chat") if chat is None else chat,
    )


def _several(value: Iterable[object], name: str) -> Iterable[object]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise wrong_type(name, "several values, such as a tuple", value)
    return value


def _kind(value: object) -> Kind:
    try:
        return Kind(as_text(value, "selection.only"))
    except ValueError as error:
        known = ", ".join(kind for kind in Kind if kind != "unknown")
        raise UsageError(f"selection.only: no kind {value!r}", hint=f"kinds: {known}") from error


def _parsed(value: DateLike, name: str) -> datetime | date:
    """Parse ISO text; without a time, the result is a date."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise wrong_type(name, "a date", value)
    text = value.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{name} is not a date: {value!r}", hint="write it as 2025-03-01"
        ) from error
    return moment.date() if len(text) <= len("2025-03-01") else moment
