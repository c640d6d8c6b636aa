"""Read Google's errors, and decide which are passing, which are final, and what they mean.

Google's services word an error in two styles. Drive's has ``error.errors[].reason``; newer
services have ``error.status`` and ``error.details[].reason``, which the phone's own client reads.
One answer may have both, and the more general of them comes first as often as not: so every
reason is read, and the most telling one decides, not the status alone. Google answers 403 both
for "slow down" and for "never".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gdrive_wa.core.errors import (
    CredentialsError,
    GdriveWaError,
    GoneError,
    NetworkError,
    QuotaError,
    RefusedError,
)
from gdrive_wa.google.advice import Service, advice_on, come_back_tomorrow, is_known
from gdrive_wa.http.retry import Refusal, Verdict

LONGEST_PAUSE = 600.0
"""Seconds. When Google asks for a longer pause, the run ends and tells when to come back."""
_RATE = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "sharingRateLimitExceeded",
    "servingLimitExceeded",
    "concurrentLimitExceeded",
    "quotaExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
}
_DAILY = {"dailyLimitExceeded", "dailyLimitExceededUnreg"}
_ABOUT_ONE_FILE = {"downloadQuotaExceeded", "cannotDownloadAbusiveFile", "cannotDownloadFile"}
_PASSING = {
    "backendError",
    "internalError",
    "transientError",
    "UNAVAILABLE",
    "INTERNAL",
    "ABORTED",
    "CANCELLED",
    "DEADLINE_EXCEEDED",
}
"""Reasons that make a 403 or a 409 a failure that passes."""
_PER_DAY = re.compile(r"per[ _-]?day|daily|\b1/d\b", re.IGNORECASE)
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)
_UNFINISHED = "Unsupported alt type"


class LoginNotAllowedError(CredentialsError):
    """The login is valid, but has no access to this service."""


@dataclass(frozen=True, slots=True)
class GoogleError:
    """An error of one of Google's services, in either style.

    Attributes:
        status: HTTP status.
        reasons: all of Google's codes for it, the most specific ones first.
        message: Google's sentence about it; empty if the body has none.
        per_day: the limit that it speaks of is one for a whole day.
        pause: seconds that Google asks to wait, or None.
    """

    status: int
    reasons: tuple[str, ...] = ()
    message: str = ""
    per_day: bool = False
    pause: float | None = None

    @property
    def limits_rate(self) -> bool:
        """True if Google asks for fewer requests."""
        if _ABOUT_ONE_FILE.intersection(self.reasons):
            return False
        return self.status == 429 or (self.status == 403 and bool(_RATE & set(self.reasons)))

    @property
    def limits_day(self) -> bool:
        """True if nothing more is to be had today, or within `LONGEST_PAUSE`."""
        if self.status == 403 and _DAILY.intersection(self.reasons):
            return True
        return self.limits_rate and (self.per_day or (self.pause or 0) > LONGEST_PAUSE)

    @property
    def detail(self) -> str:
        """Google's own words, for ``--verbose``."""
        return ", ".join([f"HTTP {self.status}", *self.reasons, *filter(None, [self.message])])

    def reason_for(self, service: Service) -> str:
        """The most telling reason: the first one that there is advice on."""
        known = (reason for reason in self.reasons if is_known(reason, service))
        return next(known, next(iter(self.reasons), ""))


def judge(refusal: Refusal, what: str, *, media: bool, service: Service) -> Verdict:
    """Decide about an answer with an error status.

    Args:
        refusal: the answer.
        what: what was requested, in words.
        media: the request was for the content of one entry; a refusal concerns only that.
        service: the service that was asked.
    """
    said = read_error(refusal)
    passing = refusal.passing or (said.status in (403, 409) and bool(_PASSING & set(said.reasons)))
    final = said.limits_day or bool(_ABOUT_ONE_FILE.intersection(said.reasons))
    error = _error(said, what, media=media, service=service, passing=passing)
    error.detail = said.detail
    return Verdict(
        error=error,
        retry=not final and (passing or said.limits_rate),
        limits_rate=said.limits_rate,
        pause=said.pause,
    )


def _error(
    said: GoogleError, what: str, *, media: bool, service: Service, passing: bool
) -> GdriveWaError:
    """The error to raise if the request is not retried."""
    sentence = f": {said.message}" if said.message else ""
    if said.limits_day:
        long = said.pause if (said.pause or 0) > LONGEST_PAUSE else None
        return QuotaError(
            f"Google's limit for today is reached{sentence}", hint=come_back_tomorrow(long)
        )
    if said.limits_rate:
        return QuotaError(
            f"Google still limits the rate of requests{sentence}",
            hint="wait a few minutes, then run the command again with a lower --jobs",
        )
    if said.status in (404, 410):
        return GoneError(f"{what} is no longer stored" if media else f"Google has no {_bare(what)}")
    if said.status == 401:
        return CredentialsError(f"Google does not accept this login{sentence}")
    if passing:
        return NetworkError(f"Google's service failed ({said.status}) for {what}{sentence}")
    if said.status == 403:
        kind = RefusedError if media else LoginNotAllowedError
        advice = advice_on(said.reason_for(service), service, media=media)
        return kind(f"Google refuses {what}{sentence}", hint=advice)
    unfinished = "its upload may not be finished: run this again when the phone has finished it"
    return RefusedError(
        f"Google answered {said.status} for {what}{sentence}",
        hint=unfinished if _UNFINISHED in said.message else None,
    )


def _bare(what: str) -> str:
    return what.removeprefix("the ")


def read_error(refusal: Refusal) -> GoogleError:
    """Read a body in any of Google's styles. Never fails: what is not one is ignored."""
    try:
        error = _unwrapped(json.loads(refusal.body))
    except (ValueError, RecursionError):
        error = {}
    details = _items(error.get("details"))
    return GoogleError(
        refusal.status,
        tuple(dict.fromkeys(_reasons(error, details))),
        " ".join(_text(error.get("message")).split())[:200].rstrip("."),
        _is_per_day(error, details),
        refusal.pause if refusal.pause is not None else _retry_delay(details),
    )


def _unwrapped(parsed: Any) -> dict[str, Any]:
    """The error itself: from its envelope, a list of one, or OAuth's two strings."""
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        return {}
    error = parsed.get("error", parsed)
    if isinstance(error, str):
        return {"status": error, "message": parsed.get("error_description")}
    return error if isinstance(error, dict) else {}


def _reasons(error: Mapping[str, Any], details: list[dict[str, Any]]) -> Iterator[str]:
    rows = [*details, *_items(error.get("errors")), {"reason": error.get("status")}]
    for row in rows:
        if reason := _text(row.get("reason"))[:100]:
            yield "".join(letter for letter in reason if letter.isprintable())


def _is_per_day(error: Mapping[str, Any], details: list[dict[str, Any]]) -> bool:
    texts = [_text(error.get("message"))]
    for detail in details:
        metadata = detail.get("metadata")
        if isinstance(metadata, dict):
            texts += [_text(metadata.get(name)) for name in ("quota_limit", "quota_unit")]
        for violation in _items(detail.get("violations")):
            texts += [_text(violation.get(name)) for name in ("quotaId", "description")]
    return any(_PER_DAY.search(text[:1000]) for text in texts)


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """The pause of a RetryInfo, which newer services send instead of Retry-After."""
    for detail in details:
        if match := _DELAY.fullmatch(_text(detail.get("retryDelay"))):
            return float(match[1])
    return None


def _items(value: object) -> list[dict[str, Any]]:
    return (
        [each for each in value[:50] if isinstance(each, dict)] if isinstance(value, list) else []
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
