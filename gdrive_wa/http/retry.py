"""The meaning of an answer with an error status, and the decision about a retry.

This is for any server: the error formats of one service are in that service's package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gdrive_wa.core.errors import GdriveWaError

_TRANSIENT = {408, 425, 429, 499}
"""Statuses below 500 of temporary failures; Google answers 499 for a request it cancelled."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status.

    Attributes:
        status: HTTP status.
        body: the beginning of the body.
        pause: seconds that the server asks to wait, or None.
    """

    status: int
    body: bytes
    pause: float | None

    @property
    def limits_rate(self) -> bool:
        """True if the status alone asks for fewer requests."""
        return self.status == 429

    @property
    def transient(self) -> bool:
        """True if the status alone indicates that the request may succeed later."""
        return self.status in _TRANSIENT or self.status >= 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision about a refusal.

    Attributes:
        error: the error to raise if the request is not retried.
        retry: the request may succeed later.
        limits_rate: the server asks for fewer requests.
        pause: seconds that the server asks to wait, or None.
    """

    error: GdriveWaError
    retry: bool = False
    limits_rate: bool = False
    pause: float | None = None


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Read an answer with an error status. Never fails."""
    return Refusal(status, body, _pause(headers.get("Retry-After")))


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
