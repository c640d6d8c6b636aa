"""Signing in through a browser with Google's own library, and signing out."""

from __future__ import annotations

import contextlib
import html
import http.client
import json
import os
import re
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

import pytest

from gdrive_wa.core.errors import CredentialsError, GdriveWaError, NetworkError, UsageError
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
from gdrive_wa.google.naming import UNNAMED
from tests.google.browser import comes_back_with, decide, visit
from tests.google.fixtures import LogIn
from tests.google.scripted import Scripted, answer

ALLOW = decide("allow")
UNVERIFIED = {"client_id": "u.apps.googleusercontent.com", "client_secret": "x", "verified": False}
WEB = {"client_id": "w.apps.googleusercontent.com", "client_secret": "x", "kind": "web"}


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


def test_secrets_are_in_private_files(log_in: LogIn, config: Path) -> None:
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


def test_consent_that_is_not_given_in_time(log_in: LogIn) -> None:
    with pytest.raises(CredentialsError, match="within 1 seconds") as caught:
        log_in(lambda _: None, timeout=1)
    assert "gdrive-wa login" in caught.value.hints[0]


def test_the_hint_covers_errors_in_the_browser_when_nothing_comes_back(log_in: LogIn) -> None:
    with pytest.raises(CredentialsError) as caught:
        log_in(lambda _: None, timeout=1)
    said = " ".join(caught.value.hints)
    for seen in (
        "test users",
        "Google hasn't verified this app",
        "redirect_uri_mismatch",
        "deleted_client",
        "admin_policy_enforced",
        "127.0.0.1",
    ):
        assert seen in said
    assert "Limited Input" not in said


@pytest.fixture
def own_client(tmp_path: Path) -> Callable[..., Path]:
    """A folder with an account that has an OAuth client of its own, with these settings."""

    def make(**settings: object) -> Path:
        (tmp_path / "ann").mkdir()
        said = {"email": "ann@example.org", **settings}
        (tmp_path / "ann" / "account.json").write_text(json.dumps(said))
        return tmp_path / "ann"

    return make


def as_desktop(google: Emulator, folder: Path, **more: object) -> Path:
    (fields,) = google.client_config().values()
    (folder / "client.json").write_text(json.dumps({"installed": {**fields, **more}}))
    return folder / "client.json"


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"testers": []}, 403, ["Access blocked", "Error 403: access_denied"]),
        ({"clients": [WEB]}, 400, ["Error 400: redirect_uri_mismatch"]),
        (
            {"clients": [UNVERIFIED]},
            200,
            ["Google hasn't verified this app", "Advanced", "Go to "],
        ),
        (
            {"clients": [UNVERIFIED], "testers": ["ann@example.org"]},
            200,
            ["Google hasn't verified this app", "Continue"],
        ),
    ],
    ids=["not a test user", "a web client", "not verified", "being tested"],
)
def test_a_page_that_never_redirects_is_named_by_its_own_words(
    log_in: LogIn,
    own_client: Callable[..., Path],
    settings: dict[str, object],
    status: int,
    words: list[str],
) -> None:
    folder = own_client(**settings)
    seen: list[tuple[int, str, str]] = []
    with Emulator(folder) as google, pytest.raises(CredentialsError, match="within 2") as caught:
        log_in(
            lambda url: seen.append(visit(url)),
            endpoint=google.root,
            client_secrets=as_desktop(google, folder),
            timeout=2,
        )
    ((code, _, page),) = seen
    assert code == status
    shown = html.unescape(page)
    (hint,) = (hint for hint in caught.value.hints if words[0] in hint)
    for word in words:
        assert word in shown
        assert word in hint


@pytest.mark.parametrize("testers", [None, ["ann@example.org"]], ids=["published", "tested"])
def test_the_warning_about_the_users_own_app_leads_to_consent(
    log_in: LogIn, own_client: Callable[..., Path], testers: list[str] | None
) -> None:
    """As the README says: Continue, or Advanced and Go to."""

    def understand(url: str) -> None:
        (link,) = re.findall(r'href="(/auth[^"]+)">(?:Continue|Go to )', visit(url)[2])
        decide("allow", "ann@example.org")(urljoin(url, html.unescape(link)))

    extra = {} if testers is None else {"testers": testers}
    folder = own_client(clients=[UNVERIFIED], **extra)
    with Emulator(folder) as google:
        login = log_in(understand, endpoint=google.root, client_secrets=as_desktop(google, folder))
    assert login.account == "ann@example.org"


def test_a_client_without_addresses_may_be_of_a_kind_without_redirects(
    log_in: LogIn, own_client: Callable[..., Path]
) -> None:
    folder = own_client(clients=[WEB])
    with Emulator(folder) as google:
        client = as_desktop(google, folder, redirect_uris=[])
        with pytest.raises(CredentialsError) as caught:
            log_in(lambda _: None, endpoint=google.root, client_secrets=client, timeout=1)
    assert "Limited Input" in caught.value.hints[1]


