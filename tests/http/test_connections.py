"""Connections through the environment's proxy, and direct ones to this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.connections import Connections, proxy_for
from tests.google.scripted import Scripted, answer

FAR = "https://google.invalid/v1/clients/wa/backups"


@pytest.fixture
def once(sample: SampleAccount) -> Iterator[Session]:
    made = Session(GivenToken(sample.token), retry_policy=RetryPolicy(attempts=1))
    yield made
    made.close()


@pytest.fixture
def proxy(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted.answers = [answer(b"", status="502 Bad Gateway")]
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://ann:pass%20word@127.0.0.1:{scripted.port}")
    return scripted


def test_a_request_through_the_proxy_does_not_reveal_the_token(
    once: Session, proxy: Scripted, sample: SampleAccount
) -> None:
    with pytest.raises(NetworkError, match=r"the proxy cannot reach google\.invalid") as caught:
        once.get_json(FAR, what="a page")
    assert "HTTPS_PROXY" in caught.value.hints[0]
    (asked,) = proxy.asked
    assert asked.startswith("CONNECT google.invalid:443")
    assert "Proxy-Authorization: Basic" in asked.title() or "proxy-authorization" in asked.lower()
    assert sample.token.reveal() not in asked


def test_hosts_in_no_proxy_are_asked_directly(
    once: Session, proxy: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "google.invalid")
    with pytest.raises(NetworkError, match="cannot be reached"):
        once.get_json(FAR, what="a page")
    assert proxy.asked == []


@pytest.mark.usefixtures("proxy")
def test_this_machine_is_never_asked_through_a_proxy(
    once: Session, proxy: Scripted, backups: str
) -> None:
    assert once.get_json(backups, what="a page")["backups"]
    assert proxy.asked == []


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "http://[::1", "http://:x"])
def test_a_proxy_that_cannot_be_used(
    once: Session, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(NetworkError, match="proxy") as caught:
        once.get_json(FAR, what="a page")
    assert "HTTPS_PROXY" in caught.value.hints[0]


def test_a_proxy_named_without_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert proxy_for("https", "example.org") == "http://proxy.example:3128"
    assert proxy_for("http", "example.org") == ""
    monkeypatch.setenv("ALL_PROXY", "http://all.example:1")
    assert proxy_for("http", "example.org") == "http://all.example:1"
    assert proxy_for("http", "localhost") == ""


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("", "GET / HTTP/1.1"),
        ("?a=1#part", "GET /?a=1 HTTP/1.1"),
        ("/a%2Bb/c%20d?alt=media", "GET /a%2Bb/c%20d?alt=media HTTP/1.1"),
        ("//two/slashes", "GET //two/slashes HTTP/1.1"),
    ],
)
def test_a_host_is_asked_for_path_and_query_alone(
    scripted: Scripted, address: str, asked: str
) -> None:
    scripted.answers = [answer(b"{}")]
    connections = Connections(1)
    url = f"http://127.0.0.1:{scripted.port}{address}"
    connections.request("GET", url, body=None, headers={}).close()
    connections.close()
    assert scripted.asked[0].splitlines()[0] == asked
