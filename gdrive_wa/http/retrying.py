"""Send requests with retries by reason, at a rate that the server accepts.

Every source that uses HTTP sends its requests this way, whatever its server and its sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import urllib3
from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.http.answer import HttpAnswer
from gdrive_wa.http.blob import release
from gdrive_wa.http.rate_limiter import RateLimiter
from gdrive_wa.http.retry import Refusal, Verdict, read_refusal
from gdrive_wa.http.trust import untrusted_error

_LONGEST_REFUSAL = 65536
_GOOD = (200, 206)
_BEYOND_THE_END = 416
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
"""How the standard library words a proxy's refusal."""
_PROXY_AUTHENTICATION_REQUIRED = 407
Made = TypeVar("Made")


class Retrying:
    """Sends the requests of many threads to the servers of one service, with retries.

    Args:
        retry_policy: number of attempts, and the pauses between them.

    Attributes:
        rate_limiter: limits the rate of requests.
    """

    def __init__(self, retry_policy: RetryPolicy) -> None:
        self.rate_limiter = RateLimiter()
        self._retry_policy = retry_policy

    def ask(
        self,
        send: Callable[[], HttpAnswer],
        make: Callable[[HttpAnswer], Made],
        judge: Callable[[Refusal], Verdict | None],
        *,
        host: str,
        ranged: bool = False,
    ) -> Made:
        """Send the request until it succeeds, and return the result of `make`.

        Args:
            send: sends the request once.
            make: reads or wraps a successful answer.
            judge: decides about an answer with an error status; None retries at once, for example
                with a new token.
            host: the name of the server, for errors.
            ranged: a part was requested, so "beyond the end" (416) counts as a success.

        Raises:
            GdriveWaError: the error that `judge` returned.
            NetworkError: the server cannot be reached, or the session was closed.
        """
        trial = _Trial(self._retry_policy, self.rate_limiter)
        while True:
            begun = self.rate_limiter.wait_turn()
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
                verdict: Verdict | None = Verdict(error=unreachable(error, host), retry=True)
            else:
                verdict = judge(refusal)
            if verdict is not None:
                trial.wait(verdict, begun)

    def close(self) -> None:
        """Wake all waiting threads with an error."""
        self.rate_limiter.close()


class _Trial:
    """The attempts of one request: failures and rate limits are counted separately."""

    def __init__(self, retry_policy: RetryPolicy, rate_limiter: RateLimiter) -> None:
        self._policy = retry_policy
        self._limiter = rate_limiter
        self._failures = self._limits = 0
        self._waited = 0.0

    def wait(self, verdict: Verdict, begun: float) -> None:
        """Wait before the next attempt, or raise the error if no further one is due.

        Args:
            verdict: the decision about the last attempt.
            begun: when that attempt began (monotonic, seconds).
        """
        if not verdict.retry:
            raise verdict.error
        pause = self._limited(verdict, begun) if verdict.limits_rate else self._failed(verdict)
        self._limiter.sleep(pause)

    def _failed(self, verdict: Verdict) -> float:
        self._failures += 1
        if self._failures >= self._policy.attempts:
            raise verdict.error
        return self._policy.pause(self._failures, verdict.pause)

    def _limited(self, verdict: Verdict, begun: float) -> float:
        self._limits += 1
        pause = self._policy.rate_pause(self._limits, verdict.pause)
        hopeless = self._is_hopeless(verdict)
        self._limiter.report_limited(begun, 0.0 if hopeless else pause)
        if hopeless:
            raise verdict.error
        self._waited += pause
        return pause

    def _is_hopeless(self, verdict: Verdict) -> bool:
        """True if this request, or all requests together, have waited for long enough."""
        patience = self._policy.rate_patience
        if verdict.pause is None and patience and self._limiter.blocked_seconds() >= patience:
            return True
        return self._limits >= self._policy.attempts and self._waited >= patience


def _read_refused(answer: HttpAnswer) -> bytes:
    try:
        return answer.read(_LONGEST_REFUSAL, decode_content=True)
    except (HTTPError, NetworkError, ValueError):
        return b""  # the status is enough
    finally:
        release(answer)


def unreachable(error: HTTPError, host: str) -> NetworkError:
    """The error for a request to `host` that got no answer."""
    timed_out = isinstance(error, urllib3.exceptions.TimeoutError)
    if timed_out and not isinstance(error, urllib3.exceptions.NewConnectionError):
        return NetworkError(f"{host} did not answer in time")
    if isinstance(error, urllib3.exceptions.ProxyError):
        return _by_proxy(error, host)
    return NetworkError(
        f"{host} cannot be reached",
        hint=("check the network connection", *NetworkError.default_hints),
    )


def _by_proxy(error: urllib3.exceptions.ProxyError, host: str) -> NetworkError:
    """The error for a request that a proxy did not pass on, by the proxy's own status."""
    found = _TUNNEL.search(str(error.original_error))
    status = int(found[1]) if found else 0
    if status == _PROXY_AUTHENTICATION_REQUIRED:
        return NetworkError(
            f"the proxy requires a user name and a password to connect to {host} ({status})",
            hint="put them into HTTPS_PROXY: http://NAME:PASSWORD@proxy.example:3128",
        )
    if 400 <= status < 500:
        return NetworkError(
            f"the proxy refuses to connect to {host} ({status})",
            hint="ask whoever runs the proxy, or try another network",
        )
    hint = "check HTTPS_PROXY and NO_PROXY"
    if isinstance(error.original_error, urllib3.exceptions.NewConnectionError):
        return NetworkError("the proxy cannot be reached", hint=hint)
    return NetworkError(f"the proxy cannot reach {host}", hint=hint)
