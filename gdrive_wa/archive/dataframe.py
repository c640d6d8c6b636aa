"""Voice notes as a pandas ``DataFrame``, one row per note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import NoteStatus, VoiceNote

if TYPE_CHECKING:
    from pandas import DataFrame

_TEXTS = (
    "chat", "sender", "transcript", "file", "mime_type", "chat_jid", "sender_jid", "message_id",
    "whatsapp_path", "sha256",
)  # fmt: skip
_FLAGS = ("from_me", "starred", "forwarded", "view_once")


def to_dataframe(notes: Sequence[VoiceNote]) -> DataFrame:
    """Build the table that ``Archive.to_dataframe`` documents.

    Raises:
        UsageError: pandas is not installed.
    """
    pandas = load_pandas()
    columns: dict[str, Any] = {
        "sent_at": pandas.Series(
            [_naive(note.sent_at) for note in notes], dtype="datetime64[us]"
        ).dt.tz_localize("UTC"),
        "duration": pandas.Series([note.duration for note in notes], dtype="float64"),
        "status": pandas.Categorical(
            [str(note.status) for note in notes], categories=[str(each) for each in NoteStatus]
        ),
        "size": pandas.Series([note.size for note in notes], dtype="Int64"),
        "path": pandas.Series([note.path for note in notes], dtype="object"),
    }
    for name in _TEXTS:
        columns[name] = pandas.Series([getattr(note, name) for note in notes], dtype="string")
    for name in _FLAGS:
        columns[name] = pandas.Series([getattr(note, name) for note in notes], dtype="bool")
    return pandas.DataFrame(columns)[list(COLUMNS)]


COLUMNS = (
    "sent_at", "chat", "sender", "from_me", "duration", "status", "transcript", "starred",
    "forwarded", "view_once", "size", "mime_type", "file", "path", "chat_jid", "sender_jid",
    "message_id", "whatsapp_path", "sha256",
)  # fmt: skip
"""The columns, in order."""


def load_pandas() -> Any:
    """Import pandas.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas  # noqa: PLC0415, ICN001 - an extra, and large
    except ImportError as error:
        raise UsageError(
            "a DataFrame needs pandas, which is not installed",
            hint="install it with: pip install pandas",
        ) from error
    return pandas


def _naive(moment: datetime | None) -> datetime | None:
    """Drop the time zone (UTC); pandas cannot convert some years with one."""
    return None if moment is None else moment.replace(tzinfo=None)
