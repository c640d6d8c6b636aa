"""From a stored login to requests: tokens renewed, ended, or given from outside."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from gdrive_wa.core.errors import CredentialsError, NetworkError, UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import logins
from gdrive_wa.google.access import open_session
from gdrive_wa.google.logins import Login
from tests.google.browser import decide
from tests.google.fixtures import LogIn
from tests.google.scripted import Scripted, answer

ALLOW = decide("allow")


def ask(emulator: Emulator, times: int = 1) -> None:
    session, endpoints = open_session(endpoint=emulator.root)
    url = f"{endpoints.backup}/clients/wa/backups"
    try:
        with ThreadPoolExecutor(8) as pool:
            pages = pool.map(lambda _: session.get_json(url, what="the list"), range(times))
            assert all(page["backups"] for page in pages)
    finally:
        session.close()


def test_no_login_is_stored() -> None:
    with pytest.raises(CredentialsError, match="not logged in") as caught:
        open_session()
    assert "gdrive-wa login" in caught.value.hints[0]


def test_a_good_token_is_used_as_it_is(log_in: LogIn, emulator: Emulator) -> None:
    log_in(ALLOW)
    emulator.counts.clear()
    ask(emulator)
    assert emulator.counts.requests["/token"] == 0


def test_an_expired_token_is_renewed_once_for_all_threads_and_kept(
    log_in: LogIn, emulator: Emulator
) -> None:
    before = log_in(ALLOW).fields["token"]
    emulator.tokens.expire_access()
    emulator.counts.clear()
    ask(emulator, times=40)
    assert emulator.counts.requests["/token"] == 1
    after = logins.load()
    assert after.fields["token"] != before
    assert after.expires is not None
    emulator.counts.clear()
    ask(emulator)
    assert emulator.counts.requests["/token"] == 0


def test_a_token_known_to_be_expired_is_not_tried(log_in: LogIn, emulator: Emulator) -> None:
    login = log_in(ALLOW)
    logins.store(replace(login, fields={**login.fields, "expiry": "2020-01-01T00:00:00Z"}))
    emulator.counts.clear()
    ask(emulator)
    assert emulator.counts.statuses[401] == 0
    assert emulator.counts.requests["/token"] == 1


@pytest.mark.parametrize("expiry", [None, "", "soon", 5, []])
def test_an_invalid_stored_time_leads_to_a_new_token(
    log_in: LogIn, emulator: Emulator, expiry: object
) -> None:
    login = log_in(ALLOW)
    logins.store(replace(login, fields={**login.fields, "expiry": expiry}))
    ask(emulator)


def test_a_revoked_login_has_ended(log_in: LogIn, emulator: Emulator) -> None:
    log_in(ALLOW)
    emulator.tokens.revoke_all()
    emulator.counts.clear()
    with pytest.raises(CredentialsError, match=r"login of alex@example\.org has ended") as caught:
        ask(emulator, times=20)
    assert "gdrive-wa login" in caught.value.hints[0]
    assert "7 days" in caught.value.hints[1]
    assert emulator.counts.requests["/token"] == 1


def test_an_oauth_client_that_is_gone(log_in: LogIn, emulator: Emulator) -> None:
    login = log_in(ALLOW)
    fields = {**login.fields, "client_secret": "another", "expiry": None}
    logins.store(replace(login, fields=fields))
    with pytest.raises(CredentialsError, match="no longer exists at Google") as caught:
        ask(emulator)
    assert "invalid_client" in caught.value.message
    assert "Desktop app" in caught.value.hints[0]
    assert "add a secret" in caught.value.hints[1]


def test_an_administrator_who_limits_how_long_a_login_lasts(
    log_in: LogIn, sample: SampleAccount, tmp_path: Path
) -> None:
    shutil.copytree(sample.folder, tmp_path / "limited")
    account = tmp_path / "limited" / "account.json"
    account.write_text(json.dumps({**json.loads(account.read_text()), "reauthenticate": True}))
    with Emulator(tmp_path / "limited") as limited:
        log_in(ALLOW, endpoint=limited.root)
        limited.tokens.expire_access()
        limited.counts.clear()
        with pytest.raises(CredentialsError, match="has ended: the administrator") as caught:
            ask(limited)
    assert caught.value.hints == (f"log in again with: gdrive-wa login --account {sample.email}",)
    assert limited.counts.requests["/token"] == 1


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ({"error": "deleted_client"}, r"no longer exists at Google \(deleted_client\)", "Desktop"),
        ({"error": "admin_policy_enforced"}, "no longer allows this login", "administrator"),
        ({"error": "invalid_rapt"}, "administrator of its Workspace", "login --account"),
        (
            {"error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)"},
            "administrator of its Workspace",
            "login --account",
        ),
        (
            {"error": "INVALID_GRANT", "error_subtype": "RAPT_REQUIRED"},
            "administrator of its Workspace",
            "login --account",
        ),
        ({"error": "INVALID_CLIENT"}, r"no longer exists at Google \(invalid_client\)", "Desktop"),
        ({"error": {"status": "PERMISSION_DENIED"}}, "permission_denied", "login --account"),
        ([{"error": "invalid_grant"}], r"has ended \(invalid_grant\)", "login --account"),
        ({"error": "something_new"}, r"has ended \(something_new\)", "login --account"),
    ],
)
def test_the_end_of_a_login_is_reported_with_googles_code(
    log_in: LogIn, emulator: Emulator, scripted: Scripted, said: object, message: str, hint: str
) -> None:
    log_in(ALLOW)
    emulator.tokens.expire_access()
    refused = json.dumps(said).encode()
    scripted.answers = [answer(status="401 No"), answer(refused, status="400 No")]
    session, endpoints = open_session(endpoint=scripted.root)
    with pytest.raises(CredentialsError, match=message) as caught:
        session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()
    assert hint in " ".join(caught.value.hints)


@pytest.mark.parametrize(
    "page",
    [
        answer(b"<html>", status="400 Bad Request"),
        answer(b"", status="403 Forbidden"),
        answer(b"<html>"),
        answer(b"[]"),
        answer(b"{}"),
    ],
    ids=["refused", "empty", "welcome", "list", "no token"],
)
def test_a_page_in_place_of_the_token_endpoint_is_not_the_end_of_the_login(
    log_in: LogIn, emulator: Emulator, scripted: Scripted, page: bytes
) -> None:
    log_in(ALLOW)
    emulator.tokens.expire_access()
    scripted.answers = [answer(status="401 No"), page]
    session, endpoints = open_session(endpoint=scripted.root)
    with pytest.raises(NetworkError, match="renewal of the login cannot be read") as caught:
        session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()
    assert "sign-in page of this network" in caught.value.hints[0]


@pytest.mark.parametrize("status", [500, 503, 302])
def test_a_token_service_that_fails_is_not_the_end_of_the_login(
    log_in: LogIn, emulator: Emulator, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(ALLOW)
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _: None)
    emulator.tokens.expire_access()
    kind = FaultKind.REDIRECT if status == 302 else FaultKind.STATUS
    emulator.faults = Fault(
        kind=kind, path="/token", status=status, location="http://127.0.0.1:1/", times=None
    )
    with pytest.raises(NetworkError, match="renew the login"):
        ask(emulator)
    emulator.faults = None
    ask(emulator)


def test_a_refresh_token_goes_to_no_other_host(
    log_in: LogIn, emulator: Emulator, scripted: Scripted
) -> None:
    log_in(ALLOW)
    emulator.tokens.expire_access()
    emulator.faults = Fault(
        kind=FaultKind.REDIRECT, path="/token", location=f"{scripted.root}/", times=None
    )
    with pytest.raises(NetworkError):
        ask(emulator)
    assert scripted.asked == []


def test_signing_in_asks_this_machine_through_no_proxy(
    log_in: LogIn, emulator: Emulator, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, scripted.root)
    log_in(ALLOW)
    emulator.tokens.expire_access()
    ask(emulator)
    assert scripted.asked == []


def test_a_renewed_token_that_cannot_be_stored_is_still_used(
    log_in: LogIn, emulator: Emulator, config: Path
) -> None:
    log_in(ALLOW)
    emulator.tokens.expire_access()
    session, endpoints = open_session(endpoint=emulator.root)
    for path in (config / "logins").iterdir():
        path.unlink()
        path.mkdir()  # a folder in its place: nothing can be written there
    url = f"{endpoints.backup}/clients/wa/backups"
    assert session.get_json(url, what="the list")["backups"]
    session.close()


def test_a_login_removed_meanwhile_stays_removed(log_in: LogIn, emulator: Emulator) -> None:
    login = log_in(ALLOW)
    emulator.tokens.expire_access()
    session, endpoints = open_session(endpoint=emulator.root)
    logins.remove(login.account)
    session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()
    assert logins.accounts() == []
    assert not Path(login.kept_in).exists()


@pytest.mark.parametrize(
    "fields",
    [{}, {"refresh_token": "x"}, {"refresh_token": 5, "client_id": "x", "client_secret": "y"}],
)
def test_an_invalid_stored_login(fields: dict[str, object]) -> None:
    logins.store(Login(account="ann@example.org", provider="oauth", fields=fields))
    with pytest.raises(CredentialsError, match="is incomplete") as caught:
        open_session()
    assert "gdrive-wa login" in caught.value.hints[0]


@pytest.mark.parametrize("content", ["", "{", "[]", "5", "[" * 99999, "\x00"])
@pytest.mark.usefixtures("no_collection")
def test_an_invalid_file_of_a_login(log_in: LogIn, content: str) -> None:
    Path(log_in(ALLOW).kept_in).write_text(content)
    with pytest.raises(CredentialsError, match="the stored login"):
        open_session()


def test_a_token_in_the_environment_wins_over_a_stored_login(
    log_in: LogIn, emulator: Emulator, sample: SampleAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(ALLOW)
    emulator.tokens.revoke_all()
    monkeypatch.setenv("GDRIVE_WA_ACCESS_TOKEN", f" {sample.token.reveal()}\n")
    monkeypatch.setenv("GDRIVE_WA_ENDPOINT", emulator.root)
    session, endpoints = open_session()
    assert endpoints.root == emulator.root
    url = f"{endpoints.backup}/clients/wa/backups"
    with pytest.raises(CredentialsError, match="GDRIVE_WA_ACCESS_TOKEN"):  # revoked with the rest
        session.get_json(url, what="the list")
    session.close()


def test_a_token_given_to_the_call_wins_over_the_environment(
    emulator: Emulator, sample: SampleAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDRIVE_WA_ACCESS_TOKEN", "ya29.other")
    session, endpoints = open_session(endpoint=emulator.root, token=sample.token)
    assert session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()


def test_an_endpoint_that_is_not_safe_is_refused_before_a_login_is_read() -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        open_session(endpoint="http://example.org", token=Secret("x"))


@pytest.mark.usefixtures("no_collection")
def test_the_index_of_accounts_may_have_any_content(config: Path) -> None:
    config.mkdir()
    for text in ("", "{", "[]", "5", '{"accounts": 5}', '{"accounts": {"a": 5}}', "[" * 99999):
        (config / "accounts.json").write_text(text)
        assert logins.accounts() == []
    odd = {"accounts": {"a": {"scopes": 5, "expires": [], "kept_in": 7}}, "default": ["a"]}
    (config / "accounts.json").write_text(json.dumps(odd))
    assert logins.accounts() == ["a"]
    with pytest.raises(CredentialsError):
        open_session(account="a")
