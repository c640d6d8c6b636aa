"""WhatsApp's servers: which addresses of a database are used, and which content is accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.core.errors import ChecksumError, GoneError, NetworkError, RefusedError
from gdrive_wa.core.model import MediaLink
from gdrive_wa.crypt.media import enc_size
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.sources.whatsapp import WhatsAppServers, address_of, expiry, stored_name, url_of
from tests.sources.conftest import QUICK
from tests.sources.places import media_links


def link(url: str | None, path: str | None = None) -> MediaLink:
    return MediaLink(
        chat_jid="15550101@s.whatsapp.net",
        message_id="A",
        url=url,
        direct_path=path,
        media_key=bytes(32),
    )


def test_whatsapps_own_hosts_are_asked() -> None:
    assert address_of(url_of(link("https://media-ber1-1.cdn.whatsapp.net/v/x?oe=1"))) == (
        "https://media-ber1-1.cdn.whatsapp.net/v/x?oe=1"
    )
    assert address_of(url_of(link("HTTPS://MMG.WhatsApp.net:443/v/x?a=1"))) == (
        "https://mmg.whatsapp.net/v/x?a=1"
    )


def test_a_path_alone_is_asked_of_the_usual_host() -> None:
    assert address_of(url_of(link(None, "/v/x?oe=1"))) == "https://mmg.whatsapp.net/v/x?oe=1"


def test_a_replacement_server_is_asked_for_the_same_path() -> None:
    wanted = "http://127.0.0.1:9/v/x?oe=1"
    assert (
        address_of(url_of(link("https://mmg.whatsapp.net/v/x?oe=1")), "http://127.0.0.1:9")
        == wanted
    )


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
def test_no_other_host_is_asked(url: str, root: str) -> None:
    with pytest.raises(RefusedError, match="its link"):
        address_of(url_of(link(url)), root)


@pytest.mark.parametrize("path", ["v/x", "//example.org/v", ".example.org/", "@example.org/", ""])
def test_a_path_cannot_name_another_host(path: str) -> None:
    with pytest.raises(RefusedError):
        address_of(url_of(link(None, path)))


def test_oe_is_a_hexadecimal_unix_time() -> None:
    assert expiry(link("https://mmg.whatsapp.net/v/x?ccb=1&oe=688CDB2A")) == datetime(
        2025, 8, 1, 15, 20, 10, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "query", ["", "?oe=", "?oe=zz", "?oe=1&oe=2", "?oe=" + "F" * 40, "?oe=-F" * 9]
)
def test_a_link_without_an_expiry_is_requested(query: str) -> None:
    assert expiry(link(f"https://mmg.whatsapp.net/v/x{query}")) is None


def test_a_copy_without_a_hash_is_named_after_its_message() -> None:
    one = link(None, "/v/x")
    assert stored_name(replace(one, enc_sha256="0a" * 32)) == f"whatsapp.net/{'0a' * 32}.enc"
    named = {
        stored_name(one),
        stored_name(replace(one, message_id="../B")),
        stored_name(replace(one, chat_jid="15550102@s.whatsapp.net")),
    }
    assert len(named) == 3
    assert all(name.count("/") == 1 and ".." not in name for name in named)


def test_the_size_of_a_copy_follows_from_that_of_its_content() -> None:
    assert [enc_size(size) for size in (1, 15, 16, 17)] == [26, 26, 42, 42]
    unsized, sized = link(None, "/v/a"), replace(link(None, "/v/b"), message_id="B", size=16)
    with_size, without = WhatsAppServers([sized]), WhatsAppServers([unsized, sized])
    assert [backup.size for backup in with_size.backups() + without.backups()] == [42, None]
    assert [entry.size for entry in without.entries(without.backups()[0])] == [None, 42]
    assert list(without.entries(replace(without.backups()[0], name="another"))) == []


def test_links_to_the_same_copy_are_one_entry() -> None:
    one = replace(link(None, "/v/a"), enc_sha256="0a" * 32)
    source = WhatsAppServers([one, replace(one, message_id="B", direct_path="/v/b")])
    (entry,) = source.entries(source.backups()[0])
    assert entry.locator == "https://mmg.whatsapp.net/v/a"
    assert "/v/a" not in repr(entry)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (503, NetworkError, "do not work now"),
        (410, GoneError, "no longer store it"),
        (400, RefusedError, "answered 400"),
    ],
)
def test_each_error_status_has_an_error_of_its_own(
    status: int, error: type[Exception], said: str, tmp_path: Path
) -> None:
    links, _ = media_links(tmp_path / "account")
    with Emulator(tmp_path / "account") as emulator:
        emulator.faults = Fault(kind=FaultKind.STATUS, path="/v/*", times=None, status=status)
        source = WhatsAppServers(links, emulator.root, retry_policy=QUICK)
        with pytest.raises(error, match=said):
            source.open(next(source.entries(source.backups()[0])))
        assert emulator.counts.request_count("/v/*") == (
            QUICK.attempts if error is NetworkError else 1
        )
        source.close()


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_a_copy_longer_than_declared_is_not_read_to_its_end(tmp_path: Path, declared: bool) -> None:
    links, stored = media_links(tmp_path / "account")
    with Emulator(tmp_path / "account") as emulator:
        if not declared:
            emulator.faults = Fault(kind=FaultKind.CONTENT_LENGTH, path="/v/*", times=None)
        source = WhatsAppServers(
            [replace(links[-1], size=10_000)], emulator.root, retry_policy=QUICK
        )
        (entry,) = source.entries(source.backups()[0])
        came = 0

        def read_all() -> None:
            nonlocal came
            with source.open(entry) as stream:
                while piece := stream.read(1_000):
                    came += len(piece)

        with pytest.raises(ChecksumError, match="more than the database promises"):
            read_all()
        assert came <= 10_026 < len(stored[entry.stored_as])
        assert bool(came) is not declared
        source.close()
