"""An absurd size in a listing or an endless body fails only one entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path, PurePosixPath

import pytest

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.core.kinds import LONGEST_DATABASE, LONGEST_MEDIA, LONGEST_VOICE_NOTE, Kind, longest
from gdrive_wa.core.model import Entry, Secret
from gdrive_wa.core.progress import Silent
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.google.session import Session
from gdrive_wa.google.tokens import GivenToken
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.jobs.download import download
from gdrive_wa.jobs.restore import restore
from gdrive_wa.sources.backup_service import BackupService
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.bounds import OversizedError
from gdrive_wa.transfer.partial import open_partials
from gdrive_wa.transfer.pull import StreamRetryPolicy, pull
from gdrive_wa.transfer.run_control import RunControl
from tests.http.endless import Endless
from tests.transfer.faulty_source import FaultySource, StreamFault

VOICE = "Media/WhatsApp Voice Notes/202501/PTT-20250101-WA0001.opus"


@pytest.fixture
def service(emulator: Emulator, sample: SampleAccount) -> Iterator[BackupService]:
    session = Session(GivenToken(sample.token))
    source = BackupService(session, Endpoints.at(emulator.root))
    yield source
    source.close()


def bring(source: FaultySource | BackupService, entry: Entry, folder: Path) -> None:
    partials = Tree(folder)
    open_partials(partials)
    pull(
        source,
        entry,
        partials,
        PurePosixPath(entry.stored_as),
        RunControl(Silent()),
        permanent=True,
        retry_policy=StreamRetryPolicy(base=0.001, max_pause=0.002),
    )


def test_which_sizes_are_possible() -> None:
    assert longest(Kind.VOICE) == LONGEST_VOICE_NOTE
    assert longest(Kind.UNKNOWN) == longest(Kind.VIDEO) == LONGEST_MEDIA
    assert longest(Kind.DATABASE) == LONGEST_DATABASE
    entry = Entry(stored_as=VOICE, path=VOICE, size=LONGEST_VOICE_NOTE)
    assert not entry.impossible
    assert entry.counted_size == LONGEST_VOICE_NOTE
    assert replace(entry, size=LONGEST_VOICE_NOTE + 1).counted_size == 0
    assert replace(entry, size=None).counted_size == 0


@pytest.mark.parametrize("size", [10**18 - 1, 10 * LONGEST_MEDIA])
def test_an_absurd_size_fails_only_its_entry(
    service: BackupService, emulator: Emulator, sample: SampleAccount, tmp_path: Path, size: int
) -> None:
    stored = next(name for name in sample.stored.values() if name.endswith(".mcrypt1"))
    emulator.faults = Fault(
        kind=FaultKind.EDIT,
        path="*/files",
        entry=f"*{stored}",
        set={"sizeBytes": str(size)},
        times=None,
    )
    entries = list(service.entries(service.backups()[0]))
    for report in (
        download(service, entries, tmp_path / "blobs"),
        restore(service, tmp_path / "archive", key=sample.key, everything=True),
    ):
        (failed,) = report.failed
        assert f"{size:,} bytes" in (failed.reason or "")
        assert failed.exit_code == NetworkError.exit_code
        assert len(report.done) == len(entries) - 1
    assert not download(service, entries, tmp_path / "dry", dry_run=True).bytes >= size


@pytest.mark.parametrize("no_total", [True, False], ids=["unsaid", "claimed"])
def test_an_entry_without_a_listed_size_is_bounded(
    faulty: FaultySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_total: bool
) -> None:
    monkeypatch.setattr("gdrive_wa.transfer.bounds.LONGEST_UNLISTED", 2 << 20)
    entry = replace(faulty.put("Media/a.mcrypt1", bytes(5 << 20)), size=None)
    faulty.faults[entry.stored_as] = [StreamFault(no_total=no_total)]
    with pytest.raises(OversizedError, match="has no size for"):
        bring(faulty, entry, tmp_path / "partial")
    assert faulty.opened[entry.stored_as] == 1
    assert faulty.sent[entry.stored_as] <= (3 << 20 if no_total else 0)
    assert sum(file.stat().st_size for file in (tmp_path / "partial").iterdir()) == 0


def test_an_entry_without_a_listed_size_uses_at_most_half_of_the_disk(
    faulty: FaultySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gdrive_wa.transfer.bounds.FREE_SHARE", 1 << 60)
    entry = replace(faulty.put("Databases/msgstore.db.crypt15", bytes(2 << 20)), size=None)
    with pytest.raises(OversizedError):
        bring(faulty, entry, tmp_path / "partial")


def test_a_usual_voice_note_is_not_to_blame_for_a_disk_that_is_nearly_full(
    faulty: FaultySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gdrive_wa.transfer.bounds.FREE_SHARE", 1 << 60)
    entry = replace(faulty.put("Media/a.mcrypt1", bytes(40_000)), size=None)
    bring(faulty, entry, tmp_path / "partial")
    assert [file.stat().st_size for file in (tmp_path / "partial").iterdir()] == [40_000]


def endless_body() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    yield from repeat(bytes(1 << 20))


def test_an_endless_body_does_not_fill_the_disk(tmp_path: Path) -> None:
    entry = Entry(stored_as=VOICE, path=VOICE, locator=f"clients/wa/backups/1/files/{VOICE}")
    with Endless(endless_body) as server:
        session = Session(GivenToken(Secret("token")))
        source = BackupService(session, Endpoints.at(server.root))
        with pytest.raises(OversizedError, match="67,108,864 bytes"):
            bring(source, entry, tmp_path / "partial")
        source.close()
