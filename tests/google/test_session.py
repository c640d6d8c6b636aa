"""Requests with retries, and without redirects to other hosts: over real HTTP."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gdrive_wa.core.errors import (
    CredentialsError,
    GdriveWaError,
    GoneError,
    NetworkError,
    QuotaError,
    RefusedError,
)
from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import session as session_module
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken, RenewedTokens
from tests.google.fixtures import QUICK
from tests.google.scripted import Scripted, answer

TRIES = QUICK.attempts


def refusing(status: int, reason: str, *, times: int | None = None) -> Fault:
    return Fault(kind=FaultKind.STATUS, status=status, reason=reason, times=times)


def fetch(session: Session, url: str) -> bytes:
    with session.stream(url, what="a file") as stream:
        pieces = []
        while piece := stream.read(65536):
            pieces.append(piece)
        return b"".join(pieces)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "backendError"),
        (502, "badGateway"),
        (503, "backendError"),
        (504, "gatewayTimeout"),
        (408, "timeout"),
        (499, "cancelled"),
        (409, "ABORTED"),
        (403, "backendError"),
        (429, "rateLimitExceeded"),
        (403, "rateLimitExceeded"),
        (403, "userRateLimitExceeded"),
        (403, "RATE_LIMIT_EXCEEDED"),
    ],
)
def test_temporary_errors_are_retried(
    session: Session, emulator: Emulator, backups: str, status: int, reason: str
) -> None:
    emulator.faults = refusing(status, reason, times=2)
    assert session.get_json(backups, what="the list of backups")["backups"]
    assert emulator.counts.request_count("*") == 3


@pytest.mark.parametrize(
    ("status", "reason", "hint"),
    [
        (403, "insufficientPermissions", "log in again and allow it"),
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "log in again and allow it"),
        (403, "accessNotConfigured", "turn on the Google Drive API"),
        (403, "SERVICE_DISABLED", "turn on the Google Drive API"),
        (403, "domainPolicy", "administrator"),
        (403, "storageQuotaExceeded", "is full"),
        (403, "somethingNew", "--verbose"),
        (403, "forbidden", "gdrive-wa whoami"),
    ],
)
def test_a_refused_listing_is_about_the_login(
    session: Session, emulator: Emulator, backups: str, status: int, reason: str, hint: str
) -> None:
    emulator.faults = refusing(status, reason)
    with pytest.raises(CredentialsError, match="Google refuses the list") as caught:
        session.get_json(backups, what="the list of backups")
    assert hint in " ".join(caught.value.hints)
    assert emulator.counts.request_count("*") == 1


@pytest.mark.parametrize(
    ("status", "reason", "kind", "hint"),
    [
        (400, "badRequest", RefusedError, "run the same command again"),
        (403, "downloadQuotaExceeded", RefusedError, "24 hours"),
        (403, "cannotDownloadAbusiveFile", RefusedError, "harmful"),
        (403, "insufficientFilePermissions", RefusedError, "ask its owner to share it"),
        (403, "fileNotDownloadable", RefusedError, "a Google document"),
        (403, "cannotDownloadFile", RefusedError, "ask for a copy"),
        (403, "domainPolicy", RefusedError, "administrator"),
        (403, "forbidden", RefusedError, "ask its owner to share it"),
        (403, "dailyLimitExceeded", QuotaError, "run the same command again after 20"),
        (404, "notFound", GoneError, "new listing"),
        (410, "gone", GoneError, "new listing"),
    ],
)
def test_a_refused_file_is_not_about_the_login(
    session: Session,
    emulator: Emulator,
    blob: str,
    status: int,
    reason: str,
    kind: type[GdriveWaError],
    hint: str,
) -> None:
    emulator.faults = refusing(status, reason)
    with pytest.raises(kind) as caught:
        session.stream(blob, what="a file")
    assert isinstance(caught.value, NetworkError)
    assert not isinstance(caught.value, CredentialsError)
    assert hint in " ".join(caught.value.hints)
    assert emulator.counts.request_count("*") == 1


def test_an_unfinished_upload_is_reported_as_such(
    session: Session, emulator: Emulator, blob: str
) -> None:
    emulator.faults = Fault(
        kind=FaultKind.STATUS,
        status=400,
        message='Unsupported alt type "media" for non byte stream request.',
    )
    with pytest.raises(RefusedError) as caught:
        session.stream(blob, what="a file")
    assert "upload" in caught.value.hints[0]


@pytest.mark.parametrize("kind", [FaultKind.BREAK, FaultKind.RESET])
def test_a_broken_answer_is_asked_for_again(
    session: Session, emulator: Emulator, backups: str, kind: FaultKind
) -> None:
    emulator.faults = [Fault(kind=kind, after=10), Fault(kind=kind)]
    assert session.get_json(backups, what="the list of backups")["backups"]


def test_permanent_errors_are_not_retried(
    session: Session, emulator: Emulator, backups: str
) -> None:
    emulator.faults = refusing(503, "backendError")
    with pytest.raises(NetworkError, match="service failed \\(503\\)") as caught:
        session.get_json(backups, what="the list of backups")
    assert "run the same command again" in caught.value.hints[0]
    assert emulator.counts.request_count("*") == TRIES


def test_a_lasting_limit_has_a_hint_to_use_fewer_jobs(
    session: Session, emulator: Emulator, backups: str
) -> None:
    emulator.faults = refusing(429, "rateLimitExceeded")
    with pytest.raises(NetworkError, match="limits the rate") as caught:
        session.get_json(backups, what="the list of backups")
    assert "--jobs" in caught.value.hints[0]


def test_a_server_that_does_not_listen(session: Session) -> None:
    with socket.socket() as taken:  # while it is bound, no other test can listen there
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        with pytest.raises(NetworkError, match="cannot be reached") as caught:
            session.get_json(nowhere, what="the list of backups")
    assert "check the network" in caught.value.hints[0]


def test_the_server_says_how_long_to_wait(
    session: Session, emulator: Emulator, backups: str
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, status=503, retry_after=0.3)
    begun = time.monotonic()
    session.get_json(backups, what="the list of backups")
    assert time.monotonic() - begun >= 0.3  # without the header: 2 ms at most


def test_the_limit_of_one_request_delays_only_that_request(
    session: Session, emulator: Emulator, backups: str
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, status=429, retry_after=0.4)
    begun = time.monotonic()
    session.get_json(backups, what="one")
    assert time.monotonic() - begun >= 0.4
    assert session.rate_limiter.interval == 0
    assert emulator.counts.statuses == {429: 1, 200: 1}


def test_many_limited_requests_are_retried_one_by_one(
    session: Session, emulator: Emulator, backups: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.faults = Fault(
        kind=FaultKind.STATUS, status=429, reason="rateLimitExceeded", times=8, across=True
    )
    together, usual = threading.Barrier(8), session.rate_limiter.report_limited
    intervals: list[float] = []

    def limited(begun: float, pause: float) -> None:
        together.wait(60)  # or a thread that runs ahead meets all eight by itself, and gives up
        usual(begun, pause)
        intervals.append(session.rate_limiter.interval)

    monkeypatch.setattr(session.rate_limiter, "report_limited", limited)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: session.get_json(backups, what="a page"), range(24)))
    assert emulator.counts.statuses[200] == 24
    assert max(intervals) > 0


class Renewing(RenewedTokens):
    """Gives the tokens it was made with, one after the other."""

    def __init__(self, *tokens: str) -> None:
        super().__init__()
        self.left = list(tokens)
        self.fetched = 0

    def fetch(self) -> Secret:
        self.fetched += 1
        if not self.left:
            raise CredentialsError("the login has ended", hint="log in again")
        return Secret(self.left.pop(0))


def test_many_threads_renew_an_expired_token_once(sample: SampleAccount, backups: str) -> None:
    tokens = Renewing("stale", sample.token.reveal())
    session = Session(tokens, retry_policy=QUICK)
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: session.get_json(backups, what="a page"), range(40)))
    session.close()
    assert all(page["backups"] for page in pages)
    assert tokens.fetched == 2


def test_a_token_that_expired_before_use_is_renewed_again(
    sample: SampleAccount, backups: str
) -> None:
    tokens = Renewing("stale", "over-too", sample.token.reveal())
    session = Session(tokens, retry_policy=QUICK)
    assert session.get_json(backups, what="a page")["backups"]
    session.close()
    assert tokens.fetched == 3


def test_a_server_that_refuses_every_token_is_not_asked_endlessly(
    emulator: Emulator, backups: str
) -> None:
    tokens = Renewing(*(f"token-{number}" for number in range(20)))
    session = Session(tokens, retry_policy=QUICK)
    with pytest.raises(CredentialsError, match="does not accept this login"):
        session.get_json(backups, what="a page")
    session.close()
    assert emulator.counts.request_count("*") == 1 + session_module.MOST_RENEWALS


def test_a_login_that_has_ended_is_asked_for_once(backups: str) -> None:
    tokens = Renewing("stale")
    session = Session(tokens, retry_policy=QUICK)

    def ask(_: int) -> str:
        with pytest.raises(CredentialsError) as caught:
            session.get_json(backups, what="a page")
        assert caught.value.hints == ("log in again",)
        return caught.value.message

    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(ask, range(40)))
    session.close()
    assert said == {"the login has ended"}
    assert tokens.fetched == 2


def test_a_given_token_that_is_refused(emulator: Emulator, backups: str) -> None:
    session = Session(GivenToken(Secret("ya29.other")), retry_policy=QUICK)
    with pytest.raises(CredentialsError, match="GDRIVE_WA_ACCESS_TOKEN") as caught:
        session.get_json(backups, what="a page")
    session.close()
    assert "about an hour" in caught.value.hints[0]
    assert emulator.counts.request_count("*") == 1


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "umläut", "nul\x00"])
def test_an_invalid_token_is_not_sent(scripted: Scripted, text: str) -> None:
    session = Session(GivenToken(Secret(text)), retry_policy=QUICK)
    with pytest.raises(CredentialsError, match="is not valid"):
        session.get_json(scripted.root, what="a page")
    session.close()
    assert scripted.asked == []


def test_a_redirect_elsewhere_carries_no_token(
    session: Session, sample: SampleAccount, emulator: Emulator, blob: str, scripted: Scripted
) -> None:
    scripted.answers = [answer(b"from elsewhere")]
    emulator.faults = Fault(kind=FaultKind.REDIRECT, location=f"{scripted.root}/{{path}}")
    assert fetch(session, blob) == b"from elsewhere"
    (asked,) = scripted.asked
    assert "authorization" not in asked.lower()
    assert sample.token.reveal() not in asked


def test_a_redirect_within_the_host_keeps_it(session: Session, scripted: Scripted) -> None:
    scripted.answers = [
        answer(b"", status="307 Temporary Redirect", Location="/there"),
        answer(b'{"here": 1}'),
    ]
    assert session.get_json(f"{scripted.root}/a", what="a page") == {"here": 1}
    assert ["authorization" in asked.lower() for asked in scripted.asked] == [True, True]
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "location",
    ["http://[::1", "ftp://127.0.0.1/x", "http://127.0.0.1:99999/x", "http://:0/", "data:,x"],
)
def test_an_invalid_redirect(session: Session, scripted: Scripted, location: str) -> None:
    scripted.answers = [answer(b"", status="302 Found", Location=location)]
    with pytest.raises(NetworkError, match="redirect"):
        session.get_json(f"{scripted.root}/a", what="a page")
    assert len(scripted.asked) == 1


def test_redirects_without_end(session: Session, scripted: Scripted) -> None:
    scripted.answers = [answer(b"", status="302 Found", Location="/again")]
    with pytest.raises(NetworkError, match="redirects too often"):
        session.get_json(f"{scripted.root}/a", what="a page")
    assert len(scripted.asked) == session_module.MOST_REDIRECTS + 1


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"\xff", b"[" * 100_000])
@pytest.mark.usefixtures("no_collection")
def test_invalid_json(session: Session, scripted: Scripted, body: bytes) -> None:
    scripted.answers = [answer(body)]
    with pytest.raises(NetworkError, match="cannot be read") as caught:
        session.get_json(scripted.root, what="a page")
    assert "sign-in page of this network" in caught.value.hints[0]


def test_endless_json_is_not_read_to_its_end(
    session: Session, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Session.request, "__kwdefaults__", {**(Session.request.__kwdefaults__ or {}), "most": 1000}
    )
    scripted.answers = [answer(json.dumps({"x": "y" * 2000}).encode())]
    with pytest.raises(NetworkError, match="too long"):
        session.get_json(scripted.root, what="a page")


def test_one_user_agent_is_sent(session: Session, scripted: Scripted) -> None:
    scripted.answers = [answer()]
    headers = {"user-agent": "other", "accept-encoding": "gzip", "Authorization": "other"}
    session.request("GET", scripted.root, what="a page", headers=headers)
    head = scripted.asked[0].lower()
    assert head.count("user-agent:") == head.count("authorization:") == 1
    assert head.count("accept-encoding:") == 1
    assert "user-agent: gdrive-wa/" in head
    assert "other" not in head


def test_connections_are_kept(session: Session, emulator: Emulator, blob: str) -> None:
    for _ in range(5):
        assert fetch(session, blob)
    assert emulator.counts.connections == 1


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return answer(body + (b"0\r\n\r\n" if end else b""), Transfer_Encoding="chunked")


def test_an_abandoned_chunked_stream_does_not_affect_others(
    session: Session, scripted: Scripted
) -> None:
    scripted.answers = [chunked(b"a" * 1000, b"b" * 1000), answer(b'{"good": 1}')]
    with session.stream(f"{scripted.root}/long", what="a file") as stream:
        assert stream.read(10) == b"a" * 10
    assert session.get_json(f"{scripted.root}/next", what="a page") == {"good": 1}
    assert scripted.connections == 2


def test_a_chunked_stream_read_to_its_end_gives_its_connection_back(
    session: Session, scripted: Scripted
) -> None:
    scripted.answers = [chunked(b"a" * 1000), answer(b'{"good": 1}')]
    assert fetch(session, f"{scripted.root}/long") == b"a" * 1000
    session.get_json(f"{scripted.root}/next", what="a page")
    assert scripted.connections == 1


def test_a_broken_stream_loses_no_received_bytes(
    session: Session, emulator: Emulator, blob: str
) -> None:
    whole = fetch(session, blob)
    emulator.faults = Fault(kind=FaultKind.BREAK, after=777)
    with session.stream(blob, what="a file") as stream:
        came = b""
        while len(came) < 777:
            came += stream.read(1 << 20)
        with pytest.raises(NetworkError, match="the connection broke while reading a file"):
            stream.read(1 << 20)
    assert came == whole[:777]


def test_a_piece_is_available_as_soon_as_it_arrives(session: Session, scripted: Scripted) -> None:
    """A reader that waited for a whole piece would wait until the read times out."""
    scripted.answers = [answer(b"the beginning", Content_Length="1000000")]
    with session.stream(f"{scripted.root}/slow", what="a file") as stream:
        assert stream.read(1 << 20) == b"the beginning"


def test_a_range_starts_where_it_was_asked(session: Session, blob: str) -> None:
    whole = fetch(session, blob)
    with session.stream(blob, offset=100, what="a file") as stream:
        assert (stream.offset, stream.total) == (100, len(whole))
        assert stream.read(50) == whole[100:150]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.WHOLE, times=None),
        Fault(kind=FaultKind.CONTENT_RANGE, value=None, times=1),
        Fault(kind=FaultKind.CONTENT_RANGE, value="bytes ²-5/9", times=1),
        Fault(kind=FaultKind.CONTENT_RANGE, value="bytes " + "9" * 5000 + "-5/9", times=1),
        Fault(kind=FaultKind.GZIP, times=None),
    ],
    ids=["200 for a range", "no Content-Range", "odd digits", "endless digits", "gzip"],
)
def test_a_range_that_is_not_honoured_begins_again(
    session: Session, emulator: Emulator, blob: str, fault: Fault
) -> None:
    whole = fetch(session, blob)
    emulator.faults = fault
    with session.stream(blob, offset=100, what="a file") as stream:
        assert stream.offset == 0
        came = b""
        while piece := stream.read(65536):
            came += piece
    assert came == whole


def test_a_range_beyond_the_end_begins_again(session: Session, blob: str) -> None:
    whole = fetch(session, blob)
    with session.stream(blob, offset=len(whole) + 5, what="a file") as stream:
        assert (stream.offset, stream.total) == (0, len(whole))


@pytest.mark.parametrize("length", ["²", "9" * 5000, "-5", "five", ""])
def test_an_invalid_content_length(session: Session, scripted: Scripted, length: str) -> None:
    scripted.answers = [answer(b"all of it", Content_Length=length, Connection="close")]
    with session.stream(scripted.root, what="a file") as stream:
        assert stream.total is None


def test_closing_the_session_ends_waiting_requests(
    sample: SampleAccount, emulator: Emulator, backups: str
) -> None:
    session = Session(GivenToken(sample.token), retry_policy=RetryPolicy(base=600, max_pause=600))
    emulator.faults = refusing(503, "backendError")
    ended: list[GdriveWaError] = []

    def ask() -> None:
        try:
            session.get_json(backups, what="a page")
        except NetworkError as error:
            ended.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    while not emulator.counts.statuses[503]:
        time.sleep(0.005)
    session.close()
    waiting.join(timeout=30)
    assert [error.message for error in ended] == ["the connection was closed"]


def test_the_token_is_requested_for_each_call() -> None:
    tokens = Renewing("one", "two")
    asked: list[Callable[[], Secret]] = [tokens.token, tokens.token]
    assert [ask().reveal() for ask in asked] == ["one", "one"]
    assert tokens.renew(Secret("one")).reveal() == "two"
    assert tokens.renew(Secret("one")).reveal() == "two"
