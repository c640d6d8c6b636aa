"""The wait before another attempt."""

from __future__ import annotations

from gdrive_wa.core.retry_policy import MAX_RETRY_AFTER, RetryPolicy


def test_what_the_server_asks_for_wins_within_reason() -> None:
    retry_policy = RetryPolicy(base=1, max_pause=8)
    assert retry_policy.pause(1, asked=3.5) == 3.5
    assert retry_policy.pause(1, asked=1e9) == MAX_RETRY_AFTER
    assert retry_policy.pause(1, asked=float("inf")) == MAX_RETRY_AFTER
    assert RetryPolicy(max_retry_after=8).pause(1, asked=60) == 8


def test_pauses_double_and_scatter_below_a_limit() -> None:
    retry_policy = RetryPolicy(base=1, max_pause=8)
    for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (60, 8)):
        pauses = {retry_policy.pause(attempt) for _ in range(50)}
        assert len(pauses) > 1
        assert all(most / 2 <= pause <= most for pause in pauses)


def test_a_rate_limit_is_retried_more_often_than_a_failure() -> None:
    policy = RetryPolicy(base=1, max_pause=32, max_rate_pause=16)
    assert 8 <= policy.rate_pause(60) <= 16
    assert policy.rate_pause(1, asked=0) == 0
    assert policy.rate_pause(policy.attempts - 1, asked=1) == 1
    assert policy.rate_pause(policy.attempts, asked=1) >= 8
    assert policy.rate_pause(10_000, asked=1e9) == MAX_RETRY_AFTER
