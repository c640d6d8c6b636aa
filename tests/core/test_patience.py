"""How long to wait before another try."""

from __future__ import annotations

from gdrive_wa.core.patience import LONGEST_PAUSE, Patience


def test_what_the_server_asks_for_wins_within_reason() -> None:
    patience = Patience(base=1, longest=8)
    assert patience.pause(1, asked=3.5) == 3.5
    assert patience.pause(1, asked=1e9) == LONGEST_PAUSE
    assert patience.pause(1, asked=float("inf")) == LONGEST_PAUSE
    assert Patience(obeyed=8).pause(1, asked=60) == 8


def test_pauses_double_and_scatter_below_a_limit() -> None:
    patience = Patience(base=1, longest=8)
    for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (60, 8)):
        pauses = {patience.pause(attempt) for _ in range(50)}
        assert len(pauses) > 1
        assert all(most / 2 <= pause <= most for pause in pauses)
