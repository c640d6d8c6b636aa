"""Listings that never come to an end."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.kinds import LONGEST_ENVELOPE
from gdrive_wa.core.model import Backup, Secret
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.backup_service import BackupService
from gdrive_wa.sources.drive import AppData
from gdrive_wa.sources.drive_folder import MOST_LEVELS, DriveFolder
from gdrive_wa.sources.pages import (
    LONGEST_TOKEN,
    MOST_ENTRIES,
    MOST_IDLE_PAGES,
    MOST_PAGES,
    PageGuard,
)
from tests.google.scripted import Scripted, answer

BACKUP = Backup(name="clients/wa/backups/15550100", account="15550100")
FILE = {"name": f"{BACKUP.name}/files/Databases/msgstore.db.crypt15", "id": "1"}


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        yield running


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session(GivenToken(Secret("token")))
    yield made
    made.close()


def pages(count: int, *files: dict[str, object]) -> list[bytes]:
    """Pages with the same files, each with a token of its own."""
    return [
        answer(json.dumps({"files": files, "nextPageToken": f"t{number}"}).encode())
        for number in range(count)
    ]


@pytest.mark.parametrize("files", [(), (FILE,), ("junk",)], ids=["empty", "repeated", "junk"])
def test_pages_that_bring_nothing_new_end(
    server: Scripted, session: Session, files: tuple[dict[str, object], ...]
) -> None:
    for source in (
        BackupService(session, Endpoints.at(server.root)),
        AppData(session, Endpoints.at(server.root)),
    ):
        server.answers = pages(MOST_IDLE_PAGES + 5, *files)
        server.asked.clear()
        with pytest.raises(NetworkError, match="does not come to an end"):
            list(source.entries(BACKUP) if source.name == "backup" else source.backups())
        assert len(server.asked) <= MOST_IDLE_PAGES + 5


def test_some_empty_pages_are_not_the_end(server: Scripted, session: Session) -> None:
    server.answers = [*pages(MOST_IDLE_PAGES - 2), answer(json.dumps({"files": [FILE]}).encode())]
    assert len(list(BackupService(session, Endpoints.at(server.root)).entries(BACKUP))) == 1


@pytest.mark.parametrize(
    ("token", "known"), [("x" * (LONGEST_TOKEN + 1), 1), ("x", MOST_ENTRIES + 1)]
)
def test_tokens_and_entries_are_bounded(token: str, known: int) -> None:
    with pytest.raises(NetworkError, match="the list does not come to an end"):
        PageGuard("the list").turn(token, new=1, known=known)


def test_pages_are_bounded_even_if_each_has_new_items() -> None:
    guard = PageGuard("the list")
    for number in range(MOST_PAGES):
        guard.turn(str(number), new=1, known=1)
    with pytest.raises(NetworkError, match="does not come to an end"):
        guard.turn("one more", new=1, known=1)


def test_endless_folders_are_abandoned(server: Scripted, session: Session) -> None:
    folder = "application/vnd.google-apps.folder"
    server.answers = [
        answer(
            json.dumps({"files": [{"id": f"f{depth}", "name": "f", "mimeType": folder}]}).encode()
        )
        for depth in range(MOST_LEVELS + 2)
    ]
    source = DriveFolder(session, Endpoints.at(server.root), None)
    with pytest.raises(NetworkError, match="nested too deep"):
        source.backups()


def test_an_endless_envelope_is_not_an_envelope(server: Scripted, session: Session) -> None:
    sealed = {**FILE, "metadata": "E" * (LONGEST_ENVELOPE + 1)}
    server.answers = [answer(json.dumps({"files": [sealed]}).encode())]
    (entry,) = BackupService(session, Endpoints.at(server.root)).entries(BACKUP)
    assert entry.envelope is None
