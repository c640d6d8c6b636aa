"""Signing in through a browser with Google's own library, and signing out."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest

from gdrive_wa.core.errors import CredentialsError, NetworkError, UsageError
from gdrive_wa.emulation.account import read_account
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import logins
from gdrive_wa.google.access import open_session
from gdrive_wa.google.login import (
    APPDATA_SCOPE,
    DRIVE_SCOPE,
    login_oauth,
    logout,
    whoami,
)
from tests.google.browser import comes_back_with, decide, visit
from tests.google.fixtures import LogIn
from tests.google.scripted import Scripted

ALLOW = decide("allow")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def lists_backups(emulator: Emulator, account: str | None = None) -> bool:
    session, endpoints = open_session(account=account, endpoint=emulator.root)
    try:
        listed = session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
        return bool(listed["backups"])
    finally:
        session.close()


def test_consent_leads_to_a_stored_login_that_works(
    log_in: LogIn, emulator: Emulator, sample: SampleAccount
) -> None:
    login = log_in(ALLOW)
    assert login.account == sample.email
    assert login.provider == "oauth"
    assert login.scopes == (APPDATA_SCOPE,)
    assert login.expires is not None
    assert login.expires.endswith("Z")
    assert whoami() == logins.load(sample.email)
    assert lists_backups(emulator)


def test_reading_drive_is_asked_for_only_when_it_is_wanted(log_in: LogIn) -> None:
    assert set(log_in(ALLOW, drive=True).scopes) == {APPDATA_SCOPE, DRIVE_SCOPE}


def test_the_client_file_is_found_in_the_config_folder(
    log_in: LogIn, client_file: Path, config: Path
) -> None:
    config.mkdir()
    client_file.rename(config / "client_secrets.json")
    assert log_in(ALLOW, client_secrets=None).account == "alex@example.org"


def test_secrets_lie_in_files_that_only_the_owner_reads(log_in: LogIn, config: Path) -> None:
    usual = os.umask(0)
    try:
        login = log_in(ALLOW)
    finally:
        os.umask(usual)
    kept = Path(login.kept_in)
    assert mode(kept) == 0o600
    assert mode(kept.parent) == mode(config) == 0o700
    assert mode(config / "accounts.json") == 0o600
    secrets = json.loads(kept.read_text())
    public = (config / "accounts.json").read_text()
    for name in ("token", "refresh_token", "client_secret"):
        assert secrets[name]
        assert secrets[name] not in public
        assert secrets[name] not in repr(login)
        assert secrets[name] not in json.dumps(login.to_json())


def test_a_folder_that_was_open_to_others_is_closed(log_in: LogIn, config: Path) -> None:
    (config / "logins").mkdir(parents=True)
    (config / "logins").chmod(0o755)
    log_in(ALLOW)
    assert mode(config / "logins") == 0o700


def test_denied_consent(log_in: LogIn) -> None:
    with pytest.raises(CredentialsError, match="access was denied") as caught:
        log_in(decide("deny"))
    assert "allow access" in caught.value.hints[0]
    assert logins.accounts() == []


def test_nobody_answers_in_time(log_in: LogIn) -> None:
    with pytest.raises(CredentialsError, match="within 1 seconds") as caught:
        log_in(lambda _: None, timeout=1)
    assert "gdrive-wa login" in caught.value.hints[0]


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"state": "wrong", "code": "4/anything"},
        {"state": "right"},
        {"state": "right", "code": "4/anything"},
        {"state": "right", "error": "server_error"},
        {"error": "anything at all"},
    ],
    ids=["nothing", "another state", "no code", "no code of Google's", "error", "odd error"],
)
def test_a_stray_answer_ends_the_sign_in_with_a_clear_word(
    log_in: LogIn, answers: dict[str, str]
) -> None:
    with pytest.raises(CredentialsError, match="the sign-in failed") as caught:
        log_in(comes_back_with(**answers))
    assert "close other tabs" in caught.value.hints[0]
    assert logins.accounts() == []


def test_a_stray_request_too(log_in: LogIn) -> None:
    def wander(url: str) -> None:
        visit(parse_qs(urlsplit(url).query)["redirect_uri"][0] + "favicon.ico")

    with pytest.raises(CredentialsError, match="the sign-in failed"):
        log_in(wander)


def test_bytes_that_are_no_request_count_as_nobody(log_in: LogIn) -> None:
    def knock(url: str) -> None:
        home = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0])
        with socket.create_connection((str(home.hostname), home.port or 0)) as connection:
            connection.sendall(b"\x16\x03\x01\r\n\r\n")
            with contextlib.suppress(OSError):  # whatever comes, and should the wait be over
                connection.recv(1000)

    with pytest.raises(CredentialsError, match="within 5 seconds"):
        log_in(knock, timeout=5)


def test_a_box_left_unticked(log_in: LogIn) -> None:
    def allow_less(url: str) -> None:
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        less = urlencode({**asked, "scope": APPDATA_SCOPE})
        ALLOW(urlunsplit(parts._replace(query=less)))

    with pytest.raises(CredentialsError, match="not all of the necessary access") as caught:
        log_in(allow_less, drive=True)
    assert "every box" in caught.value.hints[0]


def test_google_goes_away_during_the_sign_in(log_in: LogIn, emulator: Emulator) -> None:
    def allow_then_close(url: str) -> None:
        _, back, _ = visit(url, {"decision": "allow", "account": "alex@example.org"})
        emulator.close()
        visit(back)

    with pytest.raises(NetworkError, match="Google cannot be reached") as caught:
        log_in(allow_then_close)
    assert "check the network" in caught.value.hints[0]


def test_a_code_goes_to_no_other_host(
    log_in: LogIn, emulator: Emulator, scripted: Scripted
) -> None:
    emulator.faults = Fault(
        kind=FaultKind.REDIRECT, path="/token", location=f"{scripted.root}/", times=None
    )
    with pytest.raises(NetworkError):
        log_in(ALLOW)
    assert scripted.asked == []


def test_a_taken_port(log_in: LogIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} .* is in use") as caught:
            log_in(ALLOW, port=port)
    assert "--port" in caught.value.hints[0]


def test_no_browser_on_this_machine(
    emulator: Emulator, client_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("webbrowser._tryorder", [])
    with pytest.raises(CredentialsError, match="no browser") as caught:
        login_oauth(client_secrets=client_file, endpoint=emulator.root, timeout=1)
    assert "--no-browser" in caught.value.hints[0]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "5",
        "{}",
        '{"installed": 5}',
        '{"installed": {"client_id": "x"}}',
        "[" * 99999,
    ],
)
@pytest.mark.usefixtures("no_collection")
def test_a_client_file_that_is_none(log_in: LogIn, tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(UsageError, match="is not an OAuth client file") as caught:
        log_in(ALLOW, client_secrets=tmp_path / "other.json")
    assert "desktop client" in caught.value.hints[0]


def test_a_client_file_that_is_not_there(log_in: LogIn, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no OAuth client file named") as caught:
        log_in(ALLOW, client_secrets=tmp_path / "nowhere")
    assert "--client-secrets" in caught.value.hints[0]


def test_addresses_in_a_client_file_are_not_followed(
    log_in: LogIn, client_file: Path, sample: SampleAccount
) -> None:
    config = json.loads(client_file.read_text())
    config["installed"] |= {"auth_uri": "http://evil.invalid/", "token_uri": "http://evil.invalid/"}
    client_file.write_text(json.dumps(config))
    assert log_in(ALLOW).account == sample.email


def test_whose_it_is_can_be_told(log_in: LogIn, emulator: Emulator) -> None:
    emulator.faults = Fault(
        kind=FaultKind.STATUS, path="*/about", status=403, reason="accessNotConfigured", times=None
    )
    with pytest.raises(CredentialsError, match="your account") as caught:
        log_in(ALLOW)
    assert "Google Drive API" in caught.value.hints[0]
    assert "--account" in caught.value.hints[1]
    assert log_in(ALLOW, account="ann@example.org").account == "ann@example.org"
    assert lists_backups(emulator)


def test_several_accounts_side_by_side(
    sample: SampleAccount, tmp_path: Path, log_in: LogIn
) -> None:
    other = tmp_path / "ann"
    (other / "backup").mkdir(parents=True)
    said = {"email": "ann@example.org", "number": "15550101", "clients": []}
    (other / "account.json").write_text(json.dumps(said))
    with Emulator(sample.folder, read_account(other)) as both:
        log_in(ALLOW, endpoint=both.root)
        log_in(decide("allow", "ann@example.org"), endpoint=both.root)
        assert logins.accounts() == ["ann@example.org", sample.email]
        assert whoami().account == "ann@example.org"
        assert whoami("ALEX@Example.org").account == sample.email
        for account in (sample.email, "ann@example.org"):
            assert lists_backups(both, account)
        assert logout(endpoint=both.root) == "ann@example.org"
        assert whoami().account == sample.email
        assert lists_backups(both)
        with pytest.raises(CredentialsError, match=r"no login is stored for ann@example\.org"):
            whoami("ann@example.org")


def test_logging_out_revokes_and_removes(log_in: LogIn, emulator: Emulator, config: Path) -> None:
    login = log_in(ALLOW)
    session, endpoints = open_session(endpoint=emulator.root)
    told: list[str] = []
    assert logout(endpoint=emulator.root, say=told.append) == login.account
    assert told == []
    assert not Path(login.kept_in).exists()
    assert logins.accounts() == []
    assert emulator.counts.requests["/revoke"] == 1
    with pytest.raises(CredentialsError):  # whoever still holds it
        session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()
    leftover = "".join(path.read_text() for path in config.rglob("*") if path.is_file())
    assert str(login.fields["refresh_token"]) not in leftover


@pytest.mark.parametrize("trouble", ["gone", "refuses", "redirects"])
def test_logging_out_removes_even_when_google_does_not_help(
    log_in: LogIn, emulator: Emulator, trouble: str
) -> None:
    log_in(ALLOW)
    if trouble == "gone":
        emulator.close()
    kind = FaultKind.STATUS if trouble == "refuses" else FaultKind.REDIRECT
    emulator.faults = Fault(kind=kind, path="/revoke", location="http://127.0.0.1:1/", times=None)
    told: list[str] = []
    logout(endpoint=emulator.root, say=told.append)
    (line,) = told
    assert "remove its access at https://myaccount.google.com/" in line
    with pytest.raises(CredentialsError, match="not logged in") as caught:
        whoami()
    assert "gdrive-wa login" in caught.value.hints[0]


def test_logging_out_of_nothing() -> None:
    with pytest.raises(CredentialsError, match="not logged in") as caught:
        logout()
    assert "no login to revoke" in caught.value.hints[0]
    with pytest.raises(CredentialsError, match=r"no login is stored for ann@example\.org"):
        logout("ann@example.org")


def test_the_way_through_plain_http_is_closed_again(log_in: LogIn) -> None:
    log_in(ALLOW)
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ
    assert http.client.HTTPConnection.debuglevel == 0
