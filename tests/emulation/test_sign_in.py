"""Signing in, with the real libraries against the emulator's endpoints."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google_auth_oauthlib.flow import InstalledAppFlow

from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.emulation.story import OWNER_NAME
from gdrive_wa.emulation.tokens import APPDATA

ANDROID_ID = "0123456789abcdef"
WHATSAPP = "38a0f7d505fe18fec64fbf343ecaaaf310dbd799"


@pytest.fixture(autouse=True)
def plain_http_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def flow_of(emulator: Emulator) -> Any:
    return InstalledAppFlow.from_client_config(emulator.client_config(), scopes=[APPDATA])


def answer_page(url: str, decision: str) -> None:
    """A user in a browser: look at the page, press a button."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=10)
        assert APPDATA in page.text
        assert f'value="{decision}"' in page.text
        browser.post(url, data={"decision": decision, "account": "alex@example.org"}, timeout=10)


def sign_in(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], None]
) -> Any:
    """The whole flow; `answer` plays the browser."""
    threads = []

    class Browser:
        def open(self, url: str, **_: Any) -> bool:
            threads.append(threading.Thread(target=answer, args=(url,)))
            threads[0].start()
            return True

    monkeypatch.setattr("webbrowser.get", lambda _=None: Browser())
    try:
        return flow_of(emulator).run_local_server(
            host="127.0.0.1", port=0, open_browser=True, timeout_seconds=120
        )
    finally:
        for thread in threads:
            thread.join()


def about(emulator: Emulator, token: str) -> requests.Response:
    return requests.get(
        f"{emulator.root}/v1/clients/wa/backups",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )


