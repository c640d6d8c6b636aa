"""The entries that a restore needs, decided from the listing alone."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdrive_wa.core.errors import MissingKeyError, UsageError
from gdrive_wa.core.kinds import Kind
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.progress import Silent
from gdrive_wa.core.selection import Selection
from gdrive_wa.jobs.plan import NothingThereError, Plan, choose, make_plan, pick_backup, require_key
from gdrive_wa.sources import open_folder
from gdrive_wa.sources.folder import Folder

BACKUP = Backup(name="clients/wa/backups/15550100", account="15550100")
VOICE = "Media/WhatsApp Voice Notes/202510/PTT-20250307-WA0000.opus"
NAMELESS = f"Media/{'A' * 64}.mcrypt1"


def entry(path: str, **more: object) -> Entry:
    return Entry(**{"stored_as": path, "path": path, "size": 1000, **more})  # type: ignore[arg-type]


def paths(plan: Plan) -> set[str]:
    return {each.path for each in plan.databases + plan.media}


LISTING = [
    entry("Databases/msgstore.db.crypt15"),
    entry("Databases/msgstore-2025-03-01.1.db.crypt15"),
    entry("Databases/wa.db.crypt15"),
    entry(VOICE),
    entry(NAMELESS),
    entry("Media/WhatsApp Images/IMG-20250307-WA0001.jpg"),
    entry("Media/.nomedia"),
]


def test_the_default_is_voice_notes_and_the_databases_that_name_them() -> None:
    plan = make_plan(BACKUP, LISTING, Selection())
    assert paths(plan) == {
        "Databases/msgstore.db.crypt15", "Databases/msgstore-2025-03-01.1.db.crypt15",
        "Databases/wa.db.crypt15", VOICE, NAMELESS,
    }  # fmt: skip


def test_all_means_everything_except_junk() -> None:
    plan = make_plan(BACKUP, LISTING, Selection(), everything=True)
    assert paths(plan) == {each.path for each in LISTING} - {"Media/.nomedia"}


def test_empty_files_are_neither_notes_nor_databases() -> None:
    empty = [entry(VOICE, size=0), entry("Databases/msgstore.db.crypt15", size=0)]
    sealed = replace(entry(NAMELESS, size=16), path=VOICE, plain_size=0)
    assert paths(make_plan(BACKUP, [*empty, sealed], Selection())) == set()


def test_a_dry_run_does_not_count_older_databases(tmp_path: Path) -> None:
    report = make_plan(BACKUP, LISTING[:3], Selection()).report(tmp_path / "out")
    assert [each.path for each in report.done] == [
        "Databases/msgstore.db.crypt15", "Databases/wa.db.crypt15",
    ]  # fmt: skip


def test_pictures_alone_need_no_database() -> None:
    plan = make_plan(BACKUP, LISTING, Selection(only=frozenset({Kind.IMAGE})))
    assert paths(plan) == {"Media/WhatsApp Images/IMG-20250307-WA0001.jpg"}


def test_dates_leave_databases_in_and_old_notes_out() -> None:
    old = entry(VOICE, modified=datetime(2025, 3, 7, tzinfo=UTC))
    selection = Selection(since=datetime(2025, 4, 1, tzinfo=UTC))
    plan = make_plan(BACKUP, [LISTING[0], old], selection)
    assert paths(plan) == {"Databases/msgstore.db.crypt15"}


def test_a_nameless_video_is_not_a_voice_note() -> None:
    plan = make_plan(BACKUP, [entry(NAMELESS, size=1 << 30)], Selection())
    assert paths(plan) == set()


def test_without_a_key_sealed_entries_stop_the_run_before_it_starts() -> None:
    with pytest.raises(MissingKeyError) as raised:
        require_key(make_plan(BACKUP, LISTING, Selection()), None)
    assert "--key-file" in raised.value.hints[0]


def test_kinds_cannot_be_chosen_without_a_key_among_sealed_names() -> None:
    sealed = [LISTING[0], replace(entry(NAMELESS), envelope="E")]
    with pytest.raises(MissingKeyError, match="the kind of 1 files is unknown") as raised:
        choose(sealed, Selection(only=frozenset({Kind.VOICE, Kind.DATABASE})), None)
    assert "--key-file" in raised.value.hints[0]
    assert choose(sealed, Selection(only=frozenset({Kind.DATABASE})), None) == sealed[:1]
    assert choose(sealed, Selection(), None) == sealed


def test_plain_names_can_be_selected_without_a_key() -> None:
    listed = [LISTING[0], entry(VOICE), entry(NAMELESS)]
    assert choose(listed, Selection(only=frozenset({Kind.VOICE})), None) == [listed[1]]


def test_a_password_is_reported_as_not_a_key() -> None:
    locked = Backup(name="x", account="x", key_type="password")
    with pytest.raises(MissingKeyError) as raised:
        require_key(make_plan(locked, LISTING, Selection()), None)
    assert "password" in raised.value.hints[0]


def test_plain_media_need_no_key() -> None:
    require_key(make_plan(BACKUP, [entry(VOICE)], Selection()), None)


@pytest.fixture
def two_accounts(tmp_path: Path) -> Path:
    """A dump of two numbers, the second the newer."""
    for number, when in (("15550100", 1_700_000_000), ("15550101", 1_750_000_000)):
        path = tmp_path / number / "Databases" / "msgstore.db.crypt15"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        os.utime(path, (when, when))
    return tmp_path


def test_the_newest_backup_is_the_default(two_accounts: Path) -> None:
    assert pick_backup(open_folder(two_accounts)).account == "15550101"


class Recorder(Silent):
    """Records the lines that it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_a_default_choice_is_reported(two_accounts: Path) -> None:
    source, recorder = open_folder(two_accounts), Recorder()
    newest = pick_backup(source, progress=recorder)
    (line,) = recorder.lines
    assert line.startswith(f"2 backups are here; this is the newest: {newest.name}")
    pick_backup(source, "15550100", progress=recorder)
    assert len(recorder.lines) == 1


