"""Canaries: secrets appear in no log, output, traceback or repr."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest

from gdrive_wa.core.errors import GdriveWaError
from gdrive_wa.core.model import Secret
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.access import open_session
from gdrive_wa.google.login import login_android, logout
from gdrive_wa.google.logins import load
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from tests.google.browser import Act, comes_back_with, decide
from tests.google.fixtures import LogIn

pytestmark = pytest.mark.filterwarnings(
    "ignore:ssl.SSLContext:DeprecationWarning", "ignore:ssl.PROTOCOL_TLS:DeprecationWarning"
)


class Output:
    """Everything that anyone could read: logs at their most verbose, output, tracebacks."""

    def __init__(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._caplog = caplog
        self._capsys = capsys
        self.seen = ""

    def error(self, error: BaseException) -> None:
        self.seen += "".join(traceback.format_exception(error))
        self.seen += repr(error) + "".join(getattr(error, "hints", ()))

    def everything(self) -> str:
        out, err = self._capsys.readouterr()
        self.seen += out + err
        for record in self._caplog.records:
            if not record.name.startswith("asyncio"):
                self.seen += record.getMessage() + repr(record.args)
        return self.seen


@pytest.fixture
def output(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Output:
    caplog.set_level(logging.DEBUG)
    return Output(caplog, capsys)


def secrets_of(fields: dict[str, object]) -> list[str]:
    names = ("token", "refresh_token", "client_secret", "master_token")
    return [str(fields[name]) for name in names if fields.get(name)]


def test_a_login_from_sign_in_to_logout(log_in: LogIn, emulator: Emulator, output: Output) -> None:
    secrets: list[str] = []
    output.seen += repr(log_in(decide("allow", codes=secrets)))
    secrets += secrets_of(dict(load().fields))
    emulator.tokens.expire_access()
    session, endpoints = open_session(endpoint=emulator.root)
    session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    output.seen += repr(session) + repr(vars(session)) + repr(vars(session._tokens))
    secrets += secrets_of(dict(load().fields))
    session.close()
    output.seen += repr(load()) + json.dumps(load().to_json())
    logout(endpoint=emulator.root)
    seen = output.everything()
    assert len(set(secrets)) == 5  # the code, two access tokens, and what renews them
    assert [secret for secret in secrets if secret in seen] == []


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        (decide("deny"), None),
        (comes_back_with(state="right", code="4/canary-code"), None),
        (comes_back_with(state="wrong", code="4/canary-code"), None),
        (decide("allow"), Fault(kind=FaultKind.STATUS, path="/token", times=None)),
        (decide("allow"), Fault(kind=FaultKind.BREAK, path="/token", times=None)),
        (decide("allow"), Fault(kind=FaultKind.BREAK, path="/token", after=20, times=None)),
        (decide("allow"), Fault(kind=FaultKind.GZIP, path="/token", times=None)),
        (
            decide("allow"),
            Fault(kind=FaultKind.STATUS, path="*/about", status=403, reason="x", times=None),
        ),
    ],
)
def test_a_sign_in_that_fails(
    log_in: LogIn,
    emulator: Emulator,
    client_file: Path,
    output: Output,
    act: Act,
    fault: Fault | None,
) -> None:
    emulator.faults = fault
    try:
        log_in(act, timeout=5 if fault is None else 120)
    except GdriveWaError as error:
        output.error(error)
    seen = output.everything()
    secret = json.loads(client_file.read_text())["installed"]["client_secret"]
    known = emulator.tokens
    issued = [*known._access, *known._refresh, *known._codes, "canary-code", secret]
    assert [each for each in issued if each in seen] == []


def test_renewing_a_revoked_login(log_in: LogIn, emulator: Emulator, output: Output) -> None:
    log_in(decide("allow"))
    secrets = secrets_of(dict(load().fields))
    emulator.tokens.revoke_all()
    session, endpoints = open_session(endpoint=emulator.root)
    with pytest.raises(GdriveWaError) as caught:
        session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
    session.close()
    output.error(caught.value)
    seen = output.everything()
    assert [secret for secret in secrets if secret in seen] == []


def test_the_android_provider(emulator: Emulator, sample: SampleAccount, output: Output) -> None:
    login = login_android(
        account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root
    )
    secrets = [sample.oauth_token.reveal(), *secrets_of(dict(login.fields))]
    for trouble in (None, FaultKind.BREAK, FaultKind.STATUS):
        emulator.faults = Fault(kind=trouble, times=None) if trouble else None
        try:
            login_android(
                account=sample.email, oauth_token=sample.oauth_token, endpoint=emulator.root
            )
        except GdriveWaError as error:
            output.error(error)
    output.seen += repr(login)
    seen = output.everything()
    assert [secret for secret in secrets if secret in seen] == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.STATUS, status=401, times=None),
        Fault(kind=FaultKind.STATUS, status=503, times=None),
        Fault(kind=FaultKind.RESET, times=None),
        Fault(kind=FaultKind.REDIRECT, location="http://127.0.0.1:1/", times=None),
        Fault(kind=FaultKind.REDIRECT, location="nonsense://", times=None),
    ],
)
def test_requests_that_fail(
    emulator: Emulator, sample: SampleAccount, backups: str, output: Output, fault: Fault
) -> None:
    emulator.faults = fault
    session = Session(GivenToken(sample.token), retry_policy=RetryPolicy(attempts=2, base=0.001))
    with pytest.raises(GdriveWaError) as caught:
        session.get_json(backups, what="the list")
    session.close()
    output.error(caught.value)
    assert sample.token.reveal() not in output.everything()


def test_an_invalid_token_is_not_repeated(backups: str, output: Output) -> None:
    session = Session(GivenToken(Secret("canary\ntoken")))
    with pytest.raises(GdriveWaError) as caught:
        session.get_json(backups, what="the list")
    session.close()
    output.error(caught.value)
    assert "canary" not in output.everything()
