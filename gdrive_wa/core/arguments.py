"""What callers of the library pass in: parsed once, at the door of every public call.

A value of a wrong type is a :class:`~gdrive_wa.core.errors.UsageError` that names the argument
and what was expected; no later line ever meets it.
"""

from __future__ import annotations

import os
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
"""A path, however it is written."""
DateLike: TypeAlias = datetime | date | str
"""A moment or a whole day; text is ISO 8601, such as ``2025-03-01``."""
ProgressLike: TypeAlias = Progress | Callable[[ProgressEvent], object]
"""Who is told how far a run is: an object, or a plain callable such as ``print``."""

_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_DAY_END = time(23, 59, 59, 999999)


def wrong_type(name: str, expected: str, value: object) -> UsageError:
    """The error for an argument of a wrong type; the value itself is not shown."""
    return UsageError(f"{name}: expected {expected}, not {type(value).__name__}")


def as_path(value: PathLike, name: str) -> Path:
    """The path that `value` is.

    Raises:
        UsageError: it is of another type, empty, or no path on any system.
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise wrong_type(name, "a path (str or pathlib.Path)", value)
    text = os.fspath(value)
    if not text or "\0" in text:
        fault = "holds a zero byte" if text else "is empty"
        raise UsageError(f"{name}: the path {fault}", hint="write . for the current folder")
    return Path(value)


def as_optional_path(value: PathLike | None, name: str) -> Path | None:
    """As :func:`as_path`; None stays None."""
    return None if value is None else as_path(value, name)


def as_text(value: object, name: str) -> str:
    """The text that `value` is.

    Raises:
        UsageError: it is of another type.
    """
    if not isinstance(value, str):
        raise wrong_type(name, "text", value)
    return value


def as_optional_text(value: str | None, name: str) -> str | None:
    """As :func:`as_text`; None stays None."""
    return None if value is None else as_text(value, name)


def as_optional_secret(value: Secret | None, name: str) -> Secret | None:
    """The secret; plain text is refused, because it would show itself in a traceback.

    Raises:
        UsageError: it is of another type.
    """
    if value is not None and not isinstance(value, Secret):
        raise wrong_type(name, "a gdrive_wa.Secret", value)
    return value


def as_count(value: int, name: str, *, least: int = 1) -> int:
    """The whole number that `value` is.

    Raises:
        UsageError: it is of another type, or less than `least`.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "a whole number", value)
    if value < least:
        raise UsageError(f"{name}: expected {least} or more, not {value}")
    return value


def as_progress(value: ProgressLike | None) -> Progress:
    """Who is told how far a run is; nobody for None.

    Raises:
        UsageError: it is neither a callable nor a :class:`~gdrive_wa.core.progress.Progress`.
    """
    if value is None:
        return Silent()
    if isinstance(value, Progress) and not isinstance(value, type):
        return value
    if not callable(value):
        raise wrong_type("progress", "a callable or a gdrive_wa.Progress object", value)
    return EventProgress(value)


def as_say(value: Callable[[str], None] | None) -> Callable[[str], None]:
    """Who takes lines for the user; nobody for None.

    Raises:
        UsageError: it cannot be called.
    """
    if value is None:
        return _unheard
    if not callable(value):
        raise wrong_type("say", "a callable that takes a line", value)
    return value


def _unheard(_line: str) -> None:
    return None


def as_zone(value: tzinfo | str | None, name: str = "timezone") -> tzinfo | None:
    """A time zone, or the one of that name; None means this machine's.

    Raises:
        UsageError: it is of another type, or there is no such zone.
    """
    if value is None or isinstance(value, tzinfo):
        return value
    if not isinstance(value, str):
        raise wrong_type(name, "a time zone or its name", value)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only when asked

    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"there is no time zone {value!r}", hint="name it like Europe/Berlin or UTC"
        ) from error


def as_moment(
    value: DateLike | None, name: str, *, zone: tzinfo | None = None, end: bool = False
) -> datetime | None:
    """A moment as UTC, in `zone` unless it says otherwise; a whole day is its first moment, or
    with `end` its last. `zone` None is this machine's.

    Raises:
        UsageError: it is of another type, or not a date.
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
    except (OverflowError, ValueError, OSError):  # the year 1 or 9999: a way to say no limit
        return _FIRST if moment.year == _FIRST.year else _LAST


def as_span(
    since: DateLike | None,
    until: DateLike | None,
    *,
    zone: tzinfo | None = None,
    names: tuple[str, str] = ("since", "until"),
) -> tuple[datetime | None, datetime | None]:
    """Both ends of a span as UTC; a whole day at its end counts whole.

    Args:
        since: nothing older.
        until: nothing newer.
        zone: of what does not say its own; None is this machine's.
        names: how the two are called in an error.

    Raises:
        UsageError: one is not a date, or nothing lies between them.
    """
    earliest = as_moment(since, names[0], zone=zone)
    latest = as_moment(until, names[1], zone=zone, end=True)
    if earliest is not None and latest is not None and earliest > latest:
        raise UsageError(
            f"nothing is newer than {since} and older than {until}",
            hint=f"{names[0]} takes the earlier date, {names[1]} the later one",
        )
    return earliest, latest


def as_selection(value: Selection | None, *, chat: str | None = None) -> Selection:
    """What is meant; everything that is usual for None; of the chat `chat` where that is given.

    Raises:
        UsageError: it, or one of its parts, is of another type.
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
    """What a text says; a text without a time is a whole day."""
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