def test_the_real_flow_signs_in_through_the_consent_page(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = sign_in(emulator, monkeypatch, lambda url: answer_page(url, "allow"))
    assert about(emulator, credentials.token).status_code == 200
    assert credentials.refresh_token


def test_the_page_can_answer_itself(sample: SampleAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(sample.folder, auto_consent=True) as emulator:
        credentials = sign_in(emulator, monkeypatch, _visit)
        assert about(emulator, credentials.token).status_code == 200


def _visit(url: str) -> None:
    requests.get(url, timeout=10)


def test_denied_consent_comes_back_as_an_error(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Exception, match="access_denied"):
        sign_in(emulator, monkeypatch, lambda url: answer_page(url, "deny"))


def test_an_expired_token_is_refreshed_and_a_revoked_one_is_not(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = sign_in(emulator, monkeypatch, lambda url: answer_page(url, "allow"))
    first = credentials.token
    emulator.tokens.expire_access()
    assert about(emulator, first).status_code == 401
    credentials.refresh(Request())
    assert credentials.token != first
    assert about(emulator, credentials.token).status_code == 200
    revoked = requests.post(
        f"{emulator.root}/revoke", data={"token": credentials.refresh_token}, timeout=10
    )
    assert revoked.status_code == 200
    assert about(emulator, credentials.token).status_code == 401
    with pytest.raises(RefreshError, match="invalid_grant"):
        credentials.refresh(Request())


def test_a_short_life_ends_by_itself(sample: SampleAccount) -> None:
    with Emulator(sample.folder, auto_consent=True, token_lifetime=0) as emulator:
        token = _token_by_hand(emulator)["access_token"]
        assert about(emulator, token).status_code == 401


def _code_by_hand(emulator: Emulator) -> tuple[str, Any]:
    flow = flow_of(emulator)
    flow.redirect_uri = "http://127.0.0.1:1/"
    url, state = flow.authorization_url()
    answer = requests.get(url, timeout=10, allow_redirects=False)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == [state]
    return query["code"][0], flow


def _exchange(emulator: Emulator, code: str, verifier: str, /, **changed: str) -> requests.Response:
    client = emulator.client_config()["installed"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "redirect_uri": "http://127.0.0.1:1/",
        "code_verifier": verifier,
        **changed,
    }
    return requests.post(f"{emulator.root}/token", data=form, timeout=10)


def _token_by_hand(emulator: Emulator) -> dict[str, Any]:
    code, flow = _code_by_hand(emulator)
    answer = _exchange(emulator, code, flow.code_verifier)
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "another"}, "invalid_grant"),
        ({"client_secret": "another"}, "invalid_client"),
        ({"redirect_uri": "http://127.0.0.1:2/"}, "redirect_uri_mismatch"),
        ({"code": "another"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_exchanged_only_by_the_client_that_requested_it(
    sample: SampleAccount, changed: dict[str, str], error: str
) -> None:
    with Emulator(sample.folder, auto_consent=True) as emulator:
        code, flow = _code_by_hand(emulator)
        answer = _exchange(emulator, code, flow.code_verifier, **changed)
    assert answer.json()["error"] == error
    assert answer.status_code in (400, 401)


def test_a_code_can_be_used_only_once(sample: SampleAccount) -> None:
    with Emulator(sample.folder, auto_consent=True) as emulator:
        code, flow = _code_by_hand(emulator)
        assert _exchange(emulator, code, flow.code_verifier).status_code == 200
        assert _exchange(emulator, code, flow.code_verifier).json()["error"] == "invalid_grant"


def asked_of(emulator: Emulator, **changed: str) -> dict[str, str]:
    return {
        "client_id": str(emulator.client_config()["installed"]["client_id"]),
        "redirect_uri": "http://127.0.0.1:1/",
        "response_type": "code",
        "scope": APPDATA,
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "unknown"}, "Error 401: invalid_client"),
        ({"redirect_uri": "https://example.org/"}, "Error 400: redirect_uri_mismatch"),
        ({"response_type": "token"}, "Error 400: unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "Error 400: invalid_request"),
        ({"scope": ""}, "Error 400: invalid_request"),
    ],
)
def test_an_invalid_request_gets_no_buttons(
    emulator: Emulator, changed: dict[str, str], error: str
) -> None:
    page = requests.get(f"{emulator.root}/auth", params=asked_of(emulator, **changed), timeout=10)
    assert str(page.status_code) == error[6:9]
    assert "Access blocked" in page.text
    assert error in page.text
    assert "<button" not in page.text


def test_an_app_in_testing_lets_in_only_its_test_users(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folders = []
    for name in ("ann", "bea"):
        folder = tmp_path_factory.mktemp(name)
        said = {"email": f"{name}@example.org", "testers": ["ann@example.org"]}
        (folder / "account.json").write_text(json.dumps(said))
        folders.append(folder)
    with Emulator(*folders) as emulator:
        url, asked = f"{emulator.root}/auth", asked_of(emulator)
        assert 'value="allow"' in requests.get(url, params=asked, timeout=10).text
        hinted = {**asked, "login_hint": "bea@example.org"}
        pages = [requests.get(url, params=hinted, timeout=10)]
        form = {"decision": "allow", "account": "bea@example.org"}
        pages.append(requests.post(url, params=asked, data=form, timeout=10))
    for page in pages:
        assert page.status_code == 403
        assert "has not completed the Google verification process" in page.text
        assert "Error 403: access_denied" in page.text


def post(emulator: Emulator, **form: object) -> dict[str, str]:
    """The answer that Play services get for `form`."""
    form = {"google_play_services_version": 240913000, **form}
    text = requests.post(f"{emulator.root}/android/auth", data=form, timeout=10).text
    return dict(line.split("=", 1) for line in text.splitlines())


def exchange(
    emulator: Emulator, cookie: str, email: str = "alex@example.org", proof: str = "null"
) -> dict[str, str]:
    return post(
        emulator,
        ACCESS_TOKEN=1,
        Email=email,
        Token=cookie,
        androidId=ANDROID_ID,
        droidguard_results=proof,
    )


def android_token(
    emulator: Emulator, master: str, android_id: str = ANDROID_ID, client_sig: str = WHATSAPP
) -> dict[str, str]:
    return post(
        emulator,
        Email="alex@example.org",
        EncryptedPasswd=master,
        androidId=android_id,
        service=f"oauth2:{APPDATA}",
        app="com.whatsapp",
        client_sig=client_sig,
    )


def test_a_phone_signs_in_and_gets_whatsapps_token(
    emulator: Emulator, sample: SampleAccount
) -> None:
    cookie = sample.oauth_token.reveal()
    signed_in = exchange(emulator, cookie)
    assert signed_in["Email"] == sample.email
    assert signed_in["firstName"] == OWNER_NAME
    token = android_token(emulator, signed_in["Token"])["Auth"]
    assert about(emulator, token).status_code == 200
    assert exchange(emulator, cookie) == {"Error": "BadAuthentication"}


@pytest.mark.parametrize("proof", ["dummy123", ""])
def test_an_invented_proof_is_refused_and_uses_up_no_cookie(
    emulator: Emulator, sample: SampleAccount, proof: str
) -> None:
    cookie = sample.oauth_token.reveal()
    assert exchange(emulator, cookie, proof=proof) == {"Error": "MissingDroidguard"}
    assert exchange(emulator, cookie)["Token"]


def test_another_app_gets_a_token_that_is_not_whatsapps(
    emulator: Emulator, sample: SampleAccount
) -> None:
    master = exchange(emulator, sample.oauth_token.reveal())["Token"]
    token = android_token(emulator, master, client_sig="0" * 40)["Auth"]
    assert about(emulator, token).status_code == 403


def test_a_master_token_serves_only_its_own_device(
    emulator: Emulator, sample: SampleAccount
) -> None:
    master = exchange(emulator, sample.oauth_token.reveal())["Token"]
    refused = {"Error": "BadAuthentication"}
    assert android_token(emulator, master, "fedcba9876543210") == refused
    assert android_token(emulator, "aas_et/unknown") == refused


def test_an_old_play_services_is_refused(emulator: Emulator) -> None:
    answer = requests.post(
        f"{emulator.root}/android/auth",
        data={"Email": "alex@example.org", "google_play_services_version": "7329000"},
        timeout=10,
    )
    assert (answer.status_code, answer.text) == (403, "Error=ServiceDisabled\n")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ('"managed": true', "DeviceManagementRequiredOrSyncDisabled"),
        ('"browser_first": true', "NeedsBrowser"),
        ('"android_id": "another"', "BadAuthentication"),
        ('"droidguard": "required"', "MissingDroidguard"),
        ('"exchange_error": "AccountDisabled"', "AccountDisabled"),
    ],
)
def test_an_account_can_refuse(
    tmp_path_factory: pytest.TempPathFactory, said: str, error: str
) -> None:
    folder = tmp_path_factory.mktemp("account")
    (folder / "account.json").write_text(
        f'{{"email": "ann@example.org", "oauth_token": "cookie", {said}}}'
    )
    with Emulator(folder) as emulator:
        answer = exchange(emulator, "cookie", "ann@example.org")
    assert answer["Error"] == error
    assert ("Url" in answer) == (error == "NeedsBrowser")


