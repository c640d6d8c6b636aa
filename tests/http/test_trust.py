"""Certificates, over real TLS: one that nobody vouches for, and one that the user does."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.access import open_session
from gdrive_wa.google.android import exchange
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.session import Session
from gdrive_wa.http.tokens import GivenToken
from gdrive_wa.http.trust import UntrustedError
from tests.google.browser import decide
from tests.google.fixtures import LogIn
from tests.google.tls import TlsFront, make_certificate


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "proxy.pem")


@pytest.fixture
def front(emulator: Emulator, certificate: Path) -> Iterator[TlsFront]:
    """The emulator, seen through a proxy that reads along."""
    with TlsFront(int(emulator.root.rsplit(":", 1)[1]), certificate) as running:
        yield running


def backups_at(root: str) -> str:
    return f"{root}/v1/clients/wa/backups"


def test_who_is_not_trusted_is_asked_once_and_told_of(front: TlsFront, session: Session) -> None:
    with pytest.raises(UntrustedError, match="not trusted: self-signed certificate") as caught:
        session.get_json(backups_at(front.root), what="the list")
    assert front.connections == 1
    assert "date and the time" in caught.value.hints[0]
    assert "SSL_CERT_FILE" in caught.value.hints[2]
    assert caught.value.exit_code == NetworkError.exit_code


@pytest.mark.parametrize(("days", "said"), [(-1, "has expired"), (60, "not yet valid")])
def test_a_certificate_of_another_time(
    emulator: Emulator,
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    said: str,
) -> None:
    certificate = make_certificate(tmp_path / "other.pem", days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        TlsFront(int(emulator.root.rsplit(":", 1)[1]), certificate) as front,
        pytest.raises(UntrustedError, match=said),
    ):
        session.get_json(backups_at(front.root), what="the list")


def test_a_certificate_of_another_server(
    emulator: Emulator, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "other.pem", address="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        TlsFront(int(emulator.root.rsplit(":", 1)[1]), certificate) as front,
        pytest.raises(UntrustedError, match="mismatch"),
    ):
        session.get_json(backups_at(front.root), what="the list")


def test_what_speaks_no_tls_is_asked_once(session: Session) -> None:
    asked: list[bytes] = []

    def answer() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # whoever does not like it may go
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer)
        thread.start()
        url = backups_at(f"https://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(UntrustedError, match="does not speak https") as caught:
            session.get_json(url, what="the list")
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert len(asked) == 1
    assert "--endpoint" in caught.value.hints[0]


class TestWhomTheUserTrusts:
    """The root certificate of a proxy that reads along, in a file of the user's."""

    @pytest.fixture(autouse=True)
    def named(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def test_is_asked(self, front: TlsFront, sample: SampleAccount) -> None:
        session = Session(GivenToken(sample.token))
        try:
            assert session.get_json(backups_at(front.root), what="the list")["backups"]
        finally:
            session.close()

    def test_renews_a_login(self, front: TlsFront, log_in: LogIn, emulator: Emulator) -> None:
        log_in(decide("allow"))
        emulator.tokens.expire_access()
        session, endpoints = open_session(endpoint=front.root)
        try:
            page = session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
        finally:
            session.close()
        assert page["backups"]


class TestSigningIn:
    """The libraries that sign in tell it as we do."""

    def test_renewing(self, front: TlsFront, log_in: LogIn, emulator: Emulator) -> None:
        log_in(decide("allow"))
        emulator.tokens.expire_access()
        session, endpoints = open_session(endpoint=front.root)
        try:
            with pytest.raises(UntrustedError, match="not trusted"):
                session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
        finally:
            session.close()

    @pytest.mark.filterwarnings("ignore:ssl.*is deprecated")  # as gpsoauth makes its own
    def test_as_a_phone(self, front: TlsFront) -> None:
        with pytest.raises(UntrustedError, match="not trusted"):
            exchange("alex@example.org", Secret("oauth2_4/x"), "0" * 16, Endpoints.at(front.root))


def test_the_command_says_it_in_one_line(front: TlsFront, sample: SampleAccount) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gdrive_wa", "backups", "--endpoint", front.root],
        env={"PATH": "", "GDRIVE_WA_ACCESS_TOKEN": sample.token.reveal()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    first, *hints = done.stderr.splitlines()
    assert first.startswith("error: what answers for 127.0.0.1")
    assert [hint.partition(":")[0] for hint in hints] == ["hint"] * 3
