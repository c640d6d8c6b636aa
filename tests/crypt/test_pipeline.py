"""Lanes do every piece in order, keep the first failure, and never hang."""

from __future__ import annotations

import threading

import pytest

from gdrive_wa.crypt.pipeline import QUEUE_LENGTH, Lane, Piece


@pytest.mark.parametrize("threaded", [True, False])
def test_pieces_are_done_in_order(threaded: bool) -> None:
    done: list[Piece] = []
    with Lane(done.append, threaded=threaded) as lane:
        for number in range(50):
            lane.put(bytes([number]))
        assert lane.finish() is None
    assert done == [bytes([number]) for number in range(50)]


@pytest.mark.parametrize("threaded", [True, False])
def test_the_first_failure_is_kept_and_the_rest_passes_undone(threaded: bool) -> None:
    done: list[Piece] = []

    def work(piece: Piece) -> None:
        if piece == b"bad":
            raise ValueError(len(done))
        done.append(piece)

    with Lane(work, threaded=threaded) as lane:
        for piece in (b"1", b"2", b"bad", b"3", b"bad", *[b"4"] * QUEUE_LENGTH * 3):
            lane.put(piece)
    assert isinstance(lane.failure, ValueError)
    assert lane.failure.args == (2,)
    assert done == [b"1", b"2"]


def test_leaving_by_an_error_ends_the_thread() -> None:
    others = set(threading.enumerate())
    lane = Lane(len)

    def interrupted() -> None:
        with lane:
            lane.put(b"1")
            raise KeyboardInterrupt

    assert set(threading.enumerate()) - others
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not set(threading.enumerate()) - others
    assert lane.finish() is None
