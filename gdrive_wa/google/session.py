"""Authorised requests for many threads, over connections that are kept open.

Google's reason decides whether a request is retried (:mod:`gdrive_wa.google.answers`), at a rate
that Google accepts (:mod:`gdrive_wa.http.retrying`). A refused token is renewed once for all
threads. After a redirect to another host, the token is not sent.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from gdrive_wa.core.errors import CredentialsError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.core.version import VERSION
from gdrive_wa.google.advice import Service
from gdrive_wa.google.answers import judge, status_in, unreadable
from gdrive_wa.google.tokens import Tokens
from gdrive_wa.http.answer import HttpAnswer
from gdrive_wa.http.blob import HttpBlob, release
from gdrive_wa.http.connections import Connections
from gdrive_wa.http.retry import Refusal, Verdict
from gdrive_wa.http.retrying import Retrying

RETRY_POLICY = RetryPolicy(rate_patience=90.0)
"""A quota per minute ends within a minute; the rest allows for a difference between the clocks."""
MOST_REDIRECTS = 5
MOST_RENEWALS = 3
"""Maximum renewals of the token for one request: on a slow connection, a token may expire before
it is used."""
LONGEST_JSON = 64 << 20
"""Maximum bytes of an answer that is read completely; a page of a listing has about one million."""
LONGEST_SECONDS = 600.0
"""Maximum seconds for reading such an answer."""
_PIECE = 256 << 10
_REDIRECTS = (301, 302, 303, 307, 308)
_SENT_HERE = {"authorization", "user-agent", "host", "accept-encoding"}
_ALWAYS = {"User-Agent": f"gdrive-wa/{VERSION}", "Accept-Encoding": "identity"}
_TOKEN = re.compile(r"[\x21-\x7e]+")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read completely.

    Attributes:
        status: HTTP status.
        headers: HTTP headers; names ignore case.
        body: decoded body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Session:
    """Requests to Google as one account.

    Args:
        tokens: where access tokens come from.
        retry_policy: number of attempts, and the pauses between them.
        connections: maximum number of connections kept open to one host.

    Attributes:
        rate_limiter: limits the rate of requests.
        service: the service that answers; the hints about a refusal depend on it.
        as_phone: the login was made like a phone's; the hints depend on this too.
        say: shows a line to the user.
    """

    def __init__(
        self, tokens: Tokens, *, retry_policy: RetryPolicy | None = None, connections: int = 64
    ) -> None:
        self._retrying = Retrying(retry_policy or RETRY_POLICY)
        self.rate_limiter = self._retrying.rate_limiter
        self.rate_limiter.listener = self
        self.service = Service.DRIVE
        self.as_phone = False
        self.say: Callable[[str], None] = _say_nothing
        self._tokens = tokens
        self._connections = Connections(connections)

    def get_json(self, url: str, params: Mapping[str, object] | None = None, *, what: str) -> Any:
        """The JSON object at `url`; `what` is its name in errors.

        Raises:
            CredentialsError: the login has ended, or Google refused.
            NetworkError: the object cannot be read.
        """
        address = f"{url}?{urlencode(params)}" if params else url
        answer = self.request("GET", address, what=what)
        try:
            parsed = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise unreadable(what) from error
        if not isinstance(parsed, dict):
            raise unreadable(what)
        if (status := status_in(parsed)) is not None:
            refusal = Refusal(status, answer.body, None)
            raise self._judge(refusal, what, media=False).error
        return parsed

    def get_content(
        self, url: str, *, most: int, what: str, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The content at `url`, at most `most` bytes. Raises the same errors as :meth:`stream`."""
        answer = self.request("GET", url, what=what, most=most, media=True, headers=headers)
        return answer.body

    def request(
        self,
        method: str,
        url: str,
        *,
        what: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most: int = LONGEST_JSON,
        media: bool = False,
    ) -> Answer:
        """Send any request, and read its answer completely.

        Raises:
            CredentialsError: the login has ended, or Google refused.
            NetworkError: the answer cannot be read, is longer than `most` bytes, or takes too long.
        """
        request = _Request(method, url, what, body, headers or {}, media=media)

        def whole(answer: HttpAnswer) -> Answer:
            return Answer(answer.status, answer.headers, _read_whole(answer, most, what))

        return self._ask(request, whole)

    def stream(
        self, url: str, *, offset: int = 0, what: str, headers: Mapping[str, str] | None = None
    ) -> HttpBlob:
        """The bytes at `url` from `offset` on, as a stream.

        Raises:
            GoneError: the content is no longer stored.
            RefusedError: Google refuses to send it.
            CredentialsError: the login has ended.
            NetworkError: the content cannot be read.
        """
        ranged = {"Range": f"bytes={offset}-"} if offset else {}
        everything = {**(headers or {}), **ranged}
        request = _Request("GET", url, what, None, everything, media=True, ranged=offset > 0)
        blob = self._ask(request, lambda answer: HttpBlob(answer, what))
        if offset and not blob.offset_known:
            blob.close()
            return self.stream(url, what=what, headers=headers)
        return blob

    def blocked(self, seconds: float) -> None:
        """See :class:`~gdrive_wa.http.rate_limiter.LimitListener`."""
        so_far = f" (for {seconds:.0f} s so far)" if seconds >= 1 else ""
        self.say(
            "Google allows only so many requests a minute: waiting until it allows more"
            f"{so_far}, at most about {RETRY_POLICY.rate_patience:.0f} s; Ctrl-C stops"
        )

    def resumed(self, interval: float) -> None:
        """See :class:`~gdrive_wa.http.rate_limiter.LimitListener`."""
        slower = ", more slowly for a while" if interval else ""
        self.say(f"Google answers again: continuing{slower}")

    def close(self) -> None:
        """Close all connections; waiting threads get an error."""
        self._retrying.close()
        self._connections.close()

    def _ask(self, request: _Request, make: Callable[[HttpAnswer], Made]) -> Made:
        """Send the request until it succeeds, and return the result of `make`."""
        token, renewals = self._tokens.token(), 0

        def decide(refusal: Refusal) -> Verdict | None:
            nonlocal token, renewals
            if refusal.status == 401 and renewals < MOST_RENEWALS:
                token, renewals = self._tokens.renew(token), renewals + 1
                return None
            return self._judge(refusal, request.what, media=request.media)

        return self._retrying.ask(
            lambda: self._send(request, token),
            make,
            decide,
            host=urlsplit(request.url).netloc,
            ranged=request.ranged,
        )

    def _judge(self, refusal: Refusal, what: str, *, media: bool) -> Verdict:
        return judge(refusal, what, media=media, service=self.service, as_phone=self.as_phone)

    def _send(self, request: _Request, token: Secret) -> HttpAnswer:
        url = request.url
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _SENT_HERE}
        headers |= _ALWAYS
        for _ in range(MOST_REDIRECTS + 1):
            own = url is request.url or _host_of(url) == _host_of(request.url)
            credentials = {"Authorization": _bearer(token)} if own else {}
            answer = self._connections.request(
                request.method, url, body=request.body, headers={**headers, **credentials}
            )
            target = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or target is None:
                return answer
            release(answer)
            url = _follow(url, target)
        raise NetworkError("Google redirects too often")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    what: str
    body: bytes | None
    headers: Mapping[str, str]
    media: bool = False
    ranged: bool = False


def _say_nothing(_line: str) -> None:
    """The default of :attr:`Session.say`."""


def _host_of(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _follow(url: str, target: str) -> str:
    try:
        goal = urljoin(url, target)
        parts = urlsplit(goal)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise NetworkError("Google redirects to an invalid address")
    if urlsplit(url).scheme == "https" and parts.scheme != "https":
        raise NetworkError("Google redirects to an address without encryption")
    return goal


def _bearer(token: Secret) -> str:
    text = token.reveal()
    if not _TOKEN.fullmatch(text):
        raise CredentialsError(
            "the access token is not valid: it is empty, or contains spaces or special characters",
            hint=(
                "copy the whole token again, without spaces",
                "or unset GDRIVE_WA_ACCESS_TOKEN, and log in: gdrive-wa login",
            ),
        )
    return f"Bearer {text}"


def _read_whole(answer: HttpAnswer, most: int, what: str) -> bytes:
    pieces, size, until = [], 0, time.monotonic() + LONGEST_SECONDS
    while piece := answer.read1(_PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > most or time.monotonic() > until:
            answer.close()
            raise NetworkError(f"Google's answer for {what} is too long, or takes too long")
    release(answer)
    return b"".join(pieces)
