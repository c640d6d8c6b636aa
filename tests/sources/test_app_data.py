"""The hidden application folder, in each of the layouts that WhatsApp has used."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.errors import CredentialsError, NetworkError
from gdrive_wa.core.model import Entry, Secret
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.answer import HttpAnswer
from gdrive_wa.http.connections import Connections
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.jobs.reveal import reveal
from gdrive_wa.sources.base import BackupSource
from gdrive_wa.sources.drive import ENVELOPES_AT_ONCE, AppData
from tests.google.scripted import Scripted, answer
from tests.sources.conftest import Connect

LISTING = "/drive/v3/files"
Shaped = Callable[[str], BackupSource]


def entries_of(source: BackupSource) -> list[Entry]:
    return list(source.entries(source.backups()[0]))


@pytest.fixture
def shaped(sample: SampleAccount, tmp_path: Path, connect: Connect) -> Iterator[Shaped]:
    """The sample account with its application folder in another layout."""
    running: list[Emulator] = []

    def go(shape: str) -> BackupSource:
        folder = tmp_path / shape
        shutil.copytree(sample.folder, folder)
        account = json.loads((folder / "account.json").read_text())
        (folder / "account.json").write_text(json.dumps({**account, "appdata": shape}))
        running.append(Emulator(folder))
        running[-1].__enter__()
        return connect("appdata", running[-1], sample.token)

    yield go
    for emulator in running:
        emulator.close()


@pytest.mark.parametrize("shape", ["names", "folders", "file_map"])
def test_each_layout_gives_the_same_entries(
    shaped: Shaped, sample: SampleAccount, backup_service: BackupSource, shape: str
) -> None:
    source = shaped(shape)
    usual = {entry.stored_as: entry for entry in entries_of(backup_service)}
    shown = entries_of(source)
    assert [entry.stored_as for entry in shown] == list(
        dict.fromkeys(entry.stored_as for entry in shown)
    )
    assert {entry.stored_as for entry in shown} == set(usual)
    for entry in shown:
        same = usual[entry.stored_as]
        assert (entry.size, entry.md5, entry.envelope) == (same.size, same.md5, same.envelope)
    assert source.backups()[0].encrypted is True
    assert {entry.path for entry in reveal(shown, sample.key)} >= {
        path for path in sample.stored if path.startswith("Media/")
    }


def test_what_the_file_map_names_is_not_listed_again_under_its_id(shaped: Shaped) -> None:
    names = [entry.stored_as for entry in entries_of(shaped("file_map"))]
    assert len(names) == 47
    assert "gdrive_file_map" not in names
    assert all(name.partition("/")[0] in ("Backups", "Databases", "Media") for name in names)


def files(*items: dict[str, object]) -> bytes:
    return answer(json.dumps({"files": items}).encode(), Content_Type="application/json")


def app_data_at(server: Scripted) -> AppData:
    return AppData(Session(GivenToken(Secret("t"))), Endpoints.at(server.root))


def with_map(content: bytes, *others: dict[str, object]) -> list[Entry]:
    """The entries of a folder with the file map `content`."""
    with Scripted() as server:
        listing = files({"id": "m", "name": "gdrive_file_map"}, *others)
        server.answers = [listing, answer(content), listing, answer(content)]
        source = app_data_at(server)
        try:
            return entries_of(source)
        finally:
            source.close()


def test_a_file_that_is_not_in_the_map_is_listed_by_its_name() -> None:
    rows = [{"f": "Media/a.opus", "r": "1", "s": 5, "m": "0" * 32}]
    shown = with_map(
        json.dumps(rows).encode(), {"id": "1", "name": "x7"}, {"id": "2", "name": "new.db"}
    )
    assert {entry.stored_as: entry.locator for entry in shown} == {
        "Media/a.opus": "1",
        "new.db": "2",
    }


def test_a_row_whose_file_is_not_listed_is_kept() -> None:
    rows = [{"f": "Media/a.opus", "r": "1"}]
    (entry,) = with_map(json.dumps(rows).encode())
    assert (entry.stored_as, entry.locator, entry.size) == ("Media/a.opus", "1", None)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"5", b"\xff", b"[" * 100_000])
@pytest.mark.usefixtures("no_collection")
def test_an_invalid_file_map(content: bytes) -> None:
    with pytest.raises(NetworkError, match=r"file map .* cannot be read"):
        with_map(content)


def test_invalid_rows_are_left_out() -> None:
    rows: list[object] = [
        5,
        None,
        [],
        {},
        {"f": 5, "r": "1"},
        {"f": "a", "r": None},
        {"f": "", "r": "1"},
    ]
    with Scripted() as server:
        listing = files({"id": "m", "name": "gdrive_file_map"})
        server.answers = [listing, answer(json.dumps(rows).encode())]
        source = app_data_at(server)
        assert source.backups() == []
        source.close()


@pytest.mark.parametrize(
    "body",
    [
        b'{"files": 5}',
        b'{"files": "x"}',
        b'{"files": {"id": "1"}}',
        b"[]",
        b"null",
        b"<html>",
        b"\xff",
        b"[" * 100_000,
    ],
)
@pytest.mark.usefixtures("no_collection")
def test_an_invalid_listing(body: bytes) -> None:
    with Scripted() as server:
        server.answers = [answer(body, Content_Type="application/json")]
        source = app_data_at(server)
        with pytest.raises(NetworkError, match="cannot be read"):
            source.backups()
        source.close()


@pytest.mark.parametrize(
    "item",
    [
        {"id": 5, "name": "a"},
        {"id": "1", "name": None},
        {"name": "a"},
        {"id": "1", "name": "a", "mimeType": "application/vnd.google-apps.document"},
        {"id": "1", "name": "a", "mimeType": "application/vnd.google-apps.shortcut"},
        {
            "id": "1",
            "name": "a",
            "mimeType": "application/vnd.google-apps.shortcut",
            "shortcutDetails": [5],
        },
    ],
)
def test_items_that_cannot_be_fetched_are_left_out(item: dict[str, object]) -> None:
    with Scripted() as server:
        server.answers = [files(item)]
        source = app_data_at(server)
        assert source.backups() == []
        source.close()


@pytest.mark.parametrize(
    "odd",
    [
        {"parents": 5},
        {"parents": [5, None]},
        {"size": "9" * 5000},
        {"size": {}},
        {"md5Checksum": 5},
        {"modifiedTime": []},
        {"headRevisionId": 5},
        {"appProperties": [1]},
        {"appProperties": {"metadata": 5}},
        {"description": 5},
        {"mimeType": []},
        {"shortcutDetails": 5},
    ],
)
def test_odd_values_are_ignored(odd: dict[str, object]) -> None:
    with Scripted() as server:
        server.answers = [files({"id": "1", "name": "a.opus", **odd})]
        source = app_data_at(server)
        (entry,) = entries_of(source)
        source.close()
    assert (entry.stored_as, entry.size, entry.md5) == ("a.opus", None, None)


def test_folders_inside_each_other_end() -> None:
    kind = "application/vnd.google-apps.folder"
    with Scripted() as server:
        server.answers = [
            files(
                {"id": "a", "name": "A", "mimeType": kind, "parents": ["b"]},
                {"id": "b", "name": "B", "mimeType": kind, "parents": ["a"]},
                {"id": "1", "name": "x.opus", "parents": ["a"]},
            )
        ]
        source = app_data_at(server)
        (entry,) = entries_of(source)
        source.close()
    assert entry.stored_as == "B/A/x.opus"


def test_of_two_of_the_same_name_the_newer_one_counts() -> None:
    old: dict[str, object] = {"id": "1", "name": "a.opus", "modifiedTime": "2020-01-01T00:00:00Z"}
    new: dict[str, object] = {"id": "2", "name": "a.opus", "modifiedTime": "2021-01-01T00:00:00Z"}
    for items in ((old, new), (new, old)):
        with Scripted() as server:
            server.answers = [files(*items)]
            source = app_data_at(server)
            (entry,) = entries_of(source)
            source.close()
        assert entry.locator == "2"


@pytest.mark.parametrize("status", [404, 403, 400])
def test_only_a_lost_envelope_is_missing(
    app_data: BackupSource, emulator: Emulator, status: int
) -> None:
    sealed = [entry for entry in entries_of(app_data) if entry.envelope]
    emulator.faults = [
        Fault(
            kind=FaultKind.STATUS,
            path=path,
            media=True,
            status=status,
            reason="notFound",
            times=None,
        )
        for path in list(emulator.counts.media)[:1]
    ]
    again = entries_of(app_data)
    assert len(again) == 47
    assert len([entry for entry in again if entry.envelope]) == len(sealed) - 1


def test_a_temporarily_unavailable_envelope_fails_only_its_entry(
    app_data: BackupSource, emulator: Emulator
) -> None:
    """Otherwise it would be restored without its name, and count as done for good."""
    sealed = [entry for entry in entries_of(app_data) if entry.envelope]
    path = next(iter(emulator.counts.media))
    emulator.faults = Fault(kind=FaultKind.STATUS, path=path, status=500, times=None)
    again = {entry.stored_as: entry for entry in entries_of(app_data)}
    assert len(again) == 47
    (unread,) = (again[entry.stored_as] for entry in sealed if not again[entry.stored_as].envelope)
    with pytest.raises(NetworkError, match="500"):
        app_data.open(unread)
    emulator.faults = None
    entries_of(app_data)
    with app_data.open(unread) as blob:
        assert blob.read(1)


def test_an_envelope_with_a_broken_connection_is_requested_again(
    app_data: BackupSource, emulator: Emulator
) -> None:
    sealed = [entry.envelope for entry in entries_of(app_data)]
    emulator.faults = Fault(kind=FaultKind.BREAK, path="/drive/v3/files/*", media=True, after=9)
    assert [entry.envelope for entry in entries_of(app_data)] == sealed


def test_an_outage_while_envelopes_are_read_is_reported(
    app_data: BackupSource, emulator: Emulator
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, status=503, media=True, times=None)
    with pytest.raises(NetworkError, match="503"):
        entries_of(app_data)


def test_envelopes_are_read_at_the_same_time(
    app_data: BackupSource, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first requests keep their connections until the maximum is open."""
    together, numbers = threading.Barrier(ENVELOPES_AT_ONCE), itertools.count(1)
    others, at_once = set(threading.enumerate()), set[int]()
    request = Connections.request

    def held(self: Connections, method: str, url: str, **more: Any) -> HttpAnswer:
        answer = request(self, method, url, **more)
        if "alt=media" in url:
            if next(numbers) <= ENVELOPES_AT_ONCE:
                together.wait(60)
            begun = set(threading.enumerate()) - others
            at_once.add(sum(thread.name == "envelope" for thread in begun))
        return answer

    monkeypatch.setattr(Connections, "request", held)
    entries_of(app_data)
    assert at_once == {ENVELOPES_AT_ONCE}
    assert emulator.counts.connections >= ENVELOPES_AT_ONCE