@pytest.mark.parametrize(
    "answers",
    [{}, {"state": "wrong", "code": "4/anything"}, {"state": "right"}, {"error": "anything"}],
    ids=["nothing", "another state", "no code", "an error without a code"],
)
def test_a_stray_answer_does_not_end_the_sign_in(
    log_in: LogIn, sample: SampleAccount, answers: dict[str, str]
) -> None:
    def wander(url: str) -> None:
        comes_back_with(**answers)(url)
        visit(parse_qs(urlsplit(url).query)["redirect_uri"][0] + "favicon.ico")
        ALLOW(url)

    assert log_in(wander).account == sample.email


def test_answers_of_old_tabs_are_mentioned_at_the_end(log_in: LogIn) -> None:
    with pytest.raises(CredentialsError, match="within 1 seconds") as caught:
        log_in(comes_back_with(state="wrong", code="4/x"), timeout=1)
    assert "close its tabs" in caught.value.hints[1]


@pytest.mark.parametrize(
    ("word", "kind", "hint"),
    [
        ("access_denied", CredentialsError, "test users"),
        ("admin_policy_enforced", CredentialsError, "administrator"),
        ("org_internal", CredentialsError, "External"),
        ("anything_new", CredentialsError, "Desktop app"),
        ("server_error", NetworkError, "few minutes"),
    ],
)
def test_an_error_in_the_redirect_ends_the_wait_with_googles_code(
    log_in: LogIn, word: str, kind: type[Exception], hint: str
) -> None:
    with pytest.raises(kind) as caught:
        log_in(comes_back_with(state="right", error=word))
    assert word in str(caught.value) or "access was denied" in str(caught.value)
    assert hint in " ".join(caught.value.hints)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "said", "message", "hint"),
    [
        (401, {"error": "invalid_client", "error_description": "Unauthorized"},
         r"\(invalid_client\): Unauthorized$", "add a secret"),
        (401, {"error": "disabled_client", "error_description": "It was disabled."},
         r"\(disabled_client\): It was disabled$", "Desktop app"),
        (401, {"error": "deleted_client"}, r"\(deleted_client\)$", "Desktop app"),
        (400, {"error": "redirect_uri_mismatch", "error_description": "Bad Request"},
         r"\(redirect_uri_mismatch\)", "Desktop app"),
        (400, {"error": "admin_policy_enforced"}, "admin_policy_enforced", "administrator"),
        (400, {"error": "invalid_grant", "error_description": "Bad Request"},
         "invalid_grant", "date and time"),
        (400, {"error": "something_new"}, "something_new", "Desktop app"),
        (401, {"error": "INVALID_CLIENT"}, r"\(invalid_client\)", "add a secret"),
        (400, {"error": "invalid_request", "error_description": "client_secret is missing."},
         "client_secret is missing", "add a secret"),
        (400, {"error": {"status": "INVALID_ARGUMENT", "message": "Bad client"}},
         r"\(invalid_argument\): Bad client", "Desktop app"),
    ],
)  # fmt: skip
def test_the_token_endpoints_own_code_is_shown(
    log_in: LogIn, scripted: Scripted, status: int, said: object, message: str, hint: str
) -> None:
    scripted.answers = [answer(json.dumps(said).encode(), status=f"{status} No")]
    with pytest.raises(CredentialsError, match=message) as caught:
        log_in(comes_back_with(state="right", code="4/x"), endpoint=scripted.root)
    assert hint in " ".join(caught.value.hints)
    assert "tabs" not in " ".join(caught.value.hints)
    assert logins.accounts() == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"error": "internal_failure"}'),
        (503, b"<html>"),
        (429, b'{"error": "rate_limit_exceeded"}'),
        (400, b'{"error": "temporarily_unavailable"}'),
    ],
)
def test_a_token_endpoint_that_fails_temporarily(
    log_in: LogIn, scripted: Scripted, status: int, body: bytes
) -> None:
    scripted.answers = [answer(body, status=f"{status} No")]
    with pytest.raises(NetworkError, match="is not working right now") as caught:
        log_in(comes_back_with(state="right", code="4/x"), endpoint=scripted.root)
    assert caught.value.hints == ("try again in a few minutes",)


def test_an_answer_of_the_token_endpoint_that_cannot_be_read(
    log_in: LogIn, scripted: Scripted
) -> None:
    for page in (answer(b"<html>"), answer(b"<html>", status="403 Forbidden")):
        scripted.answers = [page]
        with pytest.raises(NetworkError, match="cannot be read") as caught:
            log_in(comes_back_with(state="right", code="4/x"), endpoint=scripted.root)
        assert "sign-in page of this network" in caught.value.hints[0]


def test_bytes_that_are_not_a_request_are_ignored(log_in: LogIn) -> None:
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


def test_addresses_in_a_client_file_are_not_followed(
    log_in: LogIn, client_file: Path, sample: SampleAccount
) -> None:
    config = json.loads(client_file.read_text())
    config["installed"] |= {"auth_uri": "http://evil.invalid/", "token_uri": "http://evil.invalid/"}
    client_file.write_text(json.dumps(config))
    assert log_in(ALLOW).account == sample.email


API_OFF = Fault(
    kind=FaultKind.STATUS, path="*/drive/v3/*", status=403, reason="accessNotConfigured", times=None
)


