"""``doctor --online`` against the emulator, with each problem that it can find."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gdrive_wa import Finding, doctor
from gdrive_wa.core.errors import NetworkError
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.http.probe import resolve
from tests.google.scripted import Scripted, answer
from tests.google.tls import TlsFront, make_certificate

ONLINE = ("token", "backup service", "Drive", "quota")
BACKUPS, ABOUT = "*/clients/wa/backups", "*/about"


@pytest.fixture(autouse=True)
def _own(config: Path, monkeypatch: pytest.MonkeyPatch, sample: SampleAccount) -> None:
    assert not config.exists()
    monkeypatch.setenv("GDRIVE_WA_ACCESS_TOKEN", sample.token.reveal())


def ask(root: str) -> dict[str, Finding]:
    found = doctor(online=True, endpoint=root)
    assert len({each.what for each in found}) == len(found)
    assert all(each.ok or each.advice for each in found)
    return {each.what: each for each in found}


def only_failure(found: dict[str, Finding]) -> Finding:
    """The one thing that does not work; whatever depends on it is not reported as well."""
    online = list(found.values())[list(found).index("endpoint") + 1 :]
    (failure,) = [each for each in online if not each.ok]
    assert failure.exit_code == 4
    assert [found[what].state for what in ONLINE] == ["not checked: no connection to Google"] * 4
    return failure


def refusing(path: str, status: int, reason: str = "forbidden") -> Fault:
    return Fault(kind=FaultKind.STATUS, path=path, status=status, reason=reason, times=None)


def test_a_working_setup_has_only_good_findings(emulator: Emulator, sample: SampleAccount) -> None:
    found = ask(emulator.root)
    online = list(found)[list(found).index("endpoint") + 1 :]
    connection = f"connection to 127.0.0.1:{emulator.port}"
    assert online == ["proxy", connection, "clock", *ONLINE]
    assert all(found[what].ok for what in online)
    assert not any(each.exit_code for each in found.values())
    assert found["proxy"].state == "none"
    assert found["token"].state == "valid"
    assert "requests are accepted" in found["quota"].state
    assert sample.token.reveal() not in str(found)
    assert {path.rpartition("/")[2] for path in emulator.counts.requests} == {"backups", "about"}


def test_without_the_option_no_server_is_asked(emulator: Emulator) -> None:
    assert "token" not in {each.what for each in doctor(endpoint=emulator.root)}
    assert emulator.counts.request_count("*") == 0


def test_an_invalid_token_is_found(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDRIVE_WA_ACCESS_TOKEN", "ya29.over")
    found = ask(emulator.root)
    assert not found["token"].ok
    assert "does not accept" in found["token"].state
    assert found["token"].exit_code == 3
    assert found["Drive"].state == "not checked: without a valid token"
    assert "ya29.over" not in str(found)


def test_the_servers_are_asked_even_without_a_login(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GDRIVE_WA_ACCESS_TOKEN")
    found = ask(emulator.root)
    assert found["clock"].state == "right"
    assert found[f"connection to 127.0.0.1:{emulator.port}"].ok
    assert "gdrive-wa login" in (found["token"].advice or "")
    assert found["backup service"].ok


def test_a_login_that_one_service_refuses(emulator: Emulator) -> None:
    emulator.faults = refusing(BACKUPS, 403)
    found = ask(emulator.root)
    assert found["token"].state == "valid"
    assert "refuses this login" in found["backup service"].state
    assert "OAuth client of your own" in (found["backup service"].advice or "")
    assert found["Drive"].ok
    assert found["quota"].ok
    assert found["backup service"].exit_code == 0
    emulator.faults = refusing("*", 403)
    assert {each.exit_code for each in ask(emulator.root).values()} == {0, 3}


def test_an_account_without_a_backup_is_not_a_failure(emulator: Emulator) -> None:
    emulator.faults = refusing(BACKUPS, 404)
    found = ask(emulator.root)
    assert found["backup service"].ok
    assert "no backup" in found["backup service"].state


def test_a_failing_service_is_asked_once(emulator: Emulator) -> None:
    emulator.faults = [refusing(ABOUT, 503), refusing(BACKUPS, 503)]
    found = ask(emulator.root)
    connection = found[f"connection to 127.0.0.1:{emulator.port}"]
    assert not connection.ok
    assert "503" in connection.state
    assert not found["Drive"].ok
    assert not found["token"].ok
    assert found["quota"].state.startswith("not checked")
    assert emulator.counts.request_count(ABOUT) == 1
    assert emulator.counts.request_count(BACKUPS) == 2  # without a token, and with it


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [(429, "rateLimitExceeded", "wait a few minutes"), (403, "dailyLimitExceeded", "again after")],
)
def test_a_quota_that_is_used_up_is_found(
    emulator: Emulator, status: int, reason: str, word: str
) -> None:
    emulator.faults = refusing(ABOUT, status, reason)
    found = ask(emulator.root)
    assert not found["quota"].ok
    assert word in (found["quota"].advice or "")
    assert found["token"].state == "valid"
    assert found["Drive"].ok


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("-7200", "2 hours ahead of Google's"),
        ("+259200", "3 days behind Google's"),
        ("+900", "15 minutes behind Google's"),
        ("+20", "right"),
        (None, "not compared"),
        ("Someday", "not compared"),
    ],
)
def test_a_clock_that_is_wrong_is_found(emulator: Emulator, value: str | None, state: str) -> None:
    emulator.faults = Fault(kind=FaultKind.DATE, value=value, times=None)
    found = ask(emulator.root)
    assert state in found["clock"].state
    assert found["clock"].ok == (value in ("+20", None, "Someday"))


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "511 Network Authentication Required"])
def test_a_sign_in_page_of_the_network_is_not_google(scripted: Scripted, status: str) -> None:
    scripted.answers = [answer(b"<html>", status=status, Location="http://hotel.example/")]
    found = ask(scripted.root)
    connection = found[f"connection to 127.0.0.1:{scripted.port}"]
    assert "something else answers" in connection.state
    assert "browser" in (connection.advice or "")
    assert only_failure(found) is connection


def test_a_server_that_does_not_run() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = ask(f"http://127.0.0.1:{port}")
    connection = found[f"connection to 127.0.0.1:{port}"]
    assert not connection.ok
    assert "cannot be reached" in connection.state
    assert found["clock"].state.startswith("not compared")
    assert only_failure(found) is connection


def test_a_certificate_that_is_not_trusted_is_found(emulator: Emulator, tmp_path: Path) -> None:
    with TlsFront(emulator.port, make_certificate(tmp_path / "proxy.pem")) as front:
        found = ask(front.root)
    (connection,) = (each for what, each in found.items() if what.startswith("connection"))
    assert "not trusted: self-signed certificate" in connection.state
    assert "date and time" in (connection.advice or "")
    assert emulator.counts.request_count("*") == 0


def test_a_trusted_certificate_is_reported_as_such(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "proxy.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with TlsFront(emulator.port, certificate) as front:
        found = ask(front.root)
    (connection,) = (each for what, each in found.items() if what.startswith("connection"))
    assert connection.state.startswith("certificate trusted")


def test_an_unknown_host_name() -> None:
    found = ask("https://google.invalid")
    assert not found["DNS of google.invalid"].ok
    assert "cannot be found" in found["DNS of google.invalid"].state
    assert "connection to google.invalid" not in found
    assert only_failure(found) is found["DNS of google.invalid"]
    with pytest.raises(NetworkError):
        resolve("x" * 300)
    assert resolve("127.0.0.1") == ["127.0.0.1"]


def test_a_proxy_is_named_without_its_password(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.answers = [answer(b"", status="502 Bad Gateway")]
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:s3kret@127.0.0.1:{scripted.port}")
    found = ask("https://google.invalid")
    assert found["proxy"].state == f"127.0.0.1:{scripted.port}"
    assert "proxy cannot reach" in found["connection to google.invalid"].state
    assert "DNS of google.invalid" not in found
    assert "s3kret" not in str(found)


def test_a_wrong_endpoint_is_a_finding_and_no_server_is_asked() -> None:
    found = ask("http://example.org")
    assert not found["endpoint"].ok
    assert "token" not in found


def test_a_server_that_never_answers_is_reported(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gdrive_wa.jobs.doctor_online.LONGEST_SECONDS", 0.3)
    emulator.faults = Fault(kind=FaultKind.STALL, seconds=20, times=None)
    found = ask(emulator.root)
    assert found[f"connection to 127.0.0.1:{emulator.port}"].state == "no answer in time"
    assert not found["quota"].ok or "not checked" in found["quota"].state


@pytest.mark.parametrize(
    ("days", "word"), [(60, "not yet valid"), (-1, "has expired")], ids=["slow clock", "fast"]
)
def test_a_certificate_out_of_its_time_points_at_the_clock(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, word: str
) -> None:
    certificate = make_certificate(tmp_path / "google.pem", days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with TlsFront(emulator.port, certificate) as front:
        found = ask(front.root)
    (connection,) = (each for what, each in found.items() if what.startswith("connection"))
    assert word in connection.state
    assert "perhaps wrong" in found["clock"].state
    assert found["clock"].advice == "set this machine's date and time"


@pytest.mark.parametrize(
    ("status", "state", "advice"),
    [
        ("407 Proxy Authentication Required", "requires a user name and a password", "HTTPS_PROXY"),
        ("403 Forbidden", "the proxy refuses to connect to google.invalid (403)", "ask whoever"),
        ("502 Bad Gateway", "the proxy cannot reach google.invalid", "HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_refuses_is_reported_with_its_reason(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, status: str, state: str, advice: str
) -> None:
    scripted.answers = [answer(b"", status=status)]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{scripted.port}")
    failure = only_failure(ask("https://google.invalid"))
    assert failure.what == "connection to google.invalid"
    assert state in failure.state
    assert advice in (failure.advice or "")


def test_an_unreachable_proxy_is_not_reported_as_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert only_failure(ask("https://google.invalid")).state == "the proxy cannot be reached"
