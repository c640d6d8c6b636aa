"""``gdrive-wa doctor --online``: which of Google's services work from here.

It does not sign in, and fetches no entry. Each server gets one request without a token, and each of
Google's two services one request with the stored login. A login whose token has expired is renewed,
as by any other command.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from gdrive_wa.core.errors import (
    CredentialsError,
    GdriveWaError,
    GoneError,
    NetworkError,
    QuotaError,
)
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.core.threads import Workers
from gdrive_wa.google.access import open_session
from gdrive_wa.google.advice import Service
from gdrive_wa.google.answers import LoginNotAllowedError
from gdrive_wa.google.session import Session
from gdrive_wa.http.connections import proxy_for
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.probe import Probe, probe, resolve
from gdrive_wa.http.trust import OutdatedError
from gdrive_wa.jobs.finding import Finding

CLOCK_SECONDS = 300.0
"""How far this machine's clock may differ from Google's, in seconds."""
_ONCE = RetryPolicy(attempts=1)
_UNREACHED = "not checked: no connection to Google"
LONGEST_SECONDS = 90.0
"""How long the servers have to answer, in seconds; they are asked at the same time."""
_PROXY_STATUSES = {407, 511}
"""Statuses that only a proxy or a network's sign-in page sends."""
_PORTAL_STATUSES = {200, *range(300, 400)}
"""Statuses that the sign-in page of a network, such as a hotel's, sends instead of a refusal."""


def doctor_online(account: str | None, endpoint: str | None) -> list[Finding]:
    """Ask Google's servers, and report which services work from here.

    Args:
        account: e-mail address of the stored login to use; the default login if None.
        endpoint: root of another server in Google's place.

    Returns:
        A finding for each check, always in the same order.

    Raises:
        UsageError: the endpoint is not an address, or not safe.
    """
    endpoints = Endpoints.at(endpoint)
    servers = _servers(endpoints)
    workers = Workers(len(servers) + 1, "gdrive-wa doctor")
    try:
        probing = [workers.submit(partial(_reach, server)) for server in servers]
        asking = workers.submit(partial(_services, account, endpoint))
        futures: list[Future[Any]] = [*probing, asking]
        wait(futures, LONGEST_SECONDS)
        found = [
            each.result() if each.done() else _silent(server)
            for each, server in zip(probing, servers, strict=True)
        ]
        services = asking.result() if asking.done() else _unasked("Google did not answer in time")
    finally:
        workers.close()
    if not any(each.probe for each in found):  # one cause is enough
        services = [Finding("token", _UNREACHED), *_unasked("no connection to Google")]
    findings = [finding for each in found for finding in each.findings]
    return [_proxy(servers), *findings, _clock(found), *services]


def _servers(endpoints: Endpoints) -> list[_Server]:
    """Each server once."""
    found: dict[str, _Server] = {}
    for url, is_strict in (
        (f"{endpoints.backup}/clients/wa/backups", True),
        (f"{endpoints.drive}/files", True),
        (endpoints.token, False),
        (endpoints.android, False),
    ):
        found.setdefault(urlsplit(url).netloc, _Server(url, is_strict))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Server:
    """A server, and a request to test it with.

    Attributes:
        url: the address to request.
        refuses: the server refuses this request, which has no token; success or a redirection is
            the answer of something else.
    """

    url: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class _Reached:
    """The result of testing one server.

    Attributes:
        findings: the findings about its name and the connection.
        probe: the server's own answer; None if it did not answer.
        outdated: the certificate is not valid at the time of this machine's clock.
    """

    findings: list[Finding]
    probe: Probe | None = None
    outdated: bool = False


def _reach(server: _Server) -> _Reached:
    """Look up the name of one server, and send it a request."""
    parts = urlsplit(server.url)
    host, what = parts.hostname or "", f"connection to {parts.netloc}"
    findings = []
    if not _is_address(host) and not proxy_for(parts.scheme, host):  # a proxy looks names up
        try:
            addresses = resolve(host)
        except NetworkError as error:
            return _Reached([_failed(f"DNS of {host}", error)])
        findings.append(Finding(f"DNS of {host}", ", ".join(addresses[:3])))
    answer = probe(server.url)
    if answer.error is not None:
        outdated = isinstance(answer.error, OutdatedError)
        return _Reached([*findings, _failed(what, answer.error)], outdated=outdated)
    portal = _PORTAL_STATUSES if server.refuses else set()
    if answer.status in _PROXY_STATUSES | portal:
        advice = "open a browser: this network may want you to sign in, or to accept its terms"
        state = f"something else answers in Google's place (HTTP {answer.status})"
        return _Reached([*findings, _bad(what, state, advice)])
    if (answer.status or 0) >= 500:
        state = f"the server reports a failure (HTTP {answer.status})"
        advice = "try again in a few minutes"
        return _Reached([*findings, _bad(what, state, advice)], answer)
    trust = "certificate trusted" if parts.scheme == "https" else "not encrypted, on this machine"
    findings.append(Finding(what, f"{trust}; answered in {answer.seconds:.2f} s"))
    return _Reached(findings, answer)


