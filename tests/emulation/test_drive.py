"""Drive, used through Google's own client library."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from gdrive_wa.emulation.fields import BadFieldsError, parse_fields, select
from gdrive_wa.emulation.query import BadQueryError, parse_query
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.emulation.tokens import Grant

FIELDS = (
    "nextPageToken,files(id,name,mimeType,parents,size,md5Checksum,modifiedTime,"
    "headRevisionId,description,appProperties,shortcutDetails)"
)
FOLDER = "application/vnd.google-apps.folder"


@contextmanager
def library(emulator: Emulator, token: str) -> Iterator[Any]:
    """Google's client, pointed here."""
    with build(
        "drive",
        "v3",
        credentials=Credentials(token),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": f"{emulator.root}/drive/v3/"},
        cache_discovery=False,
    ) as service:
        yield service


@pytest.fixture
def service(emulator: Emulator, sample: SampleAccount) -> Iterator[Any]:
    with library(emulator, sample.token.reveal()) as service:
        yield service


def listed(service: Any, **query: Any) -> list[dict[str, Any]]:
    files = service.files()
    request, found = files.list(fields=FIELDS, **query), []
    while request is not None:
        page = request.execute()
        found += page["files"]
        request = files.list_next(request, page)
    return found


def with_siblings(sample: SampleAccount) -> list[str]:
    stored = sample.stored.values()
    return sorted([*stored, *(f"{n}-metadata" for n in stored if n.endswith(".mcrypt1"))])


def variant(sample: SampleAccount, folder: Path, **said: object) -> Path:
    """A copy of the account with a changed account file."""
    shutil.copytree(sample.folder, folder, dirs_exist_ok=True)
    account = json.loads((folder / "account.json").read_text())
    (folder / "account.json").write_text(json.dumps({**account, **said}))
    return folder


def test_the_app_folder_lists_every_stored_path_over_short_pages(
    service: Any, emulator: Emulator, sample: SampleAccount
) -> None:
    files = listed(service, spaces="appDataFolder", pageSize=1000)
    assert sorted(file["name"] for file in files) == with_siblings(sample)
    assert emulator.counts.requests["/drive/v3/files"] > 1
    (root,) = {parent for file in files for parent in file["parents"]}
    assert service.files().get(fileId="appDataFolder", fields="id").execute() == {"id": root}


def test_size_and_hash_are_those_of_the_bytes(
    service: Any, emulator: Emulator, client: requests.Session
) -> None:
    for file in listed(service, spaces="appDataFolder")[:10]:
        body = client.get(
            f"{emulator.root}/drive/v3/files/{file['id']}", params={"alt": "media"}, timeout=10
        ).content
        assert len(body) == int(file["size"])
        assert hashlib.md5(body).hexdigest() == file["md5Checksum"]


def test_content_is_served_from_an_offset(
    service: Any, emulator: Emulator, client: requests.Session, sample: SampleAccount
) -> None:
    (file,) = listed(
        service, spaces="appDataFolder", q="name = 'Databases/wa.db.crypt15' and trashed = false"
    )
    answer = client.get(
        f"{emulator.root}/drive/v3/files/{file['id']}",
        params={"alt": "media"},
        headers={"Range": "bytes=100-"},
        timeout=10,
    )
    whole = (sample.folder / "backup" / file["name"]).read_bytes()
    assert answer.status_code == 206
    assert answer.content == whole[100:]


def test_folders_can_spell_the_path(sample: SampleAccount, tmp_path: Path) -> None:
    with (
        Emulator(variant(sample, tmp_path, appdata="folders")) as emulator,
        library(emulator, sample.token.reveal()) as service,
    ):
        files = listed(service, spaces="appDataFolder")
    by_id = {file["id"]: file for file in files}

    def path_of(file: dict[str, Any]) -> str:
        parent = by_id.get(file["parents"][0])
        return file["name"] if parent is None else f"{path_of(parent)}/{file['name']}"

    paths = [path_of(file) for file in files if file["mimeType"] != FOLDER]
    assert sorted(paths) == with_siblings(sample)


def test_an_old_backup_is_explained_by_its_file_map(sample: SampleAccount, tmp_path: Path) -> None:
    with (
        Emulator(variant(sample, tmp_path, appdata="file_map")) as emulator,
        library(emulator, sample.token.reveal()) as service,
    ):
        files = listed(service, spaces="appDataFolder")
        (explained,) = [file for file in files if file["name"] == "gdrive_file_map"]
        rows = json.loads(service.files().get_media(fileId=explained["id"]).execute())
    by_id = {file["id"]: file for file in files}
    assert sorted(row["f"] for row in rows) == with_siblings(sample)
    for row in rows:
        assert row["m"] == by_id[row["r"]]["md5Checksum"]
        assert row["s"] == int(by_id[row["r"]]["size"])
        assert by_id[row["r"]]["name"] != row["f"]


