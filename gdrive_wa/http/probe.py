"""Check whether a server can be reached from here, without a token."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.version import VERSION
from gdrive_wa.http.blob import release
from gdrive_wa.http.connections import Connections
from gdrive_wa.http.retrying import unreachable
from gdrive_wa.http.trust import untrusted_error

_HEADERS = {"User-Agent": f"gdrive-wa/{VERSION}", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The result of one request.

    Attributes:
        status: the HTTP status; None if there was no answer.
        seconds: duration of the request.
        behind: seconds by which this machine's clock is behind the server's; negative if it is
            ahead. None if the server does not send the time.
        error: why the server did not answer; None if it did.
    """

    status: int | None
    seconds: float
    behind: float | None = None
    error: NetworkError | None = None


def probe(url: str) -> Probe:
    """Send one request to `url` on a connection of its own. Redirects are not followed."""
    begun = time.monotonic()
    connections = Connections(1)
    host = urlsplit(url).netloc
    try:
        answer = connections.request("GET", url, body=None, headers=_HEADERS)
        status, date = answer.status, answer.headers.get("Date")
        release(answer)
    except HTTPError as error:
        failure = untrusted_error(error, host) or unreachable(error, host)
        return Probe(status=None, seconds=time.monotonic() - begun, error=failure)
    except NetworkError as error:
        return Probe(status=None, seconds=time.monotonic() - begun, error=error)
    finally:
        connections.close()
    return Probe(status=status, seconds=time.monotonic() - begun, behind=_behind(date))


def resolve(host: str) -> list[str]:
    """Look up the addresses of `host`.

    Raises:
        NetworkError: its name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NetworkError(
            f"the address of {host} cannot be found",
            hint="check the network connection, and the DNS server in its settings",
        ) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _behind(date: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(date or "")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
