"""Signing in as a phone, with every kind of refusal."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from gdrive_wa.core.errors import CredentialsError, NetworkError, UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.android import AndroidSignIn
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.http import Request, Response
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import logins
from gdrive_wa.google.access import open_session
from gdrive_wa.google.login import login_android, logout
from gdrive_wa.google.logins import Login
from gdrive_wa.google.ways import CABLE, WHAT_ANDROID_IS
from tests.google.proxy import Tunnel
from tests.google.scripted import Scripted, answer
from tests.google.tls import TlsFront, make_certificate


def sign_in(scripted: Scripted) -> Login:
    return login_android(
        account="ann@example.org", oauth_token=Secret("oauth2_4/x"), endpoint=scripted.root
    )


@pytest.fixture
def signed_in(emulator: Emulator, sample: SampleAccount) -> Login:
    return login_android(
        account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root
    )


def ask(emulator: Emulator) -> None:
    session, endpoints = open_session(endpoint=emulator.root)
    try:
        assert session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    finally:
        session.close()


@pytest.mark.usefixtures("signed_in")
def test_a_phones_login_opens_whatsapps_entries(emulator: Emulator) -> None:
    ask(emulator)


def test_the_master_token_is_kept_with_its_device_and_nowhere_else(
    signed_in: Login, config: Path
) -> None:
    kept = Path(signed_in.kept_in)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    fields = json.loads(kept.read_text())
    assert set(fields) == {"master_token", "android_id"}
    assert len(fields["android_id"]) == 16
    assert fields["master_token"] not in (config / "accounts.json").read_text()
    assert fields["master_token"] not in repr(signed_in)


def test_an_expired_token_is_fetched_again(signed_in: Login, emulator: Emulator) -> None:
    assert signed_in.provider == "android"
    session, endpoints = open_session(endpoint=emulator.root)
    url = f"{endpoints.backup}/clients/wa/backups"
    assert session.get_json(url, what="the list")
    emulator.tokens.expire_access()
    emulator.counts.clear()
    assert session.get_json(url, what="the list")
    assert emulator.counts.requests["/android/auth"] == 1
    session.close()


@pytest.mark.usefixtures("signed_in")
def test_a_revoked_master_token(emulator: Emulator) -> None:
    emulator.tokens.revoke_all()
    with pytest.raises(CredentialsError, match="has ended") as caught:
        ask(emulator)
    assert caught.value.hints == (
        CABLE,
        "or log in again with: gdrive-wa login --provider android --account alex@example.org",
    )


def test_a_confirmation_that_google_wants_later_on(
    signed_in: Login, scripted: Scripted, config: Path
) -> None:
    assert config.exists()
    body = b"Error=NeedsBrowser\nUrl=https://accounts.google.com/x\n"
    scripted.answers = [answer(body, status="403 Forbidden")]
    session, endpoints = open_session(endpoint=scripted.root)
    with pytest.raises(CredentialsError, match="confirm the sign-in") as caught:
        session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()
    assert caught.value.hints == (
        CABLE,
        "or open https://accounts.google.com/x",
        f"or log in again with: gdrive-wa login --provider android --account {signed_in.account}",
        WHAT_ANDROID_IS,
    )


def test_a_cookie_is_not_wasted(emulator: Emulator, sample: SampleAccount) -> None:
    """The network fails between the master token and the first access token."""
    emulator.faults = Fault(kind=FaultKind.BREAK, path="/android/auth", first=2)
    with pytest.raises(NetworkError) as caught:
        login_android(account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root)
    assert "gdrive-wa backups" in caught.value.hints[-1]
    assert logins.accounts() == [sample.email]
    ask(emulator)


def test_logging_out_says_that_google_still_knows_the_device(
    signed_in: Login, emulator: Emulator
) -> None:
    """The owner of a master token cannot revoke it with the token."""
    lines: list[str] = []
    assert logout(endpoint=emulator.root, say=lines.append) == signed_in.account
    (line,) = lines
    assert "remove it at https://myaccount.google.com/device-activity" in line


def test_a_cookie_can_be_used_only_once(
    signed_in: Login, emulator: Emulator, sample: SampleAccount
) -> None:
    with pytest.raises(CredentialsError, match="does not accept") as caught:
        login_android(
            account=signed_in.account, oauth_token=sample.oauth_token, endpoint=emulator.root
        )
    assert caught.value.hints[0] == CABLE
    assert "fresh oauth_token" in caught.value.hints[1]
    assert "another will not help" in caught.value.hints[1]


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        ("BadAuthentication", "does not accept this sign-in", "EmbeddedSetup"),
        ("NeedsBrowser", "confirm the sign-in in a browser", "https://accounts.google.com/x"),
        ("CaptchaRequired", "asks for a captcha", "wait a day"),
        ("InvalidSecondFactor", "two-step verification", "EmbeddedSetup"),
        ("PostSignInFlowRequired", "has a question", "myaccount.google.com"),
        ("TermsNotAgreed", "not agreed to Google's terms", "myaccount.google.com"),
        ("NotVerified", "is not verified", "myaccount.google.com"),
        ("AccountDisabled", "has disabled this account", "how to appeal"),
        ("AccountDeleted", "was deleted", "how to appeal"),
        ("BadUsername", "does not know this account", "check the address"),
        ("ServiceDisabled", "no longer accepts sign-ins", "update gdrive-wa"),
        ("UNREGISTERED_ON_API_CONSOLE", "no longer accepts this kind", "update gdrive-wa"),
        ("DeviceManagementRequiredOrSyncDisabled", "administrator", "admin.google.com"),
        ("DeviceManagementScreenlockRequired", "administrator", "admin.google.com"),
        ("ThirdPartyDeviceManagementRequired", "administrator", "admin.google.com"),
        ("MissingDroidguard", "only a real phone can give", "a fresh cookie does not help"),
        ("AuthBindingError", "ties this login to another device", "EmbeddedSetup"),
        ("SomethingNew", "refused the sign-in", "wait a day"),
        ("", "without a reason", "wait a day"),
    ],
)
def test_each_refusal_has_googles_code_the_cable_first_and_a_hint(
    scripted: Scripted, error: str, message: str, hint: str
) -> None:
    body = f"Error={error}\nUrl=https://accounts.google.com/x?a=b=c\n".encode()
    scripted.answers = [answer(body, status="403 Forbidden")]
    with pytest.raises(CredentialsError) as caught:
        sign_in(scripted)
    assert message in caught.value.message
    assert f"({error or 'without a reason'})" in caught.value.message
    assert caught.value.hints[0] == CABLE
    assert hint in " ".join(caught.value.hints[1:])
    assert logins.accounts() == []


BAD, PROOF = "does not accept this sign-in", "only a real phone can give"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"error=BadAuthentication\n", BAD),
        (b"Error=badauthentication\n", BAD),
        (b" Error = BAD_AUTHENTICATION \r\n", BAD),
        (b"\xef\xbb\xbfError=BadAuthentication\n", BAD),
        (b'{"error": "BadAuthentication"}', BAD),
        (b'\xef\xbb\xbf {"Error": "MissingDroidguard", "x": 5}', PROOF),
        (b'{"error": {"code": 403, "status": "ACCOUNT_DISABLED"}}', "has disabled this account"),
        (b"Error=MissingDroidGuard\n", PROOF),
        (b"Error=MISSING_DROIDGUARD\n", PROOF),
        (b"Error=InvalidDroidguardResults\n", PROOF),
        (b"Error=BadAuthentication\nInfo=InvalidSecondFactor\n", "two-step verification"),
        (b"Error=BadAuthentication\nInfo=SomethingElse\n", BAD),
        (b"Token=\nError=NotVerified\n", "is not verified"),
    ],
)
def test_a_refusal_is_understood_however_it_is_written(
    scripted: Scripted, body: bytes, message: str
) -> None:
    scripted.answers = [answer(body, status="403 Forbidden")]
    with pytest.raises(CredentialsError, match=message) as caught:
        sign_in(scripted)
    assert ("copy a fresh" in " ".join(caught.value.hints)) == (
        message != PROOF and "has disabled" not in message
    )
    assert len(scripted.asked) == (3 if message == PROOF else 1)


def test_a_refusal_that_was_compressed_is_understood(scripted: Scripted) -> None:
    scripted.answers = [
        answer(
            gzip.compress(b"Error=BadAuthentication\n"),
            status="403 Forbidden",
            Content_Encoding="gzip",
        )
    ]
    with pytest.raises(CredentialsError, match=BAD):
        sign_in(scripted)


def test_an_answer_without_an_account_counts_for_the_requested_one(
    scripted: Scripted,
) -> None:
    for said in (b"", b"Email=\n", b"email= ann@example.org\n"):
        scripted.answers = [answer(b"Token=aas_et/x\n" + said), answer(b"auth=ya29.x\n")]
        assert sign_in(scripted).account == "ann@example.org"


def test_googles_own_sentence_is_shown(scripted: Scripted) -> None:
    said = b"Error=ServiceDisabled\nLoggableAuthErrorMessage=Google Play Services is required.\n"
    scripted.answers = [answer(said, status="403 Forbidden")]
    with pytest.raises(CredentialsError, match=r": Google Play Services is required$"):
        sign_in(scripted)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("503 Service Unavailable", b"Error=ServiceUnavailable\n"),
        ("403 Forbidden", b"Error=Timeout\n"),
        ("403 Forbidden", b"Error=DeviceManagementInternalError\n"),
        ("502 Bad Gateway", b"<html>no</html>"),
        ("429 Too Many Requests", b"Error=SomethingNew\n"),
        ("403 Forbidden", b"Error=SERVICE_UNAVAILABLE\n"),
        ("403 Forbidden", b"Error=TooManyRequests\n"),
    ],
)
def test_a_transient_failure_is_not_called_a_refusal(
    scripted: Scripted, status: str, body: bytes
) -> None:
    scripted.answers = [answer(body, status=status)]
    with pytest.raises(NetworkError, match="is not working right now") as caught:
        sign_in(scripted)
    assert caught.value.hints == ("try again in a few minutes",)
    assert len(scripted.asked) == 1


def test_an_answer_that_never_ends_is_abandoned(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gdrive_wa.google.android._LONGEST_SECONDS", -1.0)
    scripted.answers = [answer(b"Token=aas_et/", Content_Length="60000")]
    with pytest.raises(NetworkError, match="cannot be reached"):
        sign_in(scripted)


def test_an_endless_answer_is_read_up_to_a_limit(scripted: Scripted) -> None:
    scripted.answers = [
        answer(b"Error=BadAuthentication\n" + b"x" * 100_000, Content_Length="9000000")
    ]
    with pytest.raises(CredentialsError, match="BadAuthentication"):
        sign_in(scripted)


def test_a_renewal_that_fails_temporarily_is_repeated(
    signed_in: Login, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gdrive_wa.google.android._PAUSES", (0.0, 0.0))
    failed = answer(b"Error=ServiceUnavailable\n", status="503 Service Unavailable")
    scripted.answers = [failed, failed, answer(b"Auth=ya29.x\n"), answer(b'{"backups": []}')]
    session, endpoints = open_session(account=signed_in.account, endpoint=scripted.root)
    assert session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list") == {
        "backups": []
    }
    session.close()


def test_a_missing_proof_is_tried_in_every_known_form_without_a_new_cookie(
    scripted: Scripted,
) -> None:
    scripted.answers = [answer(b"Error=MissingDroidguard\n", status="403 Forbidden")]
    with pytest.raises(CredentialsError) as caught:
        sign_in(scripted)
    assert "copy a fresh" not in " ".join(caught.value.hints)
    assert len(scripted.asked) == 3


def test_a_form_that_cost_the_cookie_does_not_hide_why_it_was_refused(scripted: Scripted) -> None:
    scripted.answers = [
        answer(b"Error=MissingDroidguard\n", status="403 Forbidden"),
        answer(b"Error=BadAuthentication\n", status="403 Forbidden"),
    ]
    with pytest.raises(CredentialsError, match="MissingDroidguard"):
        sign_in(scripted)
    assert len(scripted.asked) == 2


@pytest.mark.parametrize("accepted", ["null", "absent"])
def test_the_form_that_google_accepts_is_found(tmp_path: Path, accepted: str) -> None:
    said = {"email": "ann@example.org", "oauth_token": "oauth2_4/ann", "droidguard": accepted}
    (tmp_path / "account.json").write_text(json.dumps(said))
    with Emulator(tmp_path) as google:
        login = login_android(
            account="ann@example.org", oauth_token=Secret("oauth2_4/ann"), endpoint=google.root
        )
    assert login.account == "ann@example.org"


def test_a_proof_wanted_for_access_tokens_too_is_answered_in_another_form(
    scripted: Scripted,
) -> None:
    scripted.answers = [
        answer(b"Token=aas_et/x\nEmail=ann@example.org\n"),
        answer(b"Error=MissingDroidguard\n", status="403 Forbidden"),
        answer(b"Auth=ya29.x\n"),
    ]
    assert sign_in(scripted).account == "ann@example.org"


@pytest.mark.parametrize(
    "answered",
    [
        b"issueAdvice=consent\nPermission=x\n",
        b"IssueAdvice=remote_consent\n",
        b"Error=NeedPermission\n",
        b"Error=NEED_REMOTE_CONSENT\n",
    ],
)
def test_an_account_that_never_let_whatsapp_in(scripted: Scripted, answered: bytes) -> None:
    scripted.answers = [answer(b"Token=aas_et/x\nEmail=ann@example.org\n"), answer(answered)]
    with pytest.raises(CredentialsError, match="never given WhatsApp access") as caught:
        sign_in(scripted)
    assert "is it the phone's account?" in caught.value.hints[0]
    assert "later" not in " ".join(caught.value.hints)
    assert logins.accounts() == ["ann@example.org"]


def test_an_address_that_is_not_encrypted_is_not_shown(scripted: Scripted) -> None:
    scripted.answers = [answer(b"Error=NeedsBrowser\nUrl=http://evil.invalid/\n")]
    with pytest.raises(CredentialsError) as caught:
        login_android(
            account="ann@example.org", oauth_token=Secret("oauth2_4/x"), endpoint=scripted.root
        )
    assert "evil" not in " ".join(caught.value.hints)


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"\xff\xfe", b"=", b"Captive=portal"])
def test_an_invalid_answer(scripted: Scripted, body: bytes) -> None:
    scripted.answers = [answer(body)]
    with pytest.raises(NetworkError, match="cannot be read"):
        login_android(
            account="ann@example.org", oauth_token=Secret("oauth2_4/x"), endpoint=scripted.root
        )


@pytest.mark.parametrize("kind", [FaultKind.BREAK, FaultKind.RESET, FaultKind.REDIRECT])
def test_a_network_that_fails(
    emulator: Emulator, sample: SampleAccount, scripted: Scripted, kind: FaultKind
) -> None:
    emulator.faults = Fault(kind=kind, location=f"{scripted.root}/", times=None)
    with pytest.raises(NetworkError, match="cannot be reached") as caught:
        login_android(account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root)
    assert "check the network" in caught.value.hints[0]
    assert scripted.asked == []


def test_a_sign_in_through_a_proxy_reveals_nothing_to_it(
    emulator: Emulator,
    sample: SampleAccount,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not config.exists()
    certificate = make_certificate(tmp_path / "google.pem", address="192.0.2.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with TlsFront(emulator.port, certificate) as front, Tunnel(front.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        login_android(
            account=sample.email, oauth_token=sample.oauth_token, endpoint="https://192.0.2.1"
        )
    assert [line.rpartition(" ")[0] for line in proxy.asked] == ["CONNECT 192.0.2.1:443"] * 2
    assert emulator.counts.requests["/android/auth"] == 2


def test_a_hint_covers_an_unreachable_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(NetworkError, match="cannot be reached") as caught:
        login_android(
            account="ann@example.org",
            oauth_token=Secret("oauth2_4/x"),
            endpoint="https://192.0.2.1",
        )
    assert "HTTPS_PROXY" in caught.value.hints[0]


def test_the_request_equals_that_of_play_services(
    sample: SampleAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, str]] = []
    answering = AndroidSignIn.answer

    def listen(self: AndroidSignIn, request: Request) -> Response:
        sent.append(dict(request.form))
        return answering(self, request)

    monkeypatch.setattr(AndroidSignIn, "answer", listen)
    with Emulator(sample.folder) as emulator:
        login_android(account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root)
    first, second = sent
    assert first.pop("Token") == sample.oauth_token.reveal()
    assert second.pop("EncryptedPasswd").startswith("aas_et/")
    assert first.pop("androidId") == second.pop("androidId")
    both = {
        "accountType": "HOSTED_OR_GOOGLE",
        "Email": sample.email,
        "has_permission": "1",
        "source": "android",
        "device_country": "us",
        "operatorCountry": "us",
        "lang": "en",
        "sdk_version": "28",
        "google_play_services_version": "240913000",
    }
    assert first == {
        **both,
        "add_account": "1",
        "ACCESS_TOKEN": "1",
        "service": "ac2dm",
        "client_sig": "38918a453d07199354f8b19af05ec6562ced5788",
        "callerPkg": "com.google.android.gms",
        "callerSig": "38918a453d07199354f8b19af05ec6562ced5788",
        "droidguard_results": "null",
    }
    assert second == {
        **both,
        "service": "oauth2:https://www.googleapis.com/auth/drive.appdata",
        "app": "com.whatsapp",
        "client_sig": "38a0f7d505fe18fec64fbf343ecaaaf310dbd799",
    }


def test_a_master_token_is_kept_whatever_the_second_answer(scripted: Scripted) -> None:
    """The cookie is spent."""
    scripted.answers = [
        answer(b"Token=aas_et/x\nEmail=ann@example.org\n"),
        answer(b"Error=ServiceDisabled\n", status="403 Forbidden"),
    ]
    with pytest.raises(CredentialsError, match="no longer accepts sign-ins") as caught:
        login_android(
            account="ann@example.org", oauth_token=Secret("oauth2_4/x"), endpoint=scripted.root
        )
    assert "gdrive-wa backups" in caught.value.hints[-1]
    assert logins.accounts() == ["ann@example.org"]


def test_a_new_login_that_is_refused_has_not_ended(scripted: Scripted) -> None:
    scripted.answers = [
        answer(b"Token=aas_et/x\n"),
        answer(b"Error=BadAuthentication\n", status="403 Forbidden"),
    ]
    with pytest.raises(CredentialsError, match="does not accept the new login") as caught:
        sign_in(scripted)
    assert caught.value.hints[0] == CABLE
    assert logins.accounts() == ["ann@example.org"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Ann@Example.org", "ann@example.org"),
        ("ann.lee@gmail.com", "annlee@gmail.com"),
        ("annlee@googlemail.com", "ann.lee@gmail.com"),
    ],
)
def test_an_address_that_google_writes_differently_is_the_same_account(
    scripted: Scripted, asked: str, said: str
) -> None:
    scripted.answers = [
        answer(f"Token=aas_et/x\nEmail={said}\n".encode()),
        answer(b"Auth=ya29.x\n"),
    ]
    login = login_android(account=asked, oauth_token=Secret("oauth2_4/x"), endpoint=scripted.root)
    assert login.account == asked


@pytest.mark.parametrize("said", ["bob@example.org", "ann.lee@example.org", "\x1b[31m"])
def test_a_cookie_of_another_account_is_refused(scripted: Scripted, said: str) -> None:
    scripted.answers = [answer(f"Token=aas_et/x\nEmail={said}\n".encode())]
    with pytest.raises(CredentialsError, match="this cookie belongs to") as caught:
        login_android(
            account="annlee@example.org", oauth_token=Secret("oauth2_4/x"), endpoint=scripted.root
        )
    assert repr(said) in caught.value.message
    assert "--account" in caught.value.hints[0]
    assert logins.accounts() == []


def test_the_emulator_signs_in_whoever_the_cookie_belongs_to(
    emulator: Emulator, sample: SampleAccount
) -> None:
    """As Google does: only the answer reveals a cookie of another account."""
    with pytest.raises(CredentialsError, match=r"this cookie belongs to 'alex@example\.org'"):
        login_android(
            account="ann@example.org", oauth_token=sample.oauth_token, endpoint=emulator.root
        )
    assert logins.accounts() == []


@pytest.mark.parametrize(
    ("account", "cookie"), [("ann", "oauth2_4/x"), ("ann@example.org", "hunter2")]
)
def test_invalid_input_is_not_sent(scripted: Scripted, account: str, cookie: str) -> None:
    with pytest.raises(UsageError):
        login_android(account=account, oauth_token=Secret(cookie), endpoint=scripted.root)
    assert scripted.asked == []


def test_logging_out_forgets_the_master_token(
    signed_in: Login, emulator: Emulator, config: Path
) -> None:
    logout(endpoint=emulator.root)
    leftover = "".join(path.read_text() for path in config.rglob("*") if path.is_file())
    assert str(signed_in.fields["master_token"]) not in leftover
