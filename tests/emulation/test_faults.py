"""Every fault of the list, seen by a client over real HTTP."""

from __future__ import annotations

import gzip
import json
import socket
import time
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from gdrive_wa.core.errors import UsageError
from gdrive_wa.emulation.faults import Fault, FaultKind, Faults, parse_faults, read_faults
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator

FILES = "/v1/clients/wa/backups/15550100/files"
STORED = "Databases/msgstore.db.crypt15"


@pytest.fixture
def whole(sample: SampleAccount) -> bytes:
    return (sample.folder / "backup" / STORED).read_bytes()


def get(
    emulator: Emulator, client: requests.Session, path: str = f"{FILES}/{STORED}", **headers: str
) -> requests.Response:
    params = {"alt": "media"} if path.startswith(f"{FILES}/") else {}
    return client.get(
        emulator.root + path, params=params, headers=headers, timeout=10, allow_redirects=False
    )


def request_for(token: str) -> bytes:
    return (
        f"GET {FILES}/{STORED}?alt=media HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()


def raw_answer(emulator: Emulator, token: str) -> tuple[bytes, bytes, bool]:
    """Read head, body, and whether the connection ended properly, without an HTTP library."""
    address = urlsplit(emulator.root)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request_for(token))
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            return *received.partition(b"\r\n\r\n")[::2], False
    return *received.partition(b"\r\n\r\n")[::2], True


@pytest.mark.parametrize("after", [0, 1, 1000])
def test_a_stream_breaks_after_the_given_bytes(
    emulator: Emulator, sample: SampleAccount, whole: bytes, after: int
) -> None:
    emulator.faults = Fault(kind=FaultKind.BREAK, after=after)
    head, body, in_order = raw_answer(emulator, sample.token.reveal())
    assert f"Content-Length: {len(whole)}".encode() in head
    assert body == whole[:after]
    assert in_order


def test_a_connection_is_reset(emulator: Emulator, sample: SampleAccount, whole: bytes) -> None:
    emulator.faults = Fault(kind=FaultKind.RESET, after=1000)
    _, body, in_order = raw_answer(emulator, sample.token.reveal())
    assert whole.startswith(body)
    assert not in_order


def test_a_connection_ends_before_any_answer(emulator: Emulator, sample: SampleAccount) -> None:
    emulator.faults = Fault(kind=FaultKind.BREAK)
    assert raw_answer(emulator, sample.token.reveal()) == (b"", b"", True)
    assert emulator.counts.statuses[0] == 1


def test_bytes_are_corrupted_and_the_length_is_right(
    emulator: Emulator, client: requests.Session, whole: bytes
) -> None:
    emulator.faults = Fault(kind=FaultKind.CORRUPT)
    body = get(emulator, client).content
    differing = [
        at for at, (one, other) in enumerate(zip(body, whole, strict=True)) if one != other
    ]
    assert differing == [len(whole) // 2]
    assert get(emulator, client).content == whole


def test_an_entry_changes_between_two_attempts(
    emulator: Emulator, client: requests.Session, whole: bytes
) -> None:
    emulator.faults = Fault(kind=FaultKind.SWAP, first=2, times=None)
    assert get(emulator, client).content == whole
    changed = get(emulator, client).content
    assert len(changed) == len(whole)
    assert changed != whole
    assert get(emulator, client, Range="bytes=100-").content == changed[100:]


def test_a_stall_lasts_as_long_as_given(
    emulator: Emulator, sample: SampleAccount, whole: bytes
) -> None:
    emulator.faults = Fault(kind=FaultKind.STALL, after=1000, seconds=600)
    address = urlsplit(emulator.root)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(request_for(sample.token.reveal()))
        received = b""
        while len(received.partition(b"\r\n\r\n")[2]) < 1000:
            received += connection.recv(65536)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert received.partition(b"\r\n\r\n")[2] == whole[:1000]


def test_a_slow_drip_sends_everything(
    emulator: Emulator, client: requests.Session, whole: bytes
) -> None:
    emulator.faults = Fault(kind=FaultKind.DRIP, size=100, seconds=0.001)
    assert get(emulator, client).content == whole


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 503])
def test_a_status_is_answered_a_given_number_of_times(
    emulator: Emulator, client: requests.Session, whole: bytes, status: int
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, status=status, reason="someReason", times=2)
    for _ in range(2):
        answer = get(emulator, client)
        assert answer.status_code == status
        assert answer.json()["error"]["errors"][0]["reason"] == "someReason"
        assert "Retry-After" not in answer.headers
    assert get(emulator, client).content == whole


