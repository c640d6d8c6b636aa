"""Frozen dataclasses are made and copied as by the standard library."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from datetime import UTC, datetime

import pytest

from gdrive_wa.core.frozen import quickly_made, replace
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


def test_a_quickly_made_object_is_that_of_the_usual_constructor() -> None:
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Usual:
        name: str
        size: int = 3
        shown: str | None = None

        def __post_init__(self) -> None:
            object.__setattr__(self, "shown", self.name.title())

    usual = Usual(name="a")
    expected = (dataclasses.astuple(usual), inspect.signature(Usual))
    quick = quickly_made(Usual)
    assert (dataclasses.astuple(quick(name="a")), inspect.signature(quick)) == expected
    assert pickle.loads(pickle.dumps(NOTE)) == copy.copy(NOTE) == NOTE  # noqa: S301 - our own
    with pytest.raises(TypeError, match="size_of"):
        quick(name="a", size_of=1)  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        usual.size = 4  # type: ignore[misc]


def test_a_field_that_is_made_anew_each_time_is_refused() -> None:
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class WithList:
        items: list[int] = dataclasses.field(default_factory=list)

    with pytest.raises(TypeError, match="plain defaults"):
        quickly_made(WithList)
