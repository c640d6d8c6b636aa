"""Which of several backups is used by default: over the real service."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from gdrive_wa.core.model import Backup, Secret
from gdrive_wa.core.progress import Silent
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.jobs.plan import pick_backup
from gdrive_wa.sources.backup_service import BackupService
from tests.google.scripted import Scripted, answer

WHOLE = {
    "name": "clients/wa/backups/15550100",
    "updateTime": "2025-01-01T00:00:00Z",
    "sizeBytes": "10",
    "metadata": '{"encryptedBackupEnabled": true}',
}
BEGUN = {
    "name": "clients/wa/backups/15550177",
    "updateTime": "2025-06-01T00:00:00Z",
    "activeTransactionId": "T1",
}
SOME = b'{"files": [{"name": "clients/wa/backups/1/files/Databases/msgstore.db.crypt15"}]}'
NONE = b"{}"


class Recorder(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as running:
        yield running


@pytest.fixture
def service(server: Scripted) -> Iterator[BackupService]:
    session = Session(GivenToken(Secret("token")))
    source = BackupService(session, Endpoints.at(server.root))
    yield source
    source.close()


def listing(*backups: dict[str, str]) -> bytes:
    return answer(json.dumps({"backups": backups}).encode())


def pick(service: BackupService, recorder: Recorder) -> Backup:
    return pick_backup(service, progress=recorder)


def test_an_unfinished_newer_one_is_not_used(server: Scripted, service: BackupService) -> None:
    server.answers = [listing(BEGUN, WHOLE), answer(NONE), answer(SOME)]
    recorder = Recorder()
    assert pick(service, recorder).account == "15550100"
    (line,) = recorder.lines
    assert "15550177 is unfinished and empty" in line
    assert "--backup 15550177" in line


def test_an_unfinished_newer_one_that_lists_a_part_is_not_used(
    server: Scripted, service: BackupService
) -> None:
    server.answers = [listing(BEGUN, WHOLE), answer(SOME)]
    recorder = Recorder()
    assert pick(service, recorder).account == "15550100"
    assert "15550177 is unfinished; using" in recorder.lines[0]


def test_a_finished_one_that_lists_nothing_is_not_used(
    server: Scripted, service: BackupService
) -> None:
    server.answers = [listing(BEGUN, WHOLE), answer(SOME), answer(NONE)]
    recorder = Recorder()
    assert pick(service, recorder).account == "15550177"
    assert "may still be uploading" in recorder.lines[-1]


def test_among_unfinished_ones_the_newest_that_lists_something_is_used(
    server: Scripted, service: BackupService
) -> None:
    older = {**BEGUN, "name": "clients/wa/backups/15550178", "updateTime": "2024-01-01T00:00:00Z"}
    server.answers = [listing(BEGUN, older), answer(NONE), answer(SOME)]
    assert pick(service, Recorder()).account == "15550178"


def test_one_that_is_gone_counts_as_empty(server: Scripted, service: BackupService) -> None:
    gone = answer(b"{}", status="404 Not Found")
    server.answers = [listing(BEGUN, WHOLE), gone, answer(SOME)]
    recorder = Recorder()
    assert pick(service, recorder).account == "15550100"
    assert "unfinished and empty" in recorder.lines[0]


def test_the_newest_is_taken_after_a_request_for_one_entry(
    server: Scripted, service: BackupService
) -> None:
    newer = {**WHOLE, "name": "clients/wa/backups/15550102", "updateTime": "2025-07-01T00:00:00Z"}
    server.answers = [listing(newer, WHOLE), answer(SOME)]
    assert pick(service, Recorder()).account == "15550102"
    assert len(server.asked) == 2
    assert "15550102/files?pageSize=1 " in server.asked[1]


def test_the_only_one_is_taken_without_another_request(
    server: Scripted, service: BackupService
) -> None:
    server.answers = [listing(WHOLE)]
    assert pick(service, Recorder()).account == "15550100"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "nothing",
    [answer(NONE), answer(b"{}", status="400 Bad Request"), answer(b"", status="410 Gone")],
    ids=["empty", "refused", "gone"],
)
def test_a_newer_one_that_looks_complete_and_lists_nothing_is_not_used(
    server: Scripted, service: BackupService, nothing: bytes
) -> None:
    newer = {**WHOLE, "name": "clients/wa/backups/15550102", "updateTime": "2025-07-01T00:00:00Z"}
    server.answers = [listing(newer, WHOLE), nothing, answer(SOME)]
    recorder = Recorder()
    assert pick(service, recorder).account == "15550100"
    assert "15550102 is empty; using" in recorder.lines[0]


def test_a_finished_backup_that_keeps_its_transaction_is_used(
    server: Scripted, service: BackupService
) -> None:
    server.answers = [listing({**WHOLE, "activeTransactionId": "T2"})]
    recorder = Recorder()
    assert pick(service, recorder).uploading
    assert recorder.lines == []


@pytest.mark.parametrize("lacking", ["sizeBytes", "metadata"])
def test_a_newer_one_with_few_fields_and_no_files_is_not_used(
    server: Scripted, service: BackupService, lacking: str
) -> None:
    newer = {**WHOLE, "name": "clients/wa/backups/15550102", "updateTime": "2025-07-01T00:00:00Z"}
    del newer[lacking]
    server.answers = [listing(newer, WHOLE), answer(NONE), answer(SOME)]
    recorder = Recorder()
    assert pick(service, recorder).account == "15550100"
    assert "15550102 is empty; using" in recorder.lines[0]
    server.answers = [listing(newer, WHOLE), answer(SOME)]
    assert pick(service, Recorder()).account == "15550102"
