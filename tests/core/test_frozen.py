"""Copies of frozen dataclasses are those of the standard library."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from gdrive_wa.core.frozen import replace
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.storage.record import Record

NOTE = VoiceNote(
    chat="Ada",
    chat_jid="15550101@s.whatsapp.net",
    sender="Ada",
    from_me=False,
    sent_at=datetime(2024, 1, 1, tzinfo=UTC),
)
RECORD = Record(path="a", size=1, sha256="b", mtime_ns=1)


@pytest.mark.parametrize("changes", [{}, {"chat": "Bo", "size": 3}, {"transcript": "Hello"}])
def test_a_copy_is_that_of_the_standard_library(changes: dict[str, object]) -> None:
    expected = dataclasses.replace(NOTE, **changes)  # type: ignore[arg-type]
    assert replace(NOTE, **changes) == expected
    assert replace(NOTE, **changes) is not NOTE


def test_what_follows_from_the_fields_follows_them() -> None:
    entry = Entry(stored_as="x", path="Media/WhatsApp Voice Notes/PTT-1.opus")
    assert (entry.kind, replace(entry, path="msgstore.db").kind) == (Kind.VOICE, Kind.DATABASE)
    assert replace(NOTE, transcript="Hello").transcript_source == "whatsapp"


def test_there_is_no_field_that_is_not_there() -> None:
    assert replace(RECORD, path="c").path == "c"
    with pytest.raises(KeyError):
        replace(RECORD, place="c")
