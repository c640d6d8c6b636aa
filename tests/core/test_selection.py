"""What is meant: kinds, patterns, dates and chats, at their edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gdrive_wa.core.context import ContextMessage
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Entry, VoiceNote
from gdrive_wa.core.selection import Selection

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
PATH = "Media/WhatsApp Voice Notes/202401/PTT-20240101-WA0001.opus"
NOTE = VoiceNote(
    chat="Mum", chat_jid="a", sender="Mum", from_me=False, sent_at=FIRST, whatsapp_path=PATH
)


def said(moment: datetime | None) -> ContextMessage:
    return ContextMessage(sender="Mum", sent_at=moment)


def test_the_first_moment_counts_and_the_last_one_does_not() -> None:
    both = Selection(since=FIRST, until=LAST)
    covered = [both.covers(each) for each in (FIRST - INSTANT, FIRST, LAST - INSTANT, LAST, None)]
    assert covered == [False, True, True, False, True]
    assert Selection(since=FIRST).covers(LAST)
    assert Selection(until=LAST).covers(FIRST - INSTANT)
    assert not Selection(until=LAST).covers(LAST)
    dated = [each.dated for each in (Selection(since=FIRST), Selection(until=LAST), Selection())]
    assert dated == [True, True, False]


def test_a_database_is_never_left_out_by_its_date() -> None:
    later = Selection(since=LAST)
    assert later.admits(Entry(stored_as="x", path="Databases/msgstore.db", modified=FIRST))
    assert not later.admits(Entry(stored_as="x", path=PATH, modified=FIRST))


def test_databases_are_kept_when_nothing_is_left_out_or_they_are_named() -> None:
    assert Selection().keeps_databases
    assert Selection(only=frozenset({Kind.DATABASE}), chat="Mum").keeps_databases
    assert not Selection(chat="Mum").keeps_databases


@pytest.mark.parametrize(
    ("include", "exclude", "admitted"),
    [
        (("*.opus",), (), True),
        (("*/WhatsApp Voice Notes/*",), (), True),
        (("ptt-2024*",), (), True),
        (("*.m4a",), (), False),
        (("*.m4a", "*.opus"), (), True),
        ((), ("*WA0001*",), False),
        (("*.opus",), ("Media/*",), False),
        ((), ("*.m4a",), True),
    ],
)
def test_patterns_name_paths_and_notes(
    include: tuple[str, ...], exclude: tuple[str, ...], admitted: bool
) -> None:
    selection = Selection(include=include, exclude=exclude)
    assert selection.admits_path(PATH) is admitted
    assert selection.means(NOTE) is admitted


def test_a_notes_path_counts_from_media_on_and_with_any_stroke() -> None:
    selection = Selection(include=("Media/*",))
    for path in (PATH, f"/storage/emulated/0/WhatsApp/{PATH}", PATH.replace("/", "\\")):
        assert selection.means(replace(NOTE, whatsapp_path=path))
    assert not selection.means(replace(NOTE, whatsapp_path=PATH.replace("Media", "Other")))
    assert selection.means(replace(NOTE, whatsapp_path=None))


def test_a_note_is_meant_by_kind_chat_and_time() -> None:
    assert Selection(only=frozenset({Kind.VOICE}), chat="mUM", since=FIRST).means(NOTE)
    assert not Selection(only=frozenset({Kind.IMAGE})).means(NOTE)
    assert not Selection(chat="Dad").means(NOTE)
    assert not Selection(until=FIRST).means(NOTE)


def test_messages_around_a_note_are_of_the_same_dates() -> None:
    note = replace(NOTE, before=(said(FIRST - INSTANT), said(FIRST)), after=(said(LAST),))
    assert Selection().narrowed(note) is note
    narrowed = Selection(since=FIRST, until=LAST).narrowed(note)
    assert (narrowed.before, narrowed.after) == ((said(FIRST),), ())
    after = replace(NOTE, after=(said(LAST),))
    assert Selection(until=LAST).narrowed(after).after == ()
    before = replace(NOTE, before=(said(FIRST - INSTANT),))
    assert Selection(since=FIRST).narrowed(before).before == ()
    assert Selection(since=FIRST).narrowed(NOTE) is NOTE


def test_a_chat_that_is_not_there_is_answered_with_those_that_are() -> None:
    Selection(chat="mum").require_chat([NOTE])
    with pytest.raises(UsageError, match="no chat with voice notes has 'Dad'") as told:
        Selection(chat="Dad").require_chat([NOTE, replace(NOTE, chat="Anna")])
    assert told.value.hint == "the chats are: Anna, Mum"
    with pytest.raises(UsageError) as told:
        Selection(chat="Dad").require_chat([])
    assert told.value.hint == "the chats are: none"
    many = [replace(NOTE, chat=f"chat {number:02}") for number in range(25)]
    with pytest.raises(UsageError) as told:
        Selection(chat="Dad").require_chat(many)
    assert told.value.hint is not None
    assert told.value.hint.endswith("chat 18, chat 19")


def test_the_same_selection_has_the_same_words() -> None:
    one = Selection(only=frozenset({Kind.VOICE, Kind.IMAGE}), since=FIRST, chat="x")
    assert one.words() == replace(one).words()
    for other in (
        replace(one, only=frozenset()),
        replace(one, include=("a",)),
        replace(one, exclude=("a",)),
        replace(one, since=None),
        replace(one, until=LAST),
        replace(one, chat=None),
    ):
        assert other.words() != one.words()


def test_the_file_of_a_note_may_have_any_name_and_date() -> None:
    narrow = Selection(only=frozenset({Kind.VOICE}), since=FIRST, until=LAST, include=("*",))
    assert narrow.undated_audio() == Selection(include=("*",))
