"""Convert texts, times and paths of a backup to a form that a page can contain."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from gdrive_wa.core.errors import UnsafeNameError
from gdrive_wa.core.names import parts_of

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, whatever the zone


def without_surrogates(text: str) -> str:
    """`text` without lone surrogates, which neither UTF-8 nor a URL can contain."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def safe_path(file: str | None) -> str | None:
    """`file`; None if its path could lead out of the archive's folder."""
    if file is None:
        return None
    try:
        parts_of(file)
    except UnsafeNameError:
        return None
    return file


def local_time(moment: datetime | None, timezone: tzinfo | None) -> datetime | None:
    """`moment` in `timezone` (None: this machine's); in UTC at the ends of the calendar."""
    if moment is None:
        return None
    try:
        return moment.astimezone(timezone)
    except (OverflowError, OSError):  # a phone's clock in the year 1 or 9999
        return moment.astimezone(UTC)


def local_seconds(local: datetime) -> int:
    """Seconds from the beginning of 1970 to `local`, both in local time."""
    since = local.replace(tzinfo=None) - _EPOCH
    return since.days * 86_400 + since.seconds