def test_retry_after_is_sent(emulator: Emulator, client: requests.Session) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, status=429, retry_after=7)
    assert get(emulator, client).headers["Retry-After"] == "7"


def test_one_file_fails_permanently_and_the_others_do_not(
    emulator: Emulator, client: requests.Session
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, path=f"*{STORED}", status=400, times=None)
    assert [get(emulator, client).status_code for _ in range(5)] == [400] * 5
    assert get(emulator, client, f"{FILES}/Databases/wa.db.crypt15").status_code == 200


def test_faults_in_a_row_follow_each_other(emulator: Emulator, client: requests.Session) -> None:
    emulator.faults = [
        Fault(kind=FaultKind.STATUS, status=500, times=2),
        Fault(kind=FaultKind.STATUS, status=429, times=1),
    ]
    assert [get(emulator, client).status_code for _ in range(4)] == [500, 500, 429, 200]


def test_attempts_are_counted_per_path_unless_across(
    emulator: Emulator, client: requests.Session
) -> None:
    other = f"{FILES}/Databases/wa.db.crypt15"
    emulator.faults = Fault(kind=FaultKind.STATUS, first=2)
    assert [get(emulator, client).status_code, get(emulator, client, other).status_code] == [
        200
    ] * 2
    emulator.faults = Fault(kind=FaultKind.STATUS, first=2, across=True)
    assert [get(emulator, client).status_code, get(emulator, client, other).status_code] == [
        200,
        500,
    ]


def test_only_content_or_only_listings_are_affected(
    emulator: Emulator, client: requests.Session
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, media=True, times=None)
    assert get(emulator, client, FILES).status_code == 200
    assert get(emulator, client).status_code == 500
    emulator.faults = Fault(kind=FaultKind.STATUS, media=False, times=None)
    assert get(emulator, client, FILES).status_code == 500
    assert get(emulator, client).status_code == 200


def test_a_fixed_share_of_the_paths_is_affected(
    emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    def failing(seed: int) -> set[str]:
        rule = Fault(kind=FaultKind.STATUS, share=0.5, times=None)
        emulator.faults = Faults(rules=(rule,), seed=seed)
        names = sorted(sample.stored.values())
        return {name for name in names if not get(emulator, client, f"{FILES}/{name}").ok}

    first = failing(1)
    assert 5 < len(first) < 42
    assert failing(1) == first
    assert failing(2) != first


def test_a_range_is_ignored(emulator: Emulator, client: requests.Session, whole: bytes) -> None:
    emulator.faults = Fault(kind=FaultKind.WHOLE)
    answer = get(emulator, client, Range="bytes=100-")
    assert (answer.status_code, answer.content) == (200, whole)
    assert get(emulator, client, Range="bytes=100-").status_code == 206


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        ("bytes {first}-{last}/*", "bytes 100-{last}/*"),
        ("bytes 0-5/6", "bytes 0-5/6"),
        ("nonsense", "nonsense"),
    ],
)
def test_content_range_is_wrong_or_absent(
    emulator: Emulator,
    client: requests.Session,
    whole: bytes,
    value: str | None,
    sent: str | None,
) -> None:
    emulator.faults = Fault(kind=FaultKind.CONTENT_RANGE, value=value)
    answer = get(emulator, client, Range="bytes=100-")
    expected = None if sent is None else sent.format(last=len(whole) - 1)
    assert answer.status_code == 206
    assert answer.headers.get("Content-Range") == expected
    assert answer.content == whole[100:]


