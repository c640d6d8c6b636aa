"""The meaning of Google's errors, in both formats of the body."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import (
    CredentialsError,
    GdriveWaError,
    GoneError,
    NetworkError,
    QuotaError,
    RefusedError,
)
from gdrive_wa.google.advice import NOT_LET_IN, Service, come_back_tomorrow
from gdrive_wa.google.answers import GoogleError, judge, read_error
from gdrive_wa.google.ways import CABLE
from gdrive_wa.http.retry import Verdict, read_refusal


def read(status: int, body: bytes, retry_after: str | None = None) -> GoogleError:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return read_error(read_refusal(status, headers, body))


def modern(reason: str, status: str = "", message: str = "", **metadata: str) -> bytes:
    """An error in the backup service's format."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    error = {"message": message, "status": status, "details": [{**info, "metadata": metadata}]}
    return json.dumps({"error": error}).encode()


def decide(
    status: int,
    body: bytes,
    service: Service = Service.BACKUP,
    *,
    media: bool = True,
    as_phone: bool = False,
) -> Verdict:
    refusal = read_refusal(status, {}, body)
    return judge(refusal, "a file", media=media, service=service, as_phone=as_phone)


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (b'{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}', ("rateLimitExceeded",)),
        (b'{"error": {"status": "RESOURCE_EXHAUSTED"}}', ("RESOURCE_EXHAUSTED",)),
        (
            b"""{"error": {"status": "PERMISSION_DENIED", "details": [{"@type": "x"},
            {"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}""",
            ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "PERMISSION_DENIED"),
        ),
        (b'{"error": "invalid_grant", "error_description": "Bad"}', ("invalid_grant",)),
        (b'[{"error": {"status": "NOT_FOUND"}}]', ("NOT_FOUND",)),
        (b'{"code": 403, "status": "PERMISSION_DENIED"}', ("PERMISSION_DENIED",)),
        (b"<html>", ()),
        (b'{"error": {"errors": 5, "details": {"reason": "x"}}}', ("x",)),
        (b'\xef\xbb\xbf{"error": {"errors": {"reason": "x"}, "status": 7}}', ("x",)),
        (b'{"error": []}', ()),
        (b"[]", ()),
        (b"[" * 100_000, ()),
    ],
)
def test_the_reasons_are_found_in_both_formats(body: bytes, reasons: tuple[str, ...]) -> None:
    assert read(403, body).reasons == reasons


def test_googles_message_becomes_one_short_line() -> None:
    body = b'{"error": {"message": "Not\\n now. ' + b"x" * 5000 + b'"}}'
    message = str(decide(403, body).error)
    assert "\n" not in message
    assert len(message) < 300


def test_the_most_specific_reason_decides_in_any_position() -> None:
    both: dict[str, Any] = json.loads(modern("RATE_LIMIT_EXCEEDED", "PERMISSION_DENIED"))
    both["error"]["errors"] = [{"reason": "forbidden"}]
    verdict = decide(403, json.dumps(both).encode())
    assert verdict.retry
    assert verdict.limits_rate
    old = {"errors": [{"reason": "forbidden"}, {"reason": "domainPolicy"}]}
    advice = decide(403, json.dumps({"error": old}).encode(), Service.DRIVE).error.hints
    assert "administrator" in advice[0]


@pytest.mark.parametrize(
    "spelling",
    ["RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "RateLimitExceeded", "USER_RATE_LIMIT_EXCEEDED"],
)
def test_a_word_is_known_in_every_spelling(spelling: str) -> None:
    assert decide(403, modern(spelling)).limits_rate


@pytest.mark.parametrize("spelling", ["domainPolicy", "DOMAIN_POLICY", "DomainPolicy"])
def test_advice_is_found_for_every_spelling(spelling: str) -> None:
    for service in Service:
        assert "administrator" in decide(403, modern(spelling), service).error.hints[0]


def test_a_daily_limit_in_another_spelling_is_one() -> None:
    verdict = decide(403, modern("DAILY_LIMIT_EXCEEDED"))
    assert isinstance(verdict.error, QuotaError)
    assert not verdict.retry


def test_a_retry_info_is_a_pause_and_the_header_wins_over_it() -> None:
    body = b'{"error": {"details": [{"retryDelay": "12.5s"}]}}'
    assert read(429, body).pause == 12.5
    assert read(429, body, "3").pause == 3
    assert read(429, b'{"error": {"details": [{"retryDelay": "soon"}]}}').pause is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b'{"error": {"errors": [{"reason": "dailyLimitExceeded"}]}}'),
        (429, modern("RATE_LIMIT_EXCEEDED", quota_limit="ReadsPerDayPerProject")),
        (429, modern("RATE_LIMIT_EXCEEDED", quota_unit="1/d/{project}")),
        (429, modern("", "RESOURCE_EXHAUSTED", "Quota exceeded for reads per day.")),
        (429, b'{"error": {"details": [{"retryDelay": "7200s"}]}}'),
        (429, b'{"error": {"details": [{"violations": [{"quotaId": "ReadsPerDay"}]}]}}'),
    ],
)
def test_a_daily_limit_is_final_and_says_when_to_try_again(status: int, body: bytes) -> None:
    verdict = decide(status, body)
    assert not verdict.retry
    assert isinstance(verdict.error, QuotaError)
    assert "limit for today" in verdict.error.message
    assert "again after 20" in verdict.error.hints[0]


