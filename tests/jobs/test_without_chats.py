"""Remote sources without a database of chats, and with files that cannot be fetched."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gdrive_wa import Secret, connect, open_archive, restore
from gdrive_wa.core.progress import Silent
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.sources.base import WITHOUT_CHATS
from tests.archive.phone import recording

VOICE = "Media/WhatsApp Voice Notes/202409/PTT-20240301-WA0001.opus"


class Said(Silent):
    """Records the messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize("source", ["drive", "appdata"])
def test_missing_databases_of_a_remote_folder_are_reported_once_with_a_hint(
    tmp_path: Path, source: str
) -> None:
    path = tmp_path / "backup" / VOICE
    path.parent.mkdir(parents=True)
    path.write_bytes(recording(1))
    account: dict[str, object] = {
        "email": "ann@example.org",
        "access_token": "ya29.ann",
        "number": "15550100",
        "appdata": "names",
        "my_drive": {"Stuff": "backup"},
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    said = Said()
    with Emulator(tmp_path) as emulator:
        folder = "Stuff" if source == "drive" else None
        opened = connect(source, endpoint=emulator.root, token=Secret("ya29.ann"), folder=folder)
        report = restore(opened, tmp_path / "out", progress=said)
        opened.close()
    assert said.lines[0].startswith("no chat database was found: the voice notes keep")
    [failed] = report.failed
    assert (failed.path, failed.hints) == ("Databases/msgstore.db", WITHOUT_CHATS[source])
    assert "no chat database" not in str(failed.reason)
    assert [str(note.status) for note in open_archive(tmp_path / "out").notes()] == ["unmatched"]


def test_a_file_that_a_broken_download_withheld_fails_and_is_restored_later(
    emulator: Emulator, sample: SampleAccount, tmp_path: Path
) -> None:
    def statuses() -> Counter[str]:
        source = connect(endpoint=emulator.root, token=sample.token)
        restore(source, tmp_path / "out", key=sample.key, timezone="UTC")
        source.close()
        return Counter(str(note.status) for note in open_archive(tmp_path / "out").notes())

    undisturbed = {"restored", "missing", "mismatch", "unmatched"}
    voice = next(name for name in sample.stored if "Voice Notes" in name)
    path = f"*/files/{sample.stored[voice]}"
    emulator.faults = Fault(kind=FaultKind.STATUS, status=500, path=path, media=True, times=None)
    broken = statuses()
    assert broken["failed"] == 1
    emulator.faults = None
    whole = statuses()
    assert set(whole) <= undisturbed
    assert whole["restored"] == broken["restored"] + 1
    assert whole["missing"] == broken["missing"]
