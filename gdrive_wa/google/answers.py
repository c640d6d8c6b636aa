"""Read Google's errors, and decide which are transient, which are final, and what they mean.

Google's services report an error in two styles. Drive's has ``error.errors[].reason``; newer
services have ``error.status`` and ``error.details[].reason``, which the phone's own client reads.
One answer may have both, and the more general one often comes first. So every reason is read, and
the most specific one decides. The status alone cannot: Google answers 403 both for "slow down" and
for "never".
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
from gdrive_wa.google.advice import (
    Service,
    advice_on,
    advice_on_unknown,
    come_back_tomorrow,
    is_known,
)
from gdrive_wa.google.words import fold, folded
from gdrive_wa.http.retry import Refusal, Verdict

NOT_GOOGLE = (
    (
        "a proxy or the sign-in page of this network may have answered: open"
        " https://accounts.google.com in a browser, and then try again"
    ),
)
"""Hints for an answer that is not one of Google's."""
LONGEST_PAUSE = 600.0
"""Seconds. If Google asks for a longer pause, the run ends, and the error says when to try
again."""
_RATE = folded(
    (
        "rateLimitExceeded",
        "rateLimitExceededUnreg",
        "userRateLimitExceeded",
        "userRateLimitExceededUnreg",
        "sharingRateLimitExceeded",
        "servingLimitExceeded",
        "concurrentLimitExceeded",
        "limitExceeded",
        "quotaExceeded",
        "tooManyRequests",
        "RESOURCE_EXHAUSTED",
    )
)
_DAILY = folded(("dailyLimitExceeded", "dailyLimitExceededUnreg"))
_ABOUT_ONE_FILE = folded(
    ("downloadQuotaExceeded", "cannotDownloadAbusiveFile", "cannotDownloadFile")
)
_TRANSIENT = folded(
    (
        "backendError",
        "internalError",
        "transientError",
        "UNAVAILABLE",
        "INTERNAL",
        "ABORTED",
        "CANCELLED",
        "DEADLINE_EXCEEDED",
    )
)
"""Reasons that mark an answer with a status of `_MAY_BE_TRANSIENT` as transient."""
_MAY_BE_TRANSIENT = (403, 409)
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
        per_day: the limit is a daily one.
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
        if self.is_about_one_file:
            return False
        return self.status == 429 or (self.status == 403 and self._says(_RATE))

    @property
    def limits_day(self) -> bool:
        """True if Google accepts no more requests today, or for longer than `LONGEST_PAUSE`."""
        if self.status == 403 and self._says(_DAILY):
            return True
        return self.limits_rate and (self.per_day or (self.pause or 0) > LONGEST_PAUSE)

    @property
    def transient(self) -> bool:
        """True if one of the reasons says that the request may succeed later."""
        return self.status in _MAY_BE_TRANSIENT and self._says(_TRANSIENT)

    @property
    def is_about_one_file(self) -> bool:
        """True if the error concerns the download of one file, and no other requests."""
        return self._says(_ABOUT_ONE_FILE)

    @property
    def sentence(self) -> str:
        """Google's sentence after a colon, to append to a message of ours; may be empty."""
        return f": {self.message}" if self.message else ""

    @property
    def detail(self) -> str:
        """Google's own words, for ``--verbose``."""
        return ", ".join([f"HTTP {self.status}", *self.reasons, *filter(None, [self.message])])

    def reason_for(self, service: Service) -> str:
        """The first reason that has advice of its own, otherwise the first reason; may be empty."""
        known = (reason for reason in self.reasons if is_known(reason, service))
        return next(known, next(iter(self.reasons), ""))

    def _says(self, words: frozenset[str]) -> bool:
        return not words.isdisjoint(map(fold, self.reasons))


def judge(
    refusal: Refusal, what: str, *, media: bool, service: Service, as_phone: bool = False
) -> Verdict:
    """Decide about an answer with an error status.

    Args:
        refusal: the answer.
        what: what was requested, in words.
        media: the request was for the content of one entry, so a refusal concerns only that entry.
        service: the service that answered.
        as_phone: the login was made like a phone's.
    """
    parsed = read_error(refusal)
    transient = refusal.transient or parsed.transient
    final = parsed.limits_day or parsed.is_about_one_file
    if transient or parsed.limits_rate or parsed.limits_day:
        error = _temporary_error(parsed, what)
    else:
        advice = advice_on(parsed.reason_for(service), service, media=media, as_phone=as_phone)
        error = _final_error(parsed, what, advice, media=media, service=service)
    error.detail = parsed.detail
    return Verdict(
        error=error,
        retry=not final and (transient or parsed.limits_rate),
        limits_rate=parsed.limits_rate,
        pause=parsed.pause,
    )


def _temporary_error(parsed: GoogleError, what: str) -> GdriveWaError:
    """The error for a limit, or for a failure that outlasted all attempts."""
    if parsed.limits_day:
        long = parsed.pause if (parsed.pause or 0) > LONGEST_PAUSE else None
        today = QuotaError(
            f"Google's limit for today has been reached{parsed.sentence}",
            hint=come_back_tomorrow(long),
        )
        today.until_tomorrow = True
        return today
    if parsed.limits_rate:
        return QuotaError(
            f"Google still limits the rate of requests{parsed.sentence}",
            hint="wait a few minutes, then run the command again with a lower --jobs",
        )
    return NetworkError(f"Google's service failed ({parsed.status}) for {what}{parsed.sentence}")


def _final_error(
    parsed: GoogleError, what: str, advice: tuple[str, ...], *, media: bool, service: Service
) -> GdriveWaError:
    """The error for a refusal."""
    on_unknown = None if media else advice_on_unknown(service)
    if parsed.status in (404, 410):
        message = f"{what} is no longer stored" if media else f"Google has no {_bare(what)}"
        return GoneError(message, hint=on_unknown)
    if parsed.status == 401:
        return CredentialsError(f"Google does not accept this login{parsed.sentence}")
    if parsed.status == 403:
        kind = RefusedError if media else LoginNotAllowedError
        return kind(f"Google refuses {what}{parsed.sentence}", hint=advice)
    unfinished = "its upload may not be finished: run the command again when the phone has finished"
    return RefusedError(
        f"Google answered {parsed.status} for {what}{parsed.sentence}",
        hint=unfinished if _UNFINISHED in parsed.message else on_unknown,
    )


def _bare(what: str) -> str:
    return what.removeprefix("the ")


def read_error(refusal: Refusal) -> GoogleError:
    """Read a body in any of Google's styles. Never fails: a body in another form is ignored."""
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


def status_in(parsed: Mapping[str, Any]) -> int | None:
    """The status of an error that was sent with a successful HTTP status; None if `parsed` is not
    an error."""
    error = parsed.get("error")
    if not isinstance(error, dict) or not error:
        return None
    code = str(error.get("code"))
    return int(code) if re.fullmatch("[45][0-9]{2}", code) else 500


def unreadable(what: str) -> NetworkError:
    """The error for an answer that is not one of Google's, such as a web page."""
    return NetworkError(f"Google's answer for {what} cannot be read", hint=NOT_GOOGLE)


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
    """The objects in a list, or one that is not in a list."""
    if isinstance(value, dict):
        return [value]
    return (
        [each for each in value[:50] if isinstance(each, dict)] if isinstance(value, list) else []
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
