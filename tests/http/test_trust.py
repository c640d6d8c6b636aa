"""Certificates, over real TLS: an untrusted one, and one that the user trusts."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import truststore
from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.access import open_session
from gdrive_wa.google.android import exchange
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.connections import Connections
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.trust import UntrustedError, trust, trust_like_a_phone
from tests.google.browser import decide
from tests.google.fixtures import LogIn
from tests.google.tls import TlsFront, make_certificate


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "proxy.pem")


@pytest.fixture
def front(emulator: Emulator, certificate: Path) -> Iterator[TlsFront]:
    """The emulator behind a proxy that intercepts TLS."""
    with TlsFront(int(emulator.root.rsplit(":", 1)[1]), certificate) as running:
        yield running


def backups_at(root: str) -> str:
    return f"{root}/v1/clients/wa/backups"


def test_an_untrusted_server_is_asked_once_and_reported(front: TlsFront, session: Session) -> None:
    with pytest.raises(UntrustedError, match="not trusted: self-signed certificate") as caught:
        session.get_json(backups_at(front.root), what="the list")
    assert front.connections == 1
    assert "date and time" in caught.value.hints[0]
    assert "SSL_CERT_FILE" in caught.value.hints[2]
    assert caught.value.exit_code == NetworkError.exit_code


@pytest.mark.parametrize(("days", "said"), [(-1, "has expired"), (60, "not yet valid")])
def test_a_certificate_that_is_not_valid_now(
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


def test_a_server_without_tls_is_asked_once(session: Session) -> None:
    asked: list[bytes] = []

    def answer() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # the client may hang up
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer)
        thread.start()
        url = backups_at(f"https://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(UntrustedError, match="does not answer over https") as caught:
            session.get_json(url, what="the list")
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert len(asked) == 1
    assert "--endpoint" in caught.value.hints[0]


class TestWhomTheUserTrusts:
    """The root certificate of an intercepting proxy, in a file of the user's."""

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
    """The sign-in libraries report the same error as we do."""

    def test_renewing(self, front: TlsFront, log_in: LogIn, emulator: Emulator) -> None:
        log_in(decide("allow"))
        emulator.tokens.expire_access()
        session, endpoints = open_session(endpoint=front.root)
        try:
            with pytest.raises(UntrustedError, match="not trusted"):
                session.get_json(f"{endpoints.backup}/clients/wa/backups", what="the list")
        finally:
            session.close()

    def test_as_a_phone_with_a_certificate_that_is_trusted(
        self,
        front: TlsFront,
        sample: SampleAccount,
        certificate: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert exchange(sample.email, sample.oauth_token, "0" * 16, Endpoints.at(front.root))

    def test_as_a_phone(self, front: TlsFront) -> None:
        with pytest.raises(UntrustedError, match="not trusted"):
            exchange("alex@example.org", Secret("oauth2_4/x"), "0" * 16, Endpoints.at(front.root))


class Hello:
    """Accepts one connection, as a server or as a proxy, and records the numbers of the extensions
    in the first TLS message."""

    def __init__(self) -> None:
        self.extensions: list[int] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def heard(self) -> list[int]:
        self._thread.join(20)
        self._listening.close()
        return self.extensions

    def _listen(self) -> None:
        connection, _ = self._listening.accept()
        with connection, connection.makefile("rb") as stream:
            first = stream.read(5)
            if first.startswith(b"CONN"):
                while stream.readline() != b"\r\n":
                    pass
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                first = stream.read(5)
            self.extensions = extensions_of(stream.read(int.from_bytes(first[3:], "big")))


def extensions_of(hello: bytes) -> list[int]:
    """By RFC 8446, section 4.1.2."""
    at = 4 + 2 + 32
    for width in (1, 2, 1):  # session, ciphers, compression
        at += width + int.from_bytes(hello[at : at + width], "big")
    end, at, found = at + 2 + int.from_bytes(hello[at : at + 2], "big"), at + 2, []
    while at < end:
        found.append(int.from_bytes(hello[at : at + 2], "big"))
        at += 4 + int.from_bytes(hello[at + 2 : at + 4], "big")
    return found


class TestTheFirstMessage:
    """Google refuses the sign-in of a phone if its first TLS message is that of a library."""

    PROTOCOLS, TICKET = 16, 35

    def sign_in(self, root: str) -> None:
        with pytest.raises(NetworkError):
            exchange("alex@example.org", Secret("oauth2_4/x"), "0" * 16, Endpoints.at(root))

    def test_of_a_sign_in_offers_no_protocols_and_asks_for_a_ticket(self) -> None:
        hello = Hello()
        self.sign_in(f"https://{hello.address}")
        heard = hello.heard()
        assert self.TICKET in heard
        assert self.PROTOCOLS not in heard

    def test_is_the_same_through_a_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hello = Hello()
        monkeypatch.setenv("HTTPS_PROXY", f"http://{hello.address}")
        self.sign_in("https://google.invalid")
        heard = hello.heard()
        assert self.TICKET in heard
        assert self.PROTOCOLS not in heard

    def test_of_other_requests_is_that_of_the_library(self) -> None:
        hello, connections = Hello(), Connections(1)
        with pytest.raises(HTTPError):
            connections.request("GET", f"https://{hello.address}/", body=None, headers={})
        connections.close()
        assert self.PROTOCOLS in hello.heard()


def test_a_missing_certificate_file_is_ignored(
    front: TlsFront, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    with pytest.raises(UntrustedError, match="not trusted"):
        session.get_json(backups_at(front.root), what="the list")


class TestWhereTheSystemItselfIsAsked:
    """On Windows and macOS: the system's check is simulated by that of Linux, all else is real."""

    @pytest.fixture(autouse=True)
    def elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gdrive_wa.http.trust.sys.platform", "darwin")

    def test_each_context_is_truststores(self) -> None:
        for made in (trust(), trust_like_a_phone()):
            assert isinstance(made, truststore.SSLContext)

    def test_the_named_file_is_loaded_in_addition(
        self, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        for made in (trust(), trust_like_a_phone()):
            (only,) = vars(made)["_ctx"].get_ca_certs()
            assert only["subject"] == ((("commonName", "a company's proxy"),),)

    def test_a_session_and_a_sign_in_trust_it(
        self,
        front: TlsFront,
        sample: SampleAccount,
        certificate: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        session = Session(GivenToken(sample.token))
        assert session.get_json(backups_at(front.root), what="the list")["backups"]
        session.close()
        assert exchange(sample.email, sample.oauth_token, "0" * 16, Endpoints.at(front.root))

    def test_and_nothing_else(self, front: TlsFront, session: Session) -> None:
        with pytest.raises(UntrustedError, match="not trusted"):
            session.get_json(backups_at(front.root), what="the list")
        with pytest.raises(UntrustedError, match="not trusted"):
            exchange("alex@example.org", Secret("x"), "0" * 16, Endpoints.at(front.root))

    def test_the_first_message_of_a_sign_in_is_a_phones(self) -> None:
        hello = Hello()
        with pytest.raises(NetworkError):
            exchange(
                "a@example.org", Secret("x"), "0" * 16, Endpoints.at(f"https://{hello.address}")
            )
        heard = hello.heard()
        assert TestTheFirstMessage.TICKET in heard
        assert TestTheFirstMessage.PROTOCOLS not in heard


def test_on_linux_a_connection_does_not_read_all_certificates_again() -> None:
    assert type(trust()) is ssl.SSLContext
    assert not isinstance(trust_like_a_phone(), truststore.SSLContext)


def test_the_command_reports_it_in_one_line(front: TlsFront, sample: SampleAccount) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gdrive_wa", "backups", "--endpoint", front.root],
        env={"PATH": "", "GDRIVE_WA_ACCESS_TOKEN": sample.token.reveal()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    first, *hints = done.stderr.splitlines()
    assert first.startswith("error: the certificate of 127.0.0.1")
    assert [hint.partition(":")[0] for hint in hints] == ["hint"] * 3
