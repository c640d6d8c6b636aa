"""Whether a failed request is tried again, when, and what to tell when it is not.

By reason, not by status alone: Google says 403 both for "slow down" and for "never".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gdrive_wa.core.errors import (
    CredentialsError,
    GdriveWaError,
    GoneError,
    NetworkError,
    RefusedError,
)

_RATE_REASONS = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
}
_LOGIN_AGAIN = (
    "this login may not read it: log in again and allow access; for --source drive: login --drive"
)
_TURN_ON = "turn on the Google Drive API for your OAuth client's project"
_FINAL_HINTS = {
    "downloadQuotaExceeded": "the file was downloaded too often: try again in 24 hours",
    "dailyLimitExceeded": "your OAuth client has used up its day: try again tomorrow",
    "cannotDownloadAbusiveFile": "Google takes the file for harmful and does not hand it out",
    "insufficientPermissions": _LOGIN_AGAIN,
    "insufficientFilePermissions": _LOGIN_AGAIN,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _LOGIN_AGAIN,
    "accessNotConfigured": _TURN_ON,
    "SERVICE_DISABLED": _TURN_ON,
}
_OTHER_ACCOUNT = "check with gdrive-wa whoami that this is the account of the backup"
_UNFINISHED = "Unsupported alt type"


class LoginNotAllowedError(CredentialsError):
    """Google knows the login, and does not let it in here."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is none of the good ones.

    Attributes:
        status: of HTTP.
        reason: Google's word for it, where the body has one.
        message: Google's sentence for it, where the body has one.
        pause: seconds that the server asks to wait; None where it does not.
    """

    status: int
    reason: str
    message: str
    pause: float | None

    @property
    def limits_rate(self) -> bool:
        """The server wants fewer requests."""
        return self.status == 429 or (self.status == 403 and self.reason in _RATE_REASONS)

    @property
    def retryable(self) -> bool:
        """Worth trying again."""
        return self.limits_rate or self.status in (408, 425) or self.status >= 500

    def error(self, what: str, *, media: bool = False) -> GdriveWaError:
        """What to raise when it is final.

        Args:
            what: names the thing that was asked for.
            media: it is the content of one entry: a refusal says nothing of the others.
        """
        said = f": {self.message}" if self.message else ""
        if self.status in (404, 410):
            return GoneError(f"{what} is no longer stored")
        if self.status == 401:
            return CredentialsError(f"Google does not accept this login{said}")
        if self.limits_rate:
            return NetworkError(
                f"Google limits the rate of requests, and kept to it{said}",
                hint="wait some minutes, then run it again with fewer --jobs",
            )
        if self.status >= 500 or self.retryable:
            return NetworkError(f"Google's service failed ({self.status}) for {what}{said}")
        if self.status == 403:
            hint = _FINAL_HINTS.get(self.reason, _OTHER_ACCOUNT)
            kind = RefusedError if media else LoginNotAllowedError
            return kind(f"Google refuses {what}{said}", hint=hint)
        hint = "its upload may not be finished: run this again when the phone's backup is done"
        return RefusedError(
            f"Google answered {self.status} for {what}{said}",
            hint=hint if _UNFINISHED in self.message else None,
        )


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """What an answer says; total: a body that is no JSON just says less."""
    reason = message = ""
    try:
        error = json.loads(body)["error"]
        if isinstance(error, str):
            reason = error
        else:
            message = " ".join(str(error.get("message", "")).split())[:200]
            reason = next(_reasons(error), "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    return Refusal(status, reason, message.rstrip("."), _pause(headers.get("Retry-After")))


def _reasons(error: Mapping[str, object]) -> Iterator[str]:
    """Google's word for it: Drive keeps it in one place, newer services in another."""
    for row in ("errors", "details"):
        items = error.get(row)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and isinstance(item.get("reason"), str):
                yield item["reason"]
    if isinstance(error.get("status"), str):
        yield str(error["status"])


def _pause(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