def test_a_limit_per_minute_is_not_final() -> None:
    body = modern("RATE_LIMIT_EXCEEDED", quota_limit="ReadsPerMinutePerUser", quota_unit="1/min")
    assert decide(429, body).retry


def test_googles_day_ends_at_midnight_in_california() -> None:
    before = datetime(2025, 1, 10, 7, 30, tzinfo=UTC)
    after = datetime(2025, 1, 10, 8, 30, tzinfo=UTC)
    until = datetime(2025, 1, 10, 8, 0, tzinfo=UTC).astimezone()
    assert f"{until:%Y-%m-%d %H:%M}" in come_back_tomorrow(now=before)[0]
    assert f"{until:%Y-%m-%d %H:%M}" not in come_back_tomorrow(now=after)[0]
    soon = datetime(2025, 1, 10, 9, 30, tzinfo=UTC).astimezone()
    assert f"{soon:%Y-%m-%d %H:%M}" in come_back_tomorrow(3600, now=after)[0]
    assert come_back_tomorrow(1e18, now=after)


@pytest.mark.parametrize(
    "reason", ["SERVICE_DISABLED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "forbidden", "other", ""]
)
def test_the_backup_service_does_not_mention_the_drive_api(reason: str) -> None:
    error = decide(403, modern(reason), media=False).error
    assert isinstance(error, CredentialsError)
    assert error.hints == NOT_LET_IN
    of_one_file = decide(403, modern(reason)).error
    assert isinstance(of_one_file, RefusedError)
    about_the_client = reason in ("SERVICE_DISABLED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert (of_one_file.hints == NOT_LET_IN) == about_the_client
    assert "Drive API" not in of_one_file.hint
    assert "whoami" not in of_one_file.hint


def test_a_login_made_like_a_phones_is_not_advised_to_do_that() -> None:
    error = decide(403, b"<html>", media=False, as_phone=True).error
    assert error.hints[0] == CABLE
    assert "login" not in " ".join(error.hints[1:])


def test_an_unexpected_answer_leads_to_the_cable_or_to_a_report() -> None:
    for status in (400, 405, 418):
        error = decide(status, b"", media=False).error
        assert error.hints[0] == CABLE
        assert "--verbose" in error.hints[1]
        assert "Drive" not in error.hint
    assert "--verbose" in decide(400, b"", Service.DRIVE, media=False).error.hints[0]


def test_a_listing_that_is_not_there_is_not_called_a_file() -> None:
    assert "no longer stored" in str(decide(404, b"").error)
    listing = decide(404, b"", media=False).error
    assert isinstance(listing, GoneError)
    assert "no longer stored" not in str(listing)


def test_a_temporary_reason_is_retried_even_with_a_final_status() -> None:
    for reason in ("UNAVAILABLE", "CANCELLED", "backendError"):
        assert decide(403, modern(reason)).retry
        assert decide(409, modern(reason)).retry
        assert not decide(404, modern(reason)).retry
    assert not decide(409, modern("ALREADY_EXISTS")).retry
    assert isinstance(decide(499, b"").error, NetworkError)


def test_googles_own_words_are_kept_for_the_verbose() -> None:
    error = decide(403, modern("SOME_REASON", "PERMISSION_DENIED", "Not you.")).error
    assert error.detail == "HTTP 403, SOME_REASON, PERMISSION_DENIED, Not you"
    assert "SOME_REASON" not in error.message


@given(
    st.integers(300, 599),
    st.binary() | st.text().map(str.encode) | st.text().map(modern),
    st.text(),
    st.booleans(),
    st.sampled_from(Service),
)
def test_any_answer_gives_one_of_our_errors(
    status: int, body: bytes, retry_after: str, media: bool, service: Service
) -> None:
    refusal = read_refusal(status, {"Retry-After": retry_after}, body)
    verdict = judge(refusal, "a file", media=media, service=service)
    assert isinstance(verdict.error, GdriveWaError)
    assert verdict.error.hints
    assert verdict.pause is None or verdict.pause >= 0