def _silent(server: _Server) -> _Reached:
    what, advice = f"connection to {urlsplit(server.url).netloc}", "check the network connection"
    return _Reached([_bad(what, "no answer in time", advice)])


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _proxy(servers: list[_Server]) -> Finding:
    found = set()
    for server in servers:
        parts = urlsplit(server.url)
        if address := proxy_for(parts.scheme, parts.hostname or ""):
            found.add(address.rpartition("@")[2].rpartition("://")[2])  # without a password
    return Finding("proxy", ", ".join(sorted(found)) or "none")


def _clock(found: list[_Reached]) -> Finding:
    """Compare this machine's clock with the servers': certificates and tokens depend on it."""
    answers = [each.probe for each in found if each.probe is not None]
    differences = [each.behind for each in answers if each.behind is not None]
    if not differences and any(each.outdated for each in found):
        state = "perhaps wrong: at this machine's time, Google's certificate is not valid"
        return Finding("clock", state, ok=False, advice="set this machine's date and time")
    if not differences:
        return Finding("clock", "not compared: no server sent the time")
    behind = min(differences, key=abs)
    if abs(behind) <= CLOCK_SECONDS:
        return Finding("clock", "right")
    direction = "behind" if behind > 0 else "ahead of"
    state = f"{_span(abs(behind))} {direction} Google's"
    return Finding("clock", state, ok=False, advice="set this machine's date and time")


def _span(seconds: float) -> str:
    for unit, length in (("days", 86400.0), ("hours", 3600.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 60:.0f} minutes"


def _services(account: str | None, endpoint: str | None) -> list[Finding]:
    """Ask both services with the stored login."""
    try:
        session, endpoints = open_session(account=account, endpoint=endpoint, retry_policy=_ONCE)
    except GdriveWaError as error:
        return [_failed("token", error), *_unasked("without a token")]
    try:
        return list(_asked(session, endpoints))
    finally:
        session.close()


def _asked(session: Session, endpoints: Endpoints) -> Iterator[Finding]:
    backups = _outcome(
        session, Service.BACKUP, f"{endpoints.backup}/clients/wa/backups", "the list of backups"
    )
    drive = _outcome(
        session, Service.DRIVE, f"{endpoints.drive}/about?fields=user", "the account's Drive"
    )
    both = (backups, drive)
    dead = next((each for each in both if _is_dead(each)), None)
    if dead is not None:
        yield _failed("token", dead)
        yield from _unasked("without a valid token")
        return
    answered = any(each is None or isinstance(each, _ANSWERED) for each in both)
    if answered:
        yield Finding("token", "valid")
    else:
        advice = "see what is wrong with the services first"
        yield _bad("token", "not checked: no service answered", advice)
    one_works = None in both
    yield _service("backup service", backups, one_works=one_works)
    yield _service("Drive", drive, one_works=one_works)
    yield _quota(both)


_ANSWERED = (LoginNotAllowedError, GoneError, QuotaError)


def _outcome(session: Session, service: Service, url: str, what: str) -> GdriveWaError | None:
    session.service = service
    try:
        session.get_json(url, what=what)
    except GdriveWaError as error:
        return error
    return None


def _is_dead(error: GdriveWaError | None) -> bool:
    return isinstance(error, CredentialsError) and not isinstance(error, LoginNotAllowedError)


def _service(what: str, error: GdriveWaError | None, *, one_works: bool) -> Finding:
    """The finding about one service. A login can usually read only one of the two, so that a
    refusal affects the exit code only if the other service does not answer either."""
    match error:
        case None:
            return Finding(what, "answers")
        case GoneError():
            return Finding(what, "answers: it has no backup of this account")
        case QuotaError():
            return Finding(what, "answers, but allows no more requests now")
        case LoginNotAllowedError():
            return Finding(
                what,
                "answers, but refuses this login",
                ok=False,
                advice=error.hints[0],
                exit_code=0 if one_works else error.exit_code,
            )
    return _failed(what, error)


def _quota(errors: tuple[GdriveWaError | None, ...]) -> Finding:
    used_up = next((each for each in errors if isinstance(each, QuotaError)), None)
    if used_up is not None:
        return _failed("quota", used_up)
    if None in errors:
        return Finding("quota", "left: requests are accepted")
    return Finding("quota", "not checked: no service accepted a request")


def _unasked(why: str) -> list[Finding]:
    return [Finding(what, f"not checked: {why}") for what in ("backup service", "Drive", "quota")]


def _failed(what: str, error: GdriveWaError) -> Finding:
    return Finding(
        what,
        error.message,
        ok=False,
        advice=next(iter(error.hints), None),
        exit_code=error.exit_code,
    )


def _bad(what: str, state: str, advice: str) -> Finding:
    """A failure of the network, or of Google's."""
    return Finding(what, state, ok=False, advice=advice, exit_code=NetworkError.exit_code)
