from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from gdrive_wa.crypt.envelope import open_envelope, read_file_metadata
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.emulation.sample import PAGE_SIZE, SampleAccount
from gdrive_wa.emulation.server import Emulator

BACKUP = "clients/wa/backups/15550100"


def every_file(client: requests.Session, emulator: Emulator) -> list[dict[str, Any]]:
    files, token = [], None
    while True:
        page = client.get(
            f"{emulator.root}/v1/{BACKUP}/files", params={"pageToken": token} if token else {}
        ).json()
        assert len(page["files"]) <= PAGE_SIZE
        files += page["files"]
        token = page.get("nextPageToken")
        if token is None:
            return files


def media(client: requests.Session, emulator: Emulator, name: str, **headers: str) -> Any:
    return client.get(f"{emulator.root}/v1/{quote(name)}", params={"alt": "media"}, headers=headers)


def test_the_backup_is_listed_with_its_metadata_as_a_string(
    emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    page = client.get(f"{emulator.root}/v1/clients/wa/backups").json()
    (backup,) = page["backups"]
    assert "nextPageToken" not in page
    assert backup["name"] == BACKUP
    assert int(backup["sizeBytes"]) == sum(
        path.stat().st_size for path in (sample.folder / "backup").rglob("*") if path.is_file()
    )
    metadata = json.loads(backup["metadata"])
    assert metadata["encryptedBackupEnabled"] is True
    assert isinstance(sample.key, RootKey)
    details = json.loads(open_envelope(metadata["encryptedData"], sample.key))
    assert details["numOfMediaFiles"] == 43


def test_an_account_without_backups_lists_none(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text('{"email": "new@example.org", "access_token": "t"}')
    with Emulator(tmp_path) as emulator:
        answer = requests.get(
            f"{emulator.root}/v1/clients/wa/backups",
            headers={"Authorization": "Bearer t"},
            timeout=10,
        )
    assert answer.json() == {}


def test_every_stored_file_is_listed_once_over_several_pages(
    emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    names = [file["name"].removeprefix(f"{BACKUP}/files/") for file in every_file(client, emulator)]
    assert sorted(names) == sorted(sample.stored.values())
    assert emulator.counts.requests[f"/v1/{BACKUP}/files"] == 3


def test_every_file_has_the_size_and_md5_that_the_listing_says(
    emulator: Emulator, client: requests.Session
) -> None:
    for file in every_file(client, emulator):
        body = media(client, emulator, file["name"]).content
        assert len(body) == int(file["sizeBytes"])
        assert hashlib.md5(body).digest() == base64.b64decode(file["md5Hash"])


def test_envelopes_name_the_real_paths(
    emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    assert isinstance(sample.key, RootKey)
    named = {}
    for file in every_file(client, emulator):
        if "metadata" in file:
            named[file["name"].removeprefix(f"{BACKUP}/files/")] = read_file_metadata(
                file["metadata"], sample.key
            ).name
    assert named == {
        stored: path for path, stored in sample.stored.items() if stored.endswith(".mcrypt1")
    }


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-", 206, 0, None),
        ("bytes=100-", 206, 100, None),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=-5", 206, -5, None),
        ("bytes=5-2", 200, 0, None),
        ("bytes=1-2,4-5", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_a_range_is_honoured_or_ignored_entirely(
    emulator: Emulator,
    client: requests.Session,
    sample: SampleAccount,
    asked: str,
    status: int,
    first: int,
    last: int | None,
) -> None:
    stored = "Databases/wa.db.crypt15"
    whole = (sample.folder / "backup" / stored).read_bytes()
    answer = media(client, emulator, f"{BACKUP}/files/{stored}", Range=asked)
    assert answer.status_code == status
    assert answer.content == whole[first:last]
    if status == 206:
        start = first % len(whole)
        end = (last or len(whole)) - 1
        assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"


def test_a_range_beyond_the_end_is_refused(
    emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    stored = "Databases/wa.db.crypt15"
    size = (sample.folder / "backup" / stored).stat().st_size
    answer = media(client, emulator, f"{BACKUP}/files/{stored}", Range=f"bytes={size}-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("name", ["a+b.bin", "100%.bin", "sp ace.bin", "Grüße/ß.bin", "a?b#c.bin"])
def test_percent_encoded_paths_reach_their_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "account.json").write_text('{"email": "new@example.org", "access_token": "t"}')
    path = tmp_path / "backup" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"here")
    with Emulator(tmp_path) as emulator, requests.Session() as client:
        client.headers["Authorization"] = "Bearer t"
        assert media(client, emulator, f"{BACKUP}/files/{name}").content == b"here"


def test_an_unknown_path_is_not_found(emulator: Emulator, client: requests.Session) -> None:
    answer = media(client, emulator, f"{BACKUP}/files/Media/none.mcrypt1")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Requested entity was not found."


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer unknown"}])
def test_a_token_is_needed(emulator: Emulator, headers: dict[str, str]) -> None:
    answer = requests.get(f"{emulator.root}/v1/clients/wa/backups", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_the_plain_account_lists_real_paths_and_no_envelopes(plain_sample: SampleAccount) -> None:
    with Emulator(plain_sample.folder) as emulator, requests.Session() as client:
        client.headers["Authorization"] = f"Bearer {plain_sample.token.reveal()}"
        files = every_file(client, emulator)
    names = {file["name"].removeprefix(f"{BACKUP}/files/") for file in files}
    assert "Databases/msgstore.db.crypt14" in names
    assert any(name.startswith("Media/WhatsApp Voice Notes/2025") for name in names)
    assert not any("metadata" in file for file in files)
