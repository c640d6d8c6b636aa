"""Which addresses of a database are asked, and when a link is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gdrive_wa.chats.links import MediaLink
from gdrive_wa.core.errors import RefusedError
from gdrive_wa.jobs.missing import address_of, expiry


def link(url: str | None, path: str | None = None) -> MediaLink:
    return MediaLink(
        chat_jid="15550101@s.whatsapp.net",
        message_id="A",
        url=url,
        direct_path=path,
        media_key=bytes(32),
    )


def test_whatsapps_own_hosts_are_asked() -> None:
    assert address_of(link("https://media-ber1-1.cdn.whatsapp.net/v/x?oe=1")) == (
        "https://media-ber1-1.cdn.whatsapp.net/v/x?oe=1"
    )
    assert address_of(link("HTTPS://MMG.WhatsApp.net:443/v/x?a=1")) == (
        "https://mmg.whatsapp.net/v/x?a=1"
    )


def test_a_path_alone_is_asked_of_the_usual_host() -> None:
    assert address_of(link(None, "/v/x?oe=1")) == "https://mmg.whatsapp.net/v/x?oe=1"


def test_a_server_in_their_place_is_asked_for_the_same_path() -> None:
    wanted = "http://127.0.0.1:9/v/x?oe=1"
    assert address_of(link("https://mmg.whatsapp.net/v/x?oe=1"), "http://127.0.0.1:9") == wanted


@pytest.mark.parametrize("root", ["", "http://127.0.0.1:9"])
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://mmg.whatsapp.net/v/x",
        "http://mmg.whatsapp.net/v/x",
        "https://example.org/v/x",
        "https://whatsapp.net.example.org/v/x",
        "https://notwhatsapp.net/v/x",
        "https://mmg.whatsapp.net@example.org/v/x",
        "https://user:pw@mmg.whatsapp.net/v/x",
        "https://mmg.whatsapp.net:22/v/x",
        "https://mmg.whatsapp.net:x/v/x",
        "https://127.0.0.1/v/x",
        "https://[::1]/v/x",
        "https://[::1/v/x",
        "https://169.254.169.254/latest",
        "https://mmg.whatsapp.net//example.org/v/x",
        "https://mmg.whatsapp.net/v/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "no address at all",
    ],
)
def test_nobody_else_is_asked(url: str, root: str) -> None:
    with pytest.raises(RefusedError, match="its link"):
        address_of(link(url), root)


@pytest.mark.parametrize("path", ["v/x", "//example.org/v", ".example.org/", "@example.org/", ""])
def test_a_path_cannot_name_another_host(path: str) -> None:
    with pytest.raises(RefusedError):
        address_of(link(None, path))


def test_oe_is_a_hexadecimal_unix_time() -> None:
    assert expiry("https://mmg.whatsapp.net/v/x?ccb=1&oe=688CDB2A") == datetime(
        2025, 8, 1, 15, 20, 10, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "query", ["", "?oe=", "?oe=zz", "?oe=1&oe=2", "?oe=" + "F" * 40, "?oe=-F" * 9]
)
def test_a_link_that_does_not_say_is_asked_for(query: str) -> None:
    assert expiry(f"https://mmg.whatsapp.net/v/x{query}") is None
