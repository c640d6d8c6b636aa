"""The wait that a server asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gdrive_wa.http.retry import Refusal, read_refusal


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


def test_which_statuses_are_temporary() -> None:
    transient = [status for status in range(300, 600) if Refusal(status, b"", None).transient]
    assert transient == [408, 425, 429, 499, *range(500, 600)]