def test_my_drive_is_walked_by_folders_and_shortcuts(service: Any) -> None:
    def inside(folder_id: str) -> dict[str, dict[str, Any]]:
        files = listed(service, q=f"'{folder_id}' in parents and trashed = false")
        return {file["name"]: file for file in files}

    top = inside("root")
    assert set(top) == {"Phone backup", "Shortcut to WhatsApp"}
    whatsapp = inside(top["Phone backup"]["id"])["WhatsApp"]
    shortcut = top["Shortcut to WhatsApp"]
    assert shortcut["mimeType"] == "application/vnd.google-apps.shortcut"
    assert shortcut["shortcutDetails"] == {"targetId": whatsapp["id"], "targetMimeType": FOLDER}
    assert set(inside(whatsapp["id"])) == {"Backups", "Databases", "Media"}
    databases = inside(inside(whatsapp["id"])["Databases"]["id"])
    assert set(databases) == {"msgstore.db.crypt15", "wa.db.crypt15"}


def test_a_client_that_is_not_whatsapps_sees_an_empty_app_folder(
    emulator: Emulator, sample: SampleAccount
) -> None:
    own = emulator.tokens.issue(Grant(sample.email, whatsapp=False))
    with library(emulator, own) as service:
        assert listed(service, spaces="appDataFolder") == []
        assert listed(service, q="'root' in parents") != []
    refused = requests.get(
        f"{emulator.root}/v1/clients/wa/backups",
        headers={"Authorization": f"Bearer {own}"},
        timeout=10,
    )
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("scope", "query"),
    [
        ("drive.readonly", {"spaces": "appDataFolder"}),
        ("drive.appdata", {"q": "'root' in parents"}),
    ],
)
def test_the_wrong_scope_is_refused(
    emulator: Emulator, sample: SampleAccount, scope: str, query: dict[str, str]
) -> None:
    scopes = frozenset({f"https://www.googleapis.com/auth/{scope}"})
    token = emulator.tokens.issue(Grant(sample.email, scopes))
    with library(emulator, token) as service, pytest.raises(HttpError) as caught:
        listed(service, **query)
    assert caught.value.status_code == 403
    assert caught.value.error_details[0]["reason"] == "insufficientPermissions"


def test_about_shows_the_account(service: Any, sample: SampleAccount) -> None:
    about = service.about().get(fields="user(displayName,emailAddress)").execute()
    assert about == {"user": {"displayName": "Alex", "emailAddress": sample.email}}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"q": "name is 'x'"}, 400),
        ({"pageToken": "x"}, 400),
        ({"pageSize": "0"}, 400),
        ({"fields": "files(id"}, 400),
        ({"spaces": "appDataFolder"}, 200),
    ],
)
def test_an_invalid_listing_request_is_refused(
    emulator: Emulator, client: requests.Session, query: dict[str, str], status: int
) -> None:
    answer = client.get(f"{emulator.root}/drive/v3/files", params=query, timeout=10)
    assert answer.status_code == status


FILE = {
    "name": "it's a file",
    "mimeType": "text/plain",
    "parents": ["p"],
    "trashed": False,
    "modifiedTime": "2025-05-01T00:00:00.000Z",
}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", True),
        ("'p' in parents", True),
        ("'q' in parents", False),
        (r"name = 'it\'s a file'", True),
        ("name contains 'FILE' and trashed = false", True),
        ("name contains 'other' or mimeType = 'text/plain'", True),
        ("not (name contains 'file')", False),
        ("mimeType != 'text/plain'", False),
        ("modifiedTime > '2025-01-01T00:00:00' and modifiedTime <= '2025-05-02'", True),
        ("trashed = true or 'p' in parents and name = 'x'", False),
    ],
)
def test_the_search_language_is_understood(query: str, *, wanted: bool) -> None:
    assert parse_query(query)(FILE) is wanted


@pytest.mark.parametrize(
    "query", ["name", "name = ", "(name = 'x'", "name = 'x' 'y'", "&", "a in b"]
)
def test_an_unknown_search_is_refused(query: str) -> None:
    with pytest.raises(BadQueryError):
        parse_query(query)


@pytest.mark.parametrize(
    ("mask", "selected"),
    [
        ("kind", {"kind": "k"}),
        ("files(id)", {"files": [{"id": 1}]}),
        ("files/id,kind", {"files": [{"id": 1}], "kind": "k"}),
        ("files(id,owner/name)", {"files": [{"id": 1, "owner": {"name": "n"}}]}),
        ("*", {"kind": "k", "files": [{"id": 1, "owner": {"name": "n", "x": 2}}]}),
        ("none", {}),
    ],
)
def test_fields_select_fields_of_the_answer(mask: str, selected: dict[str, Any]) -> None:
    whole = {"kind": "k", "files": [{"id": 1, "owner": {"name": "n", "x": 2}}]}
    assert select(whole, parse_fields(mask)) == selected


@pytest.mark.parametrize("mask", ["", "a,", "a(b", "a)b", "a(b)c"])
def test_invalid_fields_are_refused(mask: str) -> None:
    with pytest.raises(BadFieldsError):
        parse_fields(mask)