def test_content_length_is_missing(emulator: Emulator, sample: SampleAccount, whole: bytes) -> None:
    emulator.faults = Fault(kind=FaultKind.CONTENT_LENGTH)
    head, body, in_order = raw_answer(emulator, sample.token.reveal())
    assert b"Content-Length" not in head
    assert (body, in_order) == (whole, True)


@pytest.mark.parametrize(("value", "difference"), [("+5", 5), ("-5", -5)])
def test_content_length_is_wrong(
    emulator: Emulator, sample: SampleAccount, whole: bytes, value: str, difference: int
) -> None:
    emulator.faults = Fault(kind=FaultKind.CONTENT_LENGTH, value=value)
    head, body, _ = raw_answer(emulator, sample.token.reveal())
    assert f"Content-Length: {len(whole) + difference}".encode() in head
    assert body == whole


def test_gzip_is_sent_although_identity_was_requested(
    emulator: Emulator, sample: SampleAccount, whole: bytes
) -> None:
    emulator.faults = Fault(kind=FaultKind.GZIP)
    head, body, _ = raw_answer(emulator, sample.token.reveal())
    assert b"Content-Encoding: gzip" in head
    assert gzip.decompress(body) == whole


def test_a_body_is_empty(emulator: Emulator, client: requests.Session) -> None:
    emulator.faults = Fault(kind=FaultKind.EMPTY)
    answer = get(emulator, client)
    assert (answer.status_code, answer.content) == (200, b"")


def test_an_empty_file_refuses_every_range(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text('{"email": "new@example.org", "access_token": "t"}')
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "empty").write_bytes(b"")
    with Emulator(tmp_path) as emulator, requests.Session() as client:
        client.headers["Authorization"] = "Bearer t"
        assert get(emulator, client, f"{FILES}/empty", Range="bytes=0-").status_code == 416
        assert get(emulator, client, f"{FILES}/empty").content == b""


def test_a_redirect_leads_to_another_host(
    emulator: Emulator, client: requests.Session, sample: SampleAccount, whole: bytes
) -> None:
    with Emulator(sample.folder) as other:
        emulator.faults = Fault(kind=FaultKind.REDIRECT, location=f"{other.root}{{path}}")
        location = get(emulator, client).headers["Location"]
        assert location == f"{other.root}{FILES}/{STORED}?alt=media"
        assert client.get(location, timeout=10).content == whole
        assert [served.bearer for served in other.counts.log] == [True]


def test_tokens_expire_in_the_middle(emulator: Emulator, client: requests.Session) -> None:
    emulator.faults = Fault(kind=FaultKind.EXPIRE, first=3)
    assert [get(emulator, client).status_code for _ in range(4)] == [200, 200, 401, 401]


def test_everything_is_revoked_in_the_middle(emulator: Emulator, client: requests.Session) -> None:
    emulator.faults = Fault(kind=FaultKind.REVOKE, first=2)
    assert [get(emulator, client).status_code for _ in range(3)] == [200, 401, 401]


@pytest.mark.parametrize(
    ("service", "size", "md5"), [("v1", "sizeBytes", "md5Hash"), ("drive", "size", "md5Checksum")]
)
def test_entries_of_a_listing_are_edited(
    emulator: Emulator, client: requests.Session, service: str, size: str, md5: str
) -> None:
    path = FILES if service == "v1" else "/drive/v3/files"
    params = {"spaces": "appDataFolder", "fields": "files(name,size,md5Checksum)"}
    emulator.faults = [
        Fault(kind=FaultKind.EDIT, entry="*/wa.db*", drop=(size,), set={md5: "wrong"}),
        Fault(kind=FaultKind.EDIT, entry="*/msgstore.db*", drop=("*",)),
        Fault(kind=FaultKind.DUPLICATE, entry="*backup_settings*"),
    ]
    files = client.get(
        emulator.root + path, params=params if service == "drive" else {}, timeout=10
    ).json()["files"]
    named = [file["name"].rpartition("/")[2] for file in files]
    (changed,) = [file for file in files if file["name"].endswith("wa.db.crypt15")]
    assert size not in changed
    assert changed[md5] == "wrong"
    assert "msgstore.db.crypt15" not in named
    assert named.count("backup_settings.json.crypt15") == 2


