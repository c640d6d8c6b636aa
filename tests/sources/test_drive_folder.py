"""A folder of the user's own Drive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.drive_folder import FOLDERS_AT_ONCE, DriveFolder
from gdrive_wa.sources.drive_list import DriveFile, resource_keys

Mine = Callable[..., tuple[Emulator, Callable[[str | None], DriveFolder]]]


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Mine]:
    """A Drive that holds the given files, by path, in a folder ``Stuff``."""
    opened: list[DriveFolder] = []
    running: list[Emulator] = []

    def go(
        *names: str,
        shortcuts: dict[str, str] | None = None,
        drive: dict[str, list[str]] | None = None,
        **more: object,
    ) -> tuple[Emulator, Callable[[str | None], DriveFolder]]:
        for name in names:
            path = tmp_path / "stuff" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        account = {
            "email": "ann@example.org",
            "access_token": "ya29.ann",
            "backups": [],
            "my_drive": {"Stuff": "stuff", **(drive or {})},
            "shortcuts": shortcuts or {},
            **more,
        }
        (tmp_path / "account.json").write_text(json.dumps(account))
        emulator = Emulator(tmp_path)
        emulator.__enter__()
        running.append(emulator)

        def connect(folder: str | None) -> DriveFolder:
            session = Session(GivenToken(Secret("ya29.ann")))
            opened.append(DriveFolder(session, Endpoints.at(emulator.root), folder))
            return opened[-1]

        return emulator, connect

    yield go
    for source in opened:
        source.close()
    for emulator in running:
        emulator.close()


def names_of(source: DriveFolder) -> list[str]:
    (backup,) = source.backups()
    return sorted(entry.stored_as for entry in source.entries(backup))


def test_a_folder_is_found_by_its_path(mine: Mine) -> None:
    _, connect = mine("WhatsApp/Media/a.opus", "WhatsApp/msgstore.db.crypt14", "else.txt")
    assert names_of(connect("Stuff/WhatsApp")) == ["Media/a.opus", "msgstore.db.crypt14"]
    assert names_of(connect("/Stuff/WhatsApp/")) == ["Media/a.opus", "msgstore.db.crypt14"]
    assert len(names_of(connect("Stuff"))) == 3
    assert names_of(connect(None))[0] == "Stuff/WhatsApp/Media/a.opus"


@pytest.mark.parametrize("folder", ["Nowhere", "Stuff/Nowhere", "Stuff/a.opus", "stuff'", "\\"])
def test_a_folder_that_is_not_there(mine: Mine, folder: str) -> None:
    _, connect = mine("a.opus")
    with pytest.raises(UsageError, match="no folder named") as caught:
        connect(folder).backups()
    assert "Backups/WhatsApp" in caught.value.hints[0]


def test_all_folders_of_the_same_name_are_listed(mine: Mine, tmp_path: Path) -> None:
    """Drive allows equal names; dragging a phone's folder in twice makes some."""
    for name in ("first/Media/a.opus", "second/Media/b.opus", "second/Databases/c.db"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    _, connect = mine("a.txt", drive={"Phone/WhatsApp": ["first", "second"]})
    everything = ["Databases/c.db", "Media/a.opus", "Media/b.opus"]
    assert names_of(connect("Phone/WhatsApp")) == everything
    assert names_of(connect("Phone/WhatsApp/Databases")) == ["c.db"]
    assert names_of(connect("Phone")) == [f"WhatsApp/{name}" for name in everything]


def test_names_with_quotes(mine: Mine) -> None:
    _, connect = mine("Ann's \\ phone/a.opus")
    assert names_of(connect("Stuff/Ann's \\ phone")) == ["a.opus"]


def test_shortcuts_to_folders_and_files_are_followed(mine: Mine) -> None:
    _, connect = mine(
        "Phone/a.opus", "b.opus", shortcuts={"To phone": "Stuff/Phone", "c.opus": "Stuff/b.opus"}
    )
    assert names_of(connect("To phone")) == ["a.opus"]
    source = connect(None)
    assert names_of(source) == ["Stuff/Phone/a.opus", "Stuff/b.opus", "c.opus"]
    entries = {entry.stored_as: entry for entry in source.entries(source.backups()[0])}
    with source.open(entries["c.opus"]) as stream:
        assert stream.read(100) == b"b.opus"


def test_a_shortcut_in_a_circle_ends(mine: Mine) -> None:
    _, connect = mine(
        "Phone/a.opus", shortcuts={"Stuff/Phone/Up": "Stuff", "Stuff/Phone/Here": "Stuff/Phone"}
    )
    assert names_of(connect("Stuff")) == ["Phone/a.opus"]


def test_many_folders_are_listed_together(mine: Mine) -> None:
    weeks = [f"Media/Voice Notes/2025{week:02}/PTT-{week}.opus" for week in range(1, 51)]
    emulator, connect = mine(*weeks)
    source = connect("Stuff")
    assert names_of(source) == sorted(weeks)
    emulator.counts.clear()
    source.backups()
    levels = 3
    assert emulator.counts.request_count("*") == 1 + levels + -(-len(weeks) // FOLDERS_AT_ONCE)


def test_the_state_of_a_download_is_not_part_of_the_backup(mine: Mine) -> None:
    _, connect = mine(".gdrive-wa/manifest.jsonl", "a.opus")
    assert names_of(connect("Stuff")) == ["a.opus"]


def content_of(source: DriveFolder, name: str) -> bytes:
    (entry,) = (each for each in source.entries(source.backups()[0]) if each.stored_as == name)
    with source.open(entry) as stream:
        return stream.read(1000)


@pytest.mark.parametrize(
    "folder", ["Family/Phone", "Shared drives/Family/Phone", "Geteilte Ablagen/Family/Phone"]
)
def test_a_shared_drive_works_like_my_drive(mine: Mine, folder: str) -> None:
    _, connect = mine("WhatsApp/a.opus", shared_drives={"Family": {"Phone": "stuff"}})
    source = connect(folder)
    assert names_of(source) == ["WhatsApp/a.opus"]
    assert content_of(source, "WhatsApp/a.opus") == b"WhatsApp/a.opus"
    assert names_of(connect("Family")) == ["Phone/WhatsApp/a.opus"]
    assert names_of(connect("My Drive/Stuff")) == ["WhatsApp/a.opus"]


def test_a_shortcut_leads_into_a_shared_drive(mine: Mine) -> None:
    _, connect = mine(
        "a.opus",
        shared_drives={"Family": {"Phone": "stuff"}},
        shortcuts={"Link": "//Family/Phone", "b.opus": "//Family/Phone/a.opus"},
    )
    assert names_of(connect("Link")) == ["a.opus"]
    source = connect(None)
    assert names_of(source) == ["Link/a.opus", "Stuff/a.opus", "b.opus"]
    assert content_of(source, "b.opus") == b"a.opus"


def test_a_shared_folder_is_found_by_its_name(mine: Mine) -> None:
    _, connect = mine("Media/a.opus", shared_with_me={"Mum": "stuff"})
    source = connect("Mum/Media")
    assert names_of(source) == ["a.opus"]
    assert content_of(source, "a.opus") == b"Media/a.opus"


def test_a_folder_that_needs_a_resource_key_is_unlocked(mine: Mine) -> None:
    keys = {"//Family/Phone": "0-folder_Key", "//Family/Phone/Media/a.opus": "0-fileKey"}
    _, connect = mine(
        "Media/a.opus",
        shared_drives={"Family": {"Phone": "stuff"}},
        shortcuts={"Link": "//Family/Phone", "b.opus": "//Family/Phone/Media/a.opus"},
        resource_keys=keys,
    )
    for folder in ("Family/Phone", "Link"):
        source = connect(folder)
        assert names_of(source) == ["Media/a.opus"]
        assert content_of(source, "Media/a.opus") == b"Media/a.opus"
    assert content_of(connect(None), "b.opus") == b"Media/a.opus"


def test_a_wrong_path_does_not_match_another_one(mine: Mine) -> None:
    _, connect = mine("a.opus", shared_drives={"Family": {"Phone": "stuff"}})
    for folder in ("Backups/Stuff", "Backups/Family", "Family/Stuff", "Shared drives/Unknown"):
        with pytest.raises(UsageError, match="no folder named"):
            connect(folder).backups()


def test_a_login_without_shared_drives_gets_the_usual_error(mine: Mine) -> None:
    emulator, connect = mine("a.opus")
    emulator.faults = Fault(
        kind=FaultKind.STATUS, path="*/drives", status=403, reason="insufficientPermissions"
    )
    with pytest.raises(UsageError, match="no folder named"):
        connect("Nowhere").backups()


def test_items_that_are_not_files_are_skipped_and_counted(mine: Mine) -> None:
    documents = {"Plan": "document", "Sums": "spreadsheet", "Elsewhere": "drive-sdk.123"}
    _, connect = mine("a.opus", documents=documents, shortcuts={"To plan": "Plan"})
    source, said = connect(None), list[str]()
    source.listen(said.append)
    assert names_of(source) == ["Stuff/a.opus"]
    (line,) = said
    assert line.startswith("4 items are left out")
    assert names_of(source) == ["Stuff/a.opus"]
    assert len(said) == 2


@pytest.mark.parametrize("key", ["a\r\nX: y", "a,b/c", "", "ü", 5, None, "x" * 300])
def test_a_resource_key_cannot_inject_another_header(key: object) -> None:
    file = DriveFile.parse({"id": "1", "name": "a", "resourceKey": key})
    assert file is not None
    assert file.locator == "1"
    assert resource_keys({"1\r\nX: y": "key", "2": None}) == {}