def test_taking_one_entry_reads_only_a_few_envelopes_ahead(
    sample: SampleAccount, tmp_path: Path, connect: Connect
) -> None:
    shutil.copytree(sample.folder, tmp_path / "big")
    account = json.loads((tmp_path / "big" / "account.json").read_text())
    said = account["backups"][0]["files"]
    name, about = next((name, about) for name, about in said.items() if "metadata" in about)
    for number in range(200):
        copy = f"Media/{number:064X}.mcrypt1"
        shutil.copy(tmp_path / "big" / "backup" / name, tmp_path / "big" / "backup" / copy)
        said[copy] = about
    account["page_size"] = 1000
    (tmp_path / "big" / "account.json").write_text(json.dumps(account))
    with Emulator(tmp_path / "big") as emulator:
        source = connect("appdata", emulator, sample.token)
        entries = source.entries(source.backups()[0])
        next(iter(entries))
        entries.close()  # type: ignore[attr-defined]
        for thread in threading.enumerate():
            if thread.name.startswith("envelope"):
                thread.join()
        source.close()
        assert sum(emulator.counts.media.values()) <= 5 * ENVELOPES_AT_ONCE


def test_another_apps_login_sees_an_empty_folder(
    sample: SampleAccount, tmp_path: Path, connect: Connect
) -> None:
    shutil.copytree(sample.folder, tmp_path / "account")
    with Emulator(tmp_path / "account", auto_consent=True) as emulator:
        token = token_of_another_app(emulator)
        assert connect("appdata", emulator, token).backups() == []
        with pytest.raises(CredentialsError, match="Google refuses") as caught:
            connect("backup", emulator, token).backups()
    assert "gdrive-wa login --provider android" in " ".join(caught.value.hints)


def token_of_another_app(emulator: Emulator) -> Secret:
    from gdrive_wa.emulation.tokens import APPDATA, Grant  # noqa: PLC0415 - for this test only

    grant = Grant(emulator.accounts[0].email, frozenset({APPDATA}), whatsapp=False, client_id="x")
    return Secret(emulator.tokens.issue(grant))


def test_one_user_agent_is_sent_with_a_listing() -> None:
    with Scripted() as server:
        server.answers = [files()]
        source = app_data_at(server)
        source.backups()
        source.close()
        (head,) = server.asked
    assert head.lower().count("user-agent:") == 1
    assert "spaces=appDataFolder" in head
