from __future__ import annotations

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from gdrive_wa.core.errors import NetworkError, UsageError
from gdrive_wa.emulation.bulk import make_bulk
from gdrive_wa.emulation.faults import Faults
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator

FILES = "/v1/clients/wa/backups/15550100/files"


def exchange(emulator: Emulator, raw: bytes) -> bytes:
    """The server's answer to `raw`; it may cut off a refused request before it has read all."""
    address = urlsplit(emulator.root)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        with suppress(ConnectionError):
            connection.sendall(raw)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                received += piece
    return received


def test_a_connection_is_kept(emulator: Emulator, client: requests.Session) -> None:
    for _ in range(5):
        client.get(f"{emulator.root}/v1/clients/wa/backups", timeout=10)
    assert emulator.counts.connections == 1
    assert emulator.counts.requests["/v1/clients/wa/backups"] == 5


def test_many_connections_at_once_each_get_their_own_bytes(tmp_path: Path) -> None:
    bulk = make_bulk(tmp_path, count=200, size=20_000)
    stored = {
        path.relative_to(tmp_path / "backup").as_posix(): path.read_bytes()
        for path in (tmp_path / "backup").rglob("*.opus")
    }
    headers = {"Authorization": f"Bearer {bulk.token.reveal()}"}
    with (
        Emulator(bulk.folder, faults=Faults(delay=0.01)) as emulator,
        urllib3.PoolManager(maxsize=64, headers=headers) as pool,
        ThreadPoolExecutor(64) as workers,
    ):

        def fetch(name: str) -> bytes:
            return pool.request("GET", f"{emulator.root}{FILES}/{name}?alt=media").data

        names = [name.replace(" ", "%20") for name in stored]
        assert dict(zip(stored, workers.map(fetch, names), strict=True)) == stored
        assert emulator.counts.connections <= 64
        assert emulator.counts.bytes_sent(f"{FILES}/*") == 200 * 20_000
        assert emulator.counts.request_count(f"{FILES}/*") == 200


def test_requests_in_one_go_are_answered_in_order(emulator: Emulator) -> None:
    answer = exchange(
        emulator, b"GET /nothing HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    )
    first, second = answer.index(b"404 Not Found"), answer.index(b"200 OK")
    assert first < second


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort",
        b"POST /token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
def test_input_that_is_not_a_request_is_refused_and_others_are_still_served(
    emulator: Emulator, raw: bytes
) -> None:
    assert exchange(emulator, raw).startswith(b"HTTP/1.1 400 ")
    assert requests.get(emulator.root, timeout=10).status_code == 200


def test_half_a_request_is_ignored(emulator: Emulator) -> None:
    assert exchange(emulator, b"GET / HT") == b""


def test_only_reading_is_emulated(emulator: Emulator, client: requests.Session) -> None:
    answer = client.post(f"{emulator.root}/drive/v3/files", timeout=10)
    assert answer.status_code == 405


def test_a_taken_port_is_reported(emulator: Emulator, sample: SampleAccount) -> None:
    with (
        pytest.raises(NetworkError, match="cannot listen"),
        Emulator(sample.folder, port=emulator.port),
    ):
        pass


def test_an_emulator_needs_an_account() -> None:
    with pytest.raises(UsageError):
        Emulator()


def test_closing_cuts_what_is_open_and_ends_waiting(sample: SampleAccount) -> None:
    with Emulator(sample.folder) as emulator:
        address = urlsplit(emulator.root)
        connection = socket.create_connection((address.hostname, address.port), timeout=10)
        requests.get(emulator.root, timeout=10)
        waiting = threading.Thread(target=emulator.wait)
        waiting.start()
        emulator.close()
        waiting.join(60)
        assert not waiting.is_alive()
    with connection:
        assert connection.recv(1) == b""


def test_a_second_account_is_signed_in_by_its_own_token(
    sample: SampleAccount, tmp_path: Path
) -> None:
    (tmp_path / "account.json").write_text(
        '{"email": "ann@example.org", "number": "15550199", "access_token": "anns"}'
    )
    (tmp_path / "backup").mkdir()
    with Emulator(sample.folder, tmp_path) as emulator:
        listed = requests.get(
            f"{emulator.root}/v1/clients/wa/backups",
            headers={"Authorization": "Bearer anns"},
            timeout=10,
        ).json()
    assert [backup["name"] for backup in listed["backups"]] == ["clients/wa/backups/15550199"]


def test_nothing_heavy_is_imported_for_it() -> None:
    script = """
import sys, gdrive_wa.emulation.server
heavy = ("requests", "googleapiclient", "google.auth", "click", "rich")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