def test_a_cookie_decides_who_signs_in_whatever_address_is_given(
    emulator: Emulator, sample: SampleAccount
) -> None:
    signed_in = exchange(emulator, sample.oauth_token.reveal(), "ann@example.org")
    assert signed_in["Email"] == sample.email


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('"token_error": "ServiceUnavailable"', {"Error": "ServiceUnavailable"}),
        (
            '"whatsapp_never_allowed": true',
            {"issueAdvice": "consent", "Permission": "See its own data in Drive"},
        ),
    ],
)
def test_an_account_can_refuse_access_after_the_sign_in(
    tmp_path_factory: pytest.TempPathFactory, said: str, answer: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("account")
    (folder / "account.json").write_text(
        f'{{"email": "alex@example.org", "oauth_token": "cookie", {said}}}'
    )
    with Emulator(folder) as emulator:
        master = exchange(emulator, "cookie")["Token"]
        assert android_token(emulator, master) == answer


@pytest.mark.parametrize(
    ("client", "error"),
    [
        ({"client_secret": "old"}, "invalid_client"),
        ({"client_id": "unknown"}, "invalid_client"),
        ({}, "disabled_client"),
    ],
)
def test_a_client_that_is_gone_or_has_an_old_secret(
    tmp_path_factory: pytest.TempPathFactory, client: dict[str, str], error: str
) -> None:
    folder = tmp_path_factory.mktemp("account")
    good = {"client_id": "a", "client_secret": "b"}
    disabled = {**good, "error": "disabled_client"}
    (folder / "account.json").write_text(
        json.dumps({"email": "alex@example.org", "clients": [disabled]})
    )
    with Emulator(folder) as emulator:
        form = {"grant_type": "refresh_token", "refresh_token": "x", **good, **client}
        answer = requests.post(f"{emulator.root}/token", data=form, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (401, error)
