"""Send requests with retries by reason, at a rate that the server accepts.

All HTTP sources use it, whatever their servers and sign-in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import urllib3
from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import GdriveWaError, NetworkError
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.http.blob import release
from gdrive_wa.http.rate_limiter import RateLimiter
from gdrive_wa.http.retry import Refusal, read_refusal
from gdrive_wa.http.trust import untrusted_error

_LONGEST_REFUSAL = 65536
_GOOD = (200, 206)
_BEYOND_THE_END = 416
Made = TypeVar("Made")


class Retrying:
    """Retried requests of many threads to the servers of one service.

    Args:
        retry_policy: how often and how long to try each.

    Attributes:
        pace: how fast requests follow each other.
    """

    def __init__(self, retry_policy: RetryPolicy) -> None:
        self.rate_limiter = RateLimiter()
        self._retry_policy = retry_policy

    def ask(
        self,
        send: Callable[[], urllib3.BaseHTTPResponse],
        make: Callable[[urllib3.BaseHTTPResponse], Made],
        judge: Callable[[Refusal], GdriveWaError | None],
        *,
        host: str,
        ranged: bool = False,
    ) -> Made:
        """Send until there is a good answer, and return what `make` makes of it.

        Args:
            send: sends the request once.
            make: reads or wraps a good answer.
            judge: returns the error for an answer that is not good, which is raised if the
                request is not retried; None to retry at once, such as with a new token.
            host: the name of the server in errors.
            ranged: a part was requested, so "beyond the end" (416) is a good answer.

        Raises:
            GdriveWaError: the error that `judge` returned.
            NetworkError: the server cannot be reached.
        """
        attempt = 1
        while True:
            begun = self.rate_limiter.wait_turn()
            pause: float | None = None
            try:
                answer = send()
                if answer.status in _GOOD or (ranged and answer.status == _BEYOND_THE_END):
                    made = make(answer)
                    self.rate_limiter.report_good()
                    return made
                refusal = read_refusal(answer.status, answer.headers, _read_refused(answer))
            except HTTPError as error:
                if untrusted := untrusted_error(error, host):
                    raise untrusted from error
                failure: GdriveWaError = _unreachable(error, host)
            else:
                judged = judge(refusal)
                if judged is None:
                    continue
                if not refusal.retryable:
                    raise judged
                failure, pause = judged, self._pause_of(refusal, attempt, begun)
            if attempt >= self._retry_policy.attempts:
                raise failure
            self.rate_limiter.sleep(self._retry_policy.pause(attempt, pause))
            attempt += 1

    def close(self) -> None:
        """Wake all waiting threads with an error."""
        self.rate_limiter.close()

    def _pause_of(self, refusal: Refusal, attempt: int, begun: float) -> float | None:
        """The pause that the server asked for. A rate limit is reported to the rate limiter."""
        if not refusal.limits_rate:
            return refusal.pause
        pause = self._retry_policy.pause(attempt, refusal.pause)
        self.rate_limiter.report_limited(begun, pause)
        return pause


def _read_refused(answer: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return answer.read(_LONGEST_REFUSAL, decode_content=True)
    except (HTTPError, ValueError):
        return b""  # the status is enough
    finally:
        release(answer)


def _unreachable(error: HTTPError, host: str) -> NetworkError:
    timed_out = isinstance(error, urllib3.exceptions.TimeoutError)
    if timed_out and not isinstance(error, urllib3.exceptions.NewConnectionError):
        return NetworkError(f"{host} did not answer in time")
    if isinstance(error, urllib3.exceptions.ProxyError):
        return NetworkError(f"the proxy cannot reach {host}", hint="check HTTPS_PROXY and NO_PROXY")
    return NetworkError(
        f"{host} cannot be reached",
        hint=("check the network connection", *NetworkError.default_hints),
    )
