"""Messages in a pool are the messages that were put in, in a fraction of their memory."""

from __future__ import annotations

import copy
import tracemalloc
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.context import ContextKind, ContextMessage
from gdrive_wa.core.message_pool import MessagePool, Messages

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
MESSAGES = st.builds(
    ContextMessage,
    sender=TEXT,
    sent_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    text=TEXT,
    kind=st.sampled_from(ContextKind),
    sender_jid=st.none() | TEXT,
    from_me=st.booleans(),
)


def said(number: int) -> ContextMessage:
    at = START + timedelta(minutes=number)
    return ContextMessage(sender="Ann", sent_at=at, text=f"This is message {number} of many.")


@given(st.lists(MESSAGES, max_size=6))
def test_what_comes_out_is_what_went_in(messages: list[ContextMessage]) -> None:
    kept = MessagePool().kept(messages)
    assert list(kept) == messages
    assert len(kept) == len(messages)
    assert bool(kept) == bool(messages)


def test_a_sequence_is_like_a_tuple() -> None:
    first, second = said(1), said(2)
    kept, other = MessagePool().kept([first, second]), MessagePool().kept([first, second])
    assert kept == other
    assert kept == (first, second)
    assert kept != MessagePool().kept([first])
    assert hash(kept) == hash((first, second))
    assert repr(kept) == repr((first, second))
    assert (kept[1], kept[-2], kept[:1]) == (second, first, (first,))
    assert second in kept
    assert MessagePool().kept([]) == ()


def test_a_copy_leaves_the_pool_behind() -> None:
    kept = MessagePool().kept([said(1)])
    for copied in (copy.copy(kept), copy.deepcopy(kept)):
        assert type(copied) is tuple
        assert copied == (said(1),)


def test_messages_by_number_are_found_as_far_as_they_are_there() -> None:
    messages = Messages()
    messages[7], messages[9] = said(1), said(2)
    messages[7] = said(3)
    assert messages[7] == said(3)
    assert messages.get(8) is None
    assert messages.sequence((9, 8, 7)) == (said(2), said(3))
    assert messages.sequence((8,)) == ()
    del messages[9]
    assert list(messages) == [7]


def test_a_message_takes_little_more_than_its_text() -> None:
    tracemalloc.start()
    try:
        pool = MessagePool()
        kept = [pool.kept([said(number)]) for number in range(10_000)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == 10_000
    assert size / len(kept) < 220  # of which 100 are the sequence; 400 as an object in a tuple