def pages(emulator: Emulator, client: requests.Session, most: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None and len(found) < most:
        answer = client.get(
            emulator.root + FILES, params={"pageToken": token} if token else {}, timeout=10
        )
        found.append(answer.json())
        token = found[-1].get("nextPageToken")
    return found


def test_a_page_has_no_files_and_the_next_continues(
    emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    emulator.faults = Fault(kind=FaultKind.EMPTY_PAGE, first=2)
    listed = pages(emulator, client, 10)
    assert [len(page.get("files", ())) for page in listed] == [20, 0, 20, 7]
    assert sum(len(page.get("files", ())) for page in listed) == len(sample.stored)


def test_a_page_token_is_repeated_forever(emulator: Emulator, client: requests.Session) -> None:
    emulator.faults = Fault(kind=FaultKind.REPEAT_PAGE, path="*/files", times=None)
    tokens = [page["nextPageToken"] for page in pages(emulator, client, 6)]
    assert len(tokens) == 6
    assert len(set(tokens)) == 1


def test_delays_and_bandwidth_slow_answers_down(
    emulator: Emulator, client: requests.Session, whole: bytes
) -> None:
    emulator.faults = Faults(delay=0.05, connect_delay=0.1, bandwidth=len(whole) / 0.2)
    begun = time.monotonic()
    get(emulator, client)
    first = time.monotonic() - begun
    get(emulator, client)
    both = time.monotonic() - begun
    assert first >= 0.35
    assert both - first >= 0.25


def test_the_json_form_is_equivalent(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(
        json.dumps(
            {
                "delay": 0.5,
                "seed": 3,
                "faults": [{"kind": "edit", "drop": ["size"], "times": None, "path": "*/files"}],
            }
        )
    )
    faults = read_faults(path)
    assert (faults.delay, faults.seed) == (0.5, 3)
    assert faults.rules == (Fault(kind=FaultKind.EDIT, drop=("size",), times=None, path="*/files"),)


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"delays": 1},
        {"faults": [3]},
        {"faults": [{"kind": "nonsense"}]},
        {"faults": [{"kind": "break", "afterwards": 3}]},
        {"faults": 5},
        {"faults": {"kind": "break"}},
        {"faults": [{"kind": ["break"]}]},
        {"faults": [{"kind": "edit", "drop": 5}]},
        {"faults": [{"kind": "status", "times": "many"}]},
        {"faults": [{"kind": "status", "status": "503"}]},
        {"faults": [{"kind": "stall", "seconds": -1}]},
        {"faults": [{"kind": "drip", "size": 0}]},
        {"delay": "long"},
        {"bandwidth": 0},
        {"seed": {}},
    ],
)
def test_invalid_faults_are_refused(said: object) -> None:
    with pytest.raises(UsageError):
        parse_faults(said)


def test_every_field_of_a_fault_can_be_given_as_json() -> None:
    usual = {
        field.name: getattr(Fault(kind=FaultKind.BREAK), field.name) for field in fields(Fault)
    }
    as_it_is = json.loads(json.dumps(usual))
    (fault,) = parse_faults({"faults": [as_it_is], "bandwidth": None}).rules
    assert fault == Fault(kind=FaultKind.BREAK)


def test_a_subprocess_reads_counts_and_sets_faults_over_http(
    emulator: Emulator, client: requests.Session
) -> None:
    control = f"{emulator.root}/_emulator"
    sent = requests.post(
        f"{control}/faults", json={"faults": [{"kind": "status", "status": 503}]}, timeout=10
    )
    assert sent.status_code == 200
    assert get(emulator, client).status_code == 503
    stats = requests.get(f"{control}/stats", timeout=10).json()
    assert stats["media"] == {f"{FILES}/{STORED}": 1}
    assert stats["statuses"] == {"503": 1}
    assert stats["connections"] == 1
    wrong = requests.post(f"{control}/faults", json={"nonsense": 1}, timeout=10)
    assert wrong.status_code == 400
