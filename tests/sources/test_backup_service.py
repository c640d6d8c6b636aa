"""Google's backup service, and invalid listings."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gdrive_wa.core.errors import CredentialsError, GoneError, NetworkError, RefusedError
from gdrive_wa.core.model import Backup, Entry, Secret
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.sources.backup_service import BackupService
from gdrive_wa.sources.base import BackupSource
from tests.google.scripted import Scripted, answer
from tests.sources.conftest import Connect

FILES = "*/files"
BACKUPS = "*/backups"


def entries_of(source: BackupSource) -> list[Entry]:
    return list(source.entries(source.backups()[0]))


def edited(path: str, *drop: str, entry: str = "*", **values: object) -> Fault:
    return Fault(kind=FaultKind.EDIT, path=path, entry=entry, drop=drop, set=values, times=None)


def test_the_fields_of_a_backup(backup_service: BackupSource) -> None:
    (backup,) = backup_service.backups()
    assert backup.name == "clients/wa/backups/15550100"
    assert backup.account == "15550100"
    assert backup.key_type == "key"
    assert backup.app_version
    assert backup.size


def test_a_listing_of_several_pages_is_read_to_its_end(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    assert len(entries_of(backup_service)) == 47
    assert emulator.counts.request_count(FILES) == 3


def test_an_upload_under_way_is_listed_and_marked(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    emulator.faults = edited(BACKUPS, activeTransactionId="t")
    (backup,) = backup_service.backups()
    assert backup.uploading


@pytest.mark.parametrize("drop", ["metadata", "sizeBytes", "updateTime"])
def test_a_backup_with_fewer_fields(
    backup_service: BackupSource, emulator: Emulator, drop: str
) -> None:
    emulator.faults = edited(BACKUPS, drop)
    (backup,) = backup_service.backups()
    assert backup.account == "15550100"
    assert (backup.encrypted is None) == (drop == "metadata")
    assert (backup.updated is None) == (drop == "updateTime")


@pytest.mark.parametrize(
    "metadata",
    ["", "{", "[]", "5", "null", '{"encryptedBackupMetadata": 5}', "[" * 100_000, 7, [], {}],
)
@pytest.mark.usefixtures("no_collection")
def test_invalid_metadata(
    backup_service: BackupSource, emulator: Emulator, metadata: object
) -> None:
    emulator.faults = edited(BACKUPS, metadata=metadata)
    (backup,) = backup_service.backups()
    assert backup.account == "15550100"
    assert backup.sealed is None


@pytest.mark.parametrize(
    ("secret", "key_type"),
    [
        ({"isPasswordEncrypted": True}, "password"),
        ({"isEncryptionKeyEncrypted": True}, "key"),
        ({"passkeyEncryptionMetadata": {"x": 1}, "isEncryptionKeyEncrypted": True}, "key"),
        ({}, None),
    ],
)
def test_which_secret_locks_it(
    backup_service: BackupSource,
    emulator: Emulator,
    secret: dict[str, object],
    key_type: str | None,
) -> None:
    metadata = {"encryptedBackupEnabled": True, "encryptedBackupMetadata": secret}
    emulator.faults = edited(BACKUPS, metadata=metadata)
    assert backup_service.backups()[0].key_type == key_type


@pytest.mark.parametrize(
    ("updated", "expires", "deactivates"),
    [
        ("2025-01-10T12:00:00Z", date(2025, 6, 10), date(2025, 5, 10)),
        ("2025-09-30T12:00:00Z", date(2026, 2, 28), date(2026, 1, 28)),
        ("9999-12-01T12:00:00Z", None, None),
        ("soon", None, None),
    ],
)
def test_when_google_and_whatsapp_may_delete(
    backup_service: BackupSource,
    emulator: Emulator,
    updated: str,
    expires: date | None,
    deactivates: date | None,
) -> None:
    emulator.faults = edited(BACKUPS, updateTime=updated)
    (backup,) = backup_service.backups()
    assert (backup.expires, backup.deactivates) == (expires, deactivates)


@pytest.mark.parametrize(
    ("drop", "uploading", "unfinished"),
    [
        ((), True, False),
        (("metadata",), True, True),
        (("sizeBytes", "metadata"), False, True),
        (("metadata",), False, False),
    ],
)
def test_a_transaction_alone_is_not_an_upload(
    backup_service: BackupSource,
    emulator: Emulator,
    drop: tuple[str, ...],
    uploading: bool,
    unfinished: bool,
) -> None:
    values = {"activeTransactionId": "t"} if uploading else {}
    emulator.faults = edited(BACKUPS, *drop, **values)
    (backup,) = backup_service.backups()
    assert (backup.uploading, backup.unfinished) == (uploading, unfinished)


def test_a_file_that_vanishes_during_an_upload_is_explained(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    gone = Fault(kind=FaultKind.STATUS, status=404, media=True, times=None)
    for mark, hint in (({"activeTransactionId": "t"}, "right now"), ({}, "new listing")):
        emulator.faults = [edited(BACKUPS, **mark), gone]
        entry = entries_of(backup_service)[0]
        with pytest.raises(GoneError) as caught:
            backup_service.open(entry)
        assert hint in caught.value.hint


def test_an_account_without_a_backup_has_an_error_of_its_own(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    emulator.faults = Fault(kind=FaultKind.STATUS, status=404, times=None)
    with pytest.raises(NetworkError, match="Google has no WhatsApp backup") as caught:
        backup_service.backups()
    assert "Chat backup" in caught.value.hint
    assert "replaced" not in caught.value.hint


def test_a_backup_that_is_gone_is_not_called_a_file(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    (backup,) = backup_service.backups()
    emulator.faults = Fault(kind=FaultKind.STATUS, path=FILES, status=404, times=None)
    with pytest.raises(GoneError, match="the backup of 15550100 is no longer at Google") as caught:
        list(backup_service.entries(backup))
    assert caught.value.hints[0].endswith("gdrive-wa backups")
    assert "replaced the file" not in caught.value.hint


def test_an_error_sent_as_a_good_answer_is_not_an_empty_backup() -> None:
    said = {"error": {"code": "403", "details": [{"reason": "SERVICE_DISABLED"}]}}
    with pytest.raises(CredentialsError, match="refuses the list of files"):
        from_page(json.dumps(said))
    with pytest.raises(NetworkError, match="failed"):
        from_page('{"error": {"code": 7}}')


@pytest.mark.parametrize(
    ("drop", "attribute"),
    [
        ("sizeBytes", "size"),
        ("md5Hash", "md5"),
        ("updateTime", "modified"),
        ("metadata", "envelope"),
    ],
)
def test_an_entry_with_fewer_fields(
    backup_service: BackupSource, emulator: Emulator, drop: str, attribute: str
) -> None:
    emulator.faults = edited(FILES, drop)
    entries = entries_of(backup_service)
    assert len(entries) == 47
    assert {getattr(entry, attribute) for entry in entries} == {None}


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "²", "1e3", -1, 1.5, True, [], {}, 10**30])
def test_an_invalid_size(backup_service: BackupSource, emulator: Emulator, size: object) -> None:
    emulator.faults = edited(FILES, sizeBytes=size)
    assert {entry.size for entry in entries_of(backup_service)} == {None}


@pytest.mark.parametrize("md5", ["", "?", "QUJD", "g" * 32, 5, [], "é" * 32])
def test_an_invalid_hash(backup_service: BackupSource, emulator: Emulator, md5: object) -> None:
    emulator.faults = edited(FILES, md5Hash=md5)
    assert {entry.md5 for entry in entries_of(backup_service)} == {None}


@pytest.mark.parametrize("moment", ["", "soon", 5, "9999-12-31T23:59:59-23:59", "2025-13-01"])
def test_an_invalid_time(backup_service: BackupSource, emulator: Emulator, moment: object) -> None:
    emulator.faults = edited(FILES, updateTime=moment)
    assert {entry.modified for entry in entries_of(backup_service)} == {None}


def test_of_an_entry_listed_twice_the_newer_one_counts(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    emulator.faults = Fault(kind=FaultKind.DUPLICATE, path=FILES, entry="*", times=None)
    entries = entries_of(backup_service)
    assert len(entries) == len({entry.stored_as for entry in entries}) == 47
    name = "clients/wa/backups/15550100/files/a.opus"
    old = {"name": name, "updateTime": "2020-01-01T00:00:00Z", "sizeBytes": "1"}
    new = {"name": name, "updateTime": "2031-01-01T00:00:00Z", "sizeBytes": "2"}
    for files in ([old, new], [new, old]):
        (entry,) = from_page(json.dumps({"files": files}))
        assert entry.size == 2
        assert entry.modified == datetime(2031, 1, 1, tzinfo=UTC)


def from_page(body: str) -> list[Entry]:
    """The answer with a listing of one page."""

    with Scripted() as server:
        server.answers = [answer(body.encode())]
        source = BackupService(Session(GivenToken(Secret("t"))), Endpoints.at(server.root))
        try:
            return list(source.entries(Backup(name="clients/wa/backups/15550100", account="1")))
        finally:
            source.close()


@pytest.mark.parametrize(
    "body",
    [
        '{"files": 5}',
        '{"files": {"name": "x"}}',
        '{"files": "x"}',
    ],
)
def test_an_invalid_listing(body: str) -> None:
    with pytest.raises(NetworkError, match="cannot be read"):
        from_page(body)


@pytest.mark.parametrize(
    "body",
    ['{"files": [5, null, {}, {"name": 5}, {"name": ""}]}', '{"nextPageToken": [1]}', "{}"],
)
def test_items_without_a_name_are_left_out(body: str) -> None:
    assert from_page(body) == []


def test_an_empty_page_is_not_the_end(backup_service: BackupSource, emulator: Emulator) -> None:
    emulator.faults = Fault(kind=FaultKind.EMPTY_PAGE, path=FILES)
    assert len(entries_of(backup_service)) == 47
    assert emulator.counts.request_count(FILES) == 4


def test_a_page_repeated_endlessly(backup_service: BackupSource, emulator: Emulator) -> None:
    emulator.faults = Fault(kind=FaultKind.REPEAT_PAGE, path=FILES, times=None)
    with pytest.raises(NetworkError, match="the same page"):
        entries_of(backup_service)


def test_a_login_of_another_app_is_refused(
    sample: SampleAccount, emulator: Emulator, connect: Connect
) -> None:
    emulator.faults = Fault(
        kind=FaultKind.STATUS, status=403, reason="forbidden", path=BACKUPS, times=None
    )
    source = connect("backup", emulator, sample.token)
    with pytest.raises(CredentialsError, match="Google refuses the list of backups"):
        source.backups()


def test_one_refused_file_is_its_own_failure(
    backup_service: BackupSource, emulator: Emulator
) -> None:
    one, other = entries_of(backup_service)[:2]
    emulator.faults = Fault(
        kind=FaultKind.STATUS, status=403, path=f"*{one.stored_as}", reason="x", times=None
    )
    with pytest.raises(RefusedError, match="Google refuses"):
        backup_service.open(one)
    with backup_service.open(other) as stream:
        assert stream.read(1)


def test_names_are_sent_as_they_are(tmp_path: Path, connect: Connect) -> None:
    import json  # noqa: PLC0415

    (tmp_path / "backup" / "Media").mkdir(parents=True)
    names = ["Media/a+b.opus", "Media/a b.opus", "Media/100%.opus", "Media/é#?&.opus"]
    for name in names:
        (tmp_path / "backup" / name).write_bytes(name.encode())
    said = {"email": "ann@example.org", "access_token": "ya29.ann"}
    (tmp_path / "account.json").write_text(json.dumps(said))
    with Emulator(tmp_path) as emulator:
        source = connect("backup", emulator, Secret("ya29.ann"))
        for entry in entries_of(source):
            with source.open(entry) as stream:
                assert stream.read(100) == entry.stored_as.encode()
        assert {entry.stored_as for entry in entries_of(source)} == set(names)