def test_a_backup_that_may_be_incomplete_is_reported(two_accounts: Path) -> None:
    class Uploading(Folder):
        def backups(self) -> list[Backup]:
            return [replace(backup, unfinished=True) for backup in super().backups()]

    recorder = Recorder()
    pick_backup(Uploading(two_accounts), "15550100", progress=recorder)
    (line,) = recorder.lines
    assert "it may lack files" in line


def test_a_backup_is_picked_by_name_or_by_number_in_any_spelling(two_accounts: Path) -> None:
    source = open_folder(two_accounts)
    assert pick_backup(source, "+1 555-0100").account == "15550100"
    assert pick_backup(source, str(two_accounts / "15550100")).account == "15550100"
    with pytest.raises(UsageError, match="15550199"):
        pick_backup(source, "15550199")


def test_the_absence_of_backups_is_reported_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(NothingThereError) as raised:
        pick_backup(open_folder(tmp_path))
    assert "Databases and Media" in raised.value.hints[0]


def test_an_empty_selection_and_names_that_are_not_real_are_reported() -> None:
    recorder = Recorder()
    assert choose(LISTING, Selection(exclude=("*",)), None, progress=recorder) == []
    assert recorder.lines == ["none of the 7 files in this backup matches your selection"]
    recorder.lines.clear()
    sealed = [entry(NAMELESS, envelope="EA…")]
    assert choose(sealed, Selection(exclude=("*.jpg",)), None, progress=recorder) == sealed
    assert "without the key, 1 files" in recorder.lines[0]
    recorder.lines.clear()
    assert (
        len(choose(LISTING, Selection(only=frozenset({Kind.VOICE})), None, progress=recorder)) == 1
    )
    assert recorder.lines == [
        "files without metadata that are left out: 1; only their content would show their kind"
    ]
    recorder.lines.clear()
    choose([], Selection(), None, progress=recorder)
    choose(LISTING, Selection(), None, progress=recorder)
    assert not recorder.lines
