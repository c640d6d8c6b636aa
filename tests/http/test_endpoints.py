"""The address of requests: Google, or one other server that is safe."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import UsageError
from gdrive_wa.http.endpoints import Endpoints


def test_googles_own_addresses_are_all_encrypted() -> None:
    endpoints = Endpoints.at(None)
    assert endpoints == Endpoints.at("") == Endpoints()
    addresses = [value for value in dataclasses.astuple(endpoints) if value]
    assert len(addresses) == 6
    assert all(address.startswith("https://") for address in addresses)
    assert not endpoints.local


@pytest.mark.parametrize(
    "root",
    ["http://127.0.0.1:8000", "http://localhost:1/", "http://[::1]:80", "http://127.9.9.9"],
)
def test_plain_http_on_this_machine(root: str) -> None:
    endpoints = Endpoints.at(root)
    assert endpoints.local
    assert endpoints.drive == f"{root.rstrip('/')}/drive/v3"
    assert endpoints.backup == f"{root.rstrip('/')}/v1"


@pytest.mark.parametrize(
    "root",
    [
        "http://example.org",
        "http://10.0.0.1:8000",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://0.0.0.0:80",
    ],
)
def test_plain_http_anywhere_else_is_refused(root: str) -> None:
    with pytest.raises(UsageError, match="unencrypted") as caught:
        Endpoints.at(root)
    assert "https" in caught.value.hints[0]


def test_https_anywhere() -> None:
    endpoints = Endpoints.at("https://proxy.example.org/google")
    assert endpoints.token == "https://proxy.example.org/google/token"
    assert not endpoints.local


@pytest.mark.parametrize(
    "root",
    [
        "example.org",
        "ftp://127.0.0.1",
        "http://",
        "http://[::1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "https://example.org/?x=1",
        "https://example.org/#x",
        "file:///etc/passwd",
    ],
)
def test_text_that_is_not_an_address(root: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        Endpoints.at(root)


def test_a_password_in_it_is_not_repeated() -> None:
    with pytest.raises(UsageError, match="contains a user name") as caught:
        Endpoints.at("https://ann:hunter2@example.org")
    assert "hunter2" not in str(caught.value)


@given(st.text() | st.text().map("http://".__add__) | st.text().map("https://".__add__))
def test_any_text_is_an_endpoint_or_a_usage_error(root: str) -> None:
    try:
        endpoints = Endpoints.at(root)
    except UsageError:
        return
    assert not root or endpoints.root == root.rstrip("/")
