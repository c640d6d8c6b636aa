"""What an answer says, and how long to wait for another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.http.retry import read_refusal


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), ("0.25", 0.25), ("-5", 0.0), ("soon", None), ("", None)],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    assert read_refusal(503, {"Retry-After": text}, b"").pause == seconds


def test_retry_after_as_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    for text in (format_datetime(later, usegmt=True), format_datetime(later.replace(tzinfo=None))):
        pause = read_refusal(429, {"Retry-After": text}, b"").pause
        assert pause is not None
        assert 60 < pause <= 90
    past = datetime.now(UTC) - timedelta(days=1)
    assert read_refusal(429, {"Retry-After": format_datetime(past)}, b"").pause == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}', "rateLimitExceeded"),
        (b'{"error": {"status": "RESOURCE_EXHAUSTED"}}', "RESOURCE_EXHAUSTED"),
        (
            b"""{"error": {"status": "PERMISSION_DENIED", "details": [{"@type": "x"},
            {"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}""",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ),
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b"<html>", ""),
        (b'{"error": {"errors": 5, "details": {"reason": "x"}}}', ""),
        (b'{"error": []}', ""),
    ],
)
def test_the_reason_stands_where_either_kind_of_service_puts_it(body: bytes, reason: str) -> None:
    assert read_refusal(403, {}, body).reason == reason


def test_what_google_says_is_one_short_line() -> None:
    body = b'{"error": {"message": "Not\\n now. ' + b"x" * 5000 + b'"}}'
    message = str(read_refusal(403, {}, body).error("a file"))
    assert "\n" not in message
    assert len(message) < 300


@given(st.integers(300, 599), st.binary() | st.text().map(str.encode), st.text(), st.booleans())
def test_any_answer_gives_one_of_our_errors(
    status: int, body: bytes, retry_after: str, media: bool
) -> None:
    refusal = read_refusal(status, {"Retry-After": retry_after}, body)
    error = refusal.error("a file", media=media)
    assert isinstance(error, GdriveWaError)
    assert error.hints
    assert refusal.pause is None or refusal.pause >= 0