def test_the_account_of_a_login_can_be_given(log_in: LogIn, emulator: Emulator) -> None:
    emulator.faults = API_OFF
    assert log_in(ALLOW, account="ann@example.org").account == "ann@example.org"
    assert lists_backups(emulator)


class TestALoginWhoseAccountGoogleDoesNotSay:
    """The Drive API of a new client is off, or fails; the consent is given."""

    def test_is_kept_and_named_by_the_first_command_that_can(
        self, log_in: LogIn, emulator: Emulator, sample: SampleAccount
    ) -> None:
        emulator.faults = API_OFF
        with pytest.raises(CredentialsError, match="your account") as caught:
            log_in(ALLOW, drive=True)
        assert "drive.googleapis.com" in caught.value.hints[0]
        assert "gdrive-wa backups --source drive --folder PATH" in caught.value.hints[-1]
        assert whoami().account == UNNAMED
        assert lists_backups(emulator)
        assert whoami().account == UNNAMED
        emulator.faults = None
        assert lists_backups(emulator)
        assert logins.accounts() == [sample.email]
        assert DRIVE_SCOPE in whoami().scopes

    def test_is_named_with_a_token_that_was_renewed(
        self, log_in: LogIn, emulator: Emulator, sample: SampleAccount
    ) -> None:
        emulator.faults = API_OFF
        with pytest.raises(CredentialsError):
            log_in(ALLOW)
        emulator.faults = None
        emulator.tokens.expire_access()
        assert lists_backups(emulator)
        assert logins.accounts() == [sample.email]

    @pytest.mark.parametrize("account", [None, UNNAMED])
    def test_is_replaced_by_the_next_one(
        self,
        log_in: LogIn,
        emulator: Emulator,
        client_file: Path,
        sample: SampleAccount,
        account: str | None,
    ) -> None:
        emulator.faults = API_OFF
        with pytest.raises(CredentialsError):
            log_in(ALLOW, drive=True)
        client_file.unlink()
        emulator.faults = None
        login = log_in(ALLOW, client_secrets=None, account=account)
        assert logins.accounts() == [login.account] == [sample.email]
        assert (DRIVE_SCOPE in login.scopes) == (account is not None)

    @pytest.mark.parametrize("body", [b"<html>", b'{"user": {}}', b'{"user": 5}'])
    def test_is_kept_whatever_else_is_answered(
        self, log_in: LogIn, scripted: Scripted, body: bytes
    ) -> None:
        token = {"access_token": "ya29.x", "scope": APPDATA_SCOPE, "token_type": "Bearer"}
        scripted.answers = [answer(json.dumps(token).encode()), answer(body)]
        with pytest.raises(GdriveWaError) as caught:
            log_in(comes_back_with(state="right", code="4/x"), endpoint=scripted.root)
        assert "is stored" in caught.value.hints[-1]
        assert logins.accounts() == [UNNAMED]


def test_a_login_that_ended_is_renewed_with_its_own_client(
    log_in: LogIn, emulator: Emulator, client_file: Path, sample: SampleAccount
) -> None:
    """Its file may be anywhere, and is not needed again."""
    log_in(ALLOW, drive=True)
    client_file.unlink()
    emulator.tokens.revoke_all()
    with pytest.raises(CredentialsError) as caught:
        lists_backups(emulator)
    assert caught.value.hints[0].endswith(f"gdrive-wa login --account {sample.email}")
    login = log_in(ALLOW, client_secrets=None, account=sample.email)
    assert set(login.scopes) == {APPDATA_SCOPE, DRIVE_SCOPE}
    assert lists_backups(emulator)


def test_a_login_that_is_renewed_reads_what_it_read_before(
    log_in: LogIn, client_file: Path, config: Path, sample: SampleAccount
) -> None:
    log_in(ALLOW, drive=True)
    client_file.rename(config / "client_secrets.json")
    renewed = log_in(ALLOW, client_secrets=None, account=sample.email)
    assert DRIVE_SCOPE in renewed.scopes
    assert DRIVE_SCOPE not in log_in(ALLOW, client_secrets=None).scopes


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
    lines: list[str] = []
    assert logout(endpoint=emulator.root, say=lines.append) == login.account
    assert lines == []
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
    lines: list[str] = []
    logout(endpoint=emulator.root, say=lines.append)
    (line,) = lines
    assert "remove its access at https://myaccount.google.com/" in line
    with pytest.raises(CredentialsError, match="not logged in") as caught:
        whoami()
    assert "gdrive-wa login" in caught.value.hints[0]


def test_logging_out_without_a_login() -> None:
    with pytest.raises(CredentialsError, match="no login is stored on this machine") as caught:
        logout()
    assert "myaccount.google.com/connections" in caught.value.hints[0]
    with pytest.raises(CredentialsError, match=r"no login is stored for ann@example\.org"):
        logout("ann@example.org")


def test_plain_http_is_forbidden_again_afterwards(log_in: LogIn) -> None:
    log_in(ALLOW)
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ
    assert http.client.HTTPConnection.debuglevel == 0
