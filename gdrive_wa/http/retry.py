"""Decide whether a failed request is retried, and which error it becomes if not.

The reason decides, not only the status: Google answers 403 both for "slow down" and for "never".
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
    "this login has no access: log in again and allow it; for --source drive, login --drive"
)
_TURN_ON = "turn on the Google Drive API for your OAuth client's project"
_FINAL_HINTS = {
    "downloadQuotaExceeded": "the file was downloaded too often: try again in 24 hours",
    "dailyLimitExceeded": "your OAuth client has reached its daily limit: try again tomorrow",
    "cannotDownloadAbusiveFile": "Google considers the file harmful and does not hand it out",
    "insufficientPermissions": _LOGIN_AGAIN,
    "insufficientFilePermissions": _LOGIN_AGAIN,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _LOGIN_AGAIN,
    "accessNotConfigured": _TURN_ON,
    "SERVICE_DISABLED": _TURN_ON,
}
_OTHER_ACCOUNT = "check with gdrive-wa whoami that this account has the backup"
_UNFINISHED = "Unsupported alt type"


class LoginNotAllowedError(CredentialsError):
    """The login is valid, but has no access to this service."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status.

    Attributes:
        status: HTTP status.
        reason: Google's code for it; empty if the body has none.
        message: Google's text about it; empty if the body has none.
        pause: seconds that the server asks to wait, or None.
    """

    status: int
    reason: str
    message: str
    pause: float | None

    @property
    def limits_rate(self) -> bool:
        """True if the server asks for fewer requests."""
        return self.status == 429 or (self.status == 403 and self.reason in _RATE_REASONS)

    @property
    def retryable(self) -> bool:
        """True if the request may succeed later."""
        return self.limits_rate or self.status in (408, 425) or self.status >= 500

    def error(self, what: str, *, media: bool = False) -> GdriveWaError:
        """The error to raise if the request is not retried.

        Args:
            what: what was requested, in words.
            media: the request was for the content of one entry; a refusal concerns only that.
        """
        said = f": {self.message}" if self.message else ""
        if self.status in (404, 410):
            return GoneError(f"{what} is no longer stored")
        if self.status == 401:
            return CredentialsError(f"Google does not accept this login{said}")
        if self.limits_rate:
            return NetworkError(
                f"Google still limits the rate of requests{said}",
                hint="wait a few minutes, then run the command again with a lower --jobs",
            )
        if self.status >= 500 or self.retryable:
            return NetworkError(f"Google's service failed ({self.status}) for {what}{said}")
        if self.status == 403:
            hint = _FINAL_HINTS.get(self.reason, _OTHER_ACCOUNT)
            kind = RefusedError if media else LoginNotAllowedError
            return kind(f"Google refuses {what}{said}", hint=hint)
        hint = (
            "its upload may not be finished: run this again when the phone has finished the backup"
        )
        return RefusedError(
            f"Google answered {self.status} for {what}{said}",
            hint=hint if _UNFINISHED in self.message else None,
        )


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Parse an answer with an error status. Never fails: a body that is not JSON is ignored."""
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
    """Google's codes for the reason, which Drive and newer services store in different places."""
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
