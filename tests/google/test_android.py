"""Signing in as a phone does, through gpsoauth, with every way in which Google says no."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import gpsoauth
import pytest

from gdrive_wa.core.errors import CredentialsError, NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google import logins
from gdrive_wa.google.access import open_session
from gdrive_wa.google.login import login_android, logout
from gdrive_wa.google.logins import Login
from tests.google.scripted import Scripted, answer

# gpsoauth makes its SSL context the old way
pytestmark = pytest.mark.filterwarnings(
    "ignore:ssl.SSLContext:DeprecationWarning", "ignore:ssl.PROTOCOL_TLS:DeprecationWarning"
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
        "log in again with: gdrive-wa login --provider android --account alex@example.org",
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
        "open https://accounts.google.com/x",
        f"log in again with: gdrive-wa login --provider android --account {signed_in.account}",
    )


def test_a_cookie_is_not_spent_for_nothing(emulator: Emulator, sample: SampleAccount) -> None:
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
    """A master token cannot be revoked by whoever holds it."""
    told: list[str] = []
    assert logout(endpoint=emulator.root, say=told.append) == signed_in.account
    (line,) = told
    assert "remove it at https://myaccount.google.com/device-activity" in line


def test_a_cookie_is_good_once(signed_in: Login, emulator: Emulator, sample: SampleAccount) -> None:
    with pytest.raises(CredentialsError, match="does not accept") as caught:
        login_android(
            account=signed_in.account, oauth_token=sample.oauth_token, endpoint=emulator.root
        )
    assert "fresh oauth_token" in caught.value.hints[0]


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        ("BadAuthentication", "does not accept", "EmbeddedSetup"),
        ("NeedsBrowser", "confirm the sign-in in a browser", "https://accounts.google.com/x"),
        ("ServiceDisabled", "has closed this way in", "update gdrive-wa"),
        ("DeviceManagementRequiredOrSyncDisabled", "administrator", "administrator"),
        ("SomethingNew", "refused the sign-in (SomethingNew)", "EmbeddedSetup"),
        ("", "without a reason", "EmbeddedSetup"),
    ],
)
def test_each_refusal_tells_what_to_do(
    scripted: Scripted, error: str, message: str, hint: str
) -> None:
    body = f"Error={error}\nUrl=https://accounts.google.com/x?a=b=c\n".encode()
    scripted.answers = [answer(body, status="403 Forbidden")]
    with pytest.raises(CredentialsError) as caught:
        login_android(
            account="ann@example.org", oauth_token=Secret("cookie"), endpoint=scripted.root
        )
    assert message in caught.value.message
    assert hint in " ".join(caught.value.hints)
    assert logins.accounts() == []


def test_an_address_that_is_not_encrypted_is_not_shown(scripted: Scripted) -> None:
    scripted.answers = [answer(b"Error=NeedsBrowser\nUrl=http://evil.invalid/\n")]
    with pytest.raises(CredentialsError) as caught:
        login_android(account="a@example.org", oauth_token=Secret("x"), endpoint=scripted.root)
    assert "evil" not in " ".join(caught.value.hints)


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"\xff\xfe", b"=", b"Captive=portal"])
def test_an_answer_that_makes_no_sense(scripted: Scripted, body: bytes) -> None:
    scripted.answers = [answer(body)]
    with pytest.raises(NetworkError, match="makes no sense"):
        login_android(account="a@example.org", oauth_token=Secret("x"), endpoint=scripted.root)


@pytest.mark.parametrize("kind", [FaultKind.BREAK, FaultKind.RESET, FaultKind.REDIRECT])
def test_a_network_that_fails(
    emulator: Emulator, sample: SampleAccount, scripted: Scripted, kind: FaultKind
) -> None:
    emulator.faults = Fault(kind=kind, location=f"{scripted.root}/", times=None)
    with pytest.raises(NetworkError, match="cannot be reached") as caught:
        login_android(account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root)
    assert "check the network" in caught.value.hints[0]
    assert scripted.asked == []


@pytest.mark.usefixtures("signed_in")
def test_the_library_is_left_as_it_was() -> None:
    assert gpsoauth.AUTH_URL == "https://android.clients.google.com/auth"
    assert gpsoauth.requests.__name__ == "requests"  # type: ignore[attr-defined]


def test_logging_out_forgets_the_master_token(
    signed_in: Login, emulator: Emulator, config: Path
) -> None:
    logout(endpoint=emulator.root)
    leftover = "".join(path.read_text() for path in config.rglob("*") if path.is_file())
    assert str(signed_in.fields["master_token"]) not in leftover
