"""Downloads into a folder with a manifest."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from gdrive_wa.core.errors import GoneError, Interrupted, StorageError
from gdrive_wa.core.kinds import LONGEST_DATABASE
from gdrive_wa.core.model import Entry, Outcome, Report
from gdrive_wa.core.progress import Silent
from gdrive_wa.jobs.download import download
from gdrive_wa.storage.free_names import FreeNames
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest, read_manifest
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.pull import StreamRetryPolicy
from tests.transfer.faulty_source import BACKUP, MOMENT, FaultySource, StreamFault
from tests.transfer.tree import partials, times, tree


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture
def entries(faulty: FaultySource) -> list[Entry]:
    """Media with envelopes, and a database."""
    dice = random.Random(1)
    media = [faulty.put(f"Media/{n:064X}.mcrypt1", dice.randbytes(4000)) for n in range(12)]
    database = faulty.put("Databases/msgstore.db.crypt15", dice.randbytes(30_000))
    return [*(replace(entry, envelope=f"envelope of {entry.md5}") for entry in media), database]


def whole(faulty: FaultySource, entries: list[Entry]) -> dict[str, bytes]:
    """The tree that an undisturbed download leaves."""
    envelopes = {
        f"{entry.stored_as}-metadata": entry.envelope.encode()
        for entry in entries
        if entry.envelope
    }
    return tree(faulty.folder) | envelopes


def names(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.path for outcome in outcomes)


def test_the_stored_tree_with_its_envelopes(
    faulty: FaultySource, entries: list[Entry], dest: Path
) -> None:
    report = download(faulty, entries, dest)
    assert tree(dest) == whole(faulty, entries)
    assert names(report.done) == sorted(entry.path for entry in entries)
    assert (report.skipped, report.failed) == ([], [])
    assert report.bytes == sum(entry.size or 0 for entry in entries)
    assert set(times(dest).values()) == {int(MOMENT.timestamp()) * 10**9}
    assert partials(dest) == []
    assert all((dest / name).stat().st_mode & 0o777 == 0o600 for name in tree(dest))


def test_the_manifest_lists_every_file(
    faulty: FaultySource, entries: list[Entry], dest: Path
) -> None:
    download(faulty, entries, dest)
    records = {record.path: record for record in read_manifest(dest)}
    assert set(records) == set(tree(dest))
    for name, content in tree(dest).items():
        assert records[name].sha256 == hashlib.sha256(content).hexdigest()
        assert records[name].size == len(content)
        assert Manifest(dest).intact(records[name])
    for entry in entries:
        assert records[entry.stored_as].stored_as == entry.stored_as
        assert records[entry.stored_as].source_md5 == entry.md5


def test_a_second_run_requests_nothing(
    faulty: FaultySource, entries: list[Entry], dest: Path
) -> None:
    download(faulty, entries, dest)
    before = times(dest)
    faulty.opened.clear()
    report = download(faulty, entries, dest)
    assert not faulty.opened
    assert {outcome.reason for outcome in report.skipped} == {"already there, verified"}
    assert len(report.skipped) == len(entries)
    assert (report.done, report.bytes) == ([], 0)
    assert times(dest) == before


def test_a_dry_run_reports_what_it_would_fetch(
    faulty: FaultySource, entries: list[Entry], dest: Path
) -> None:
    report = download(faulty, entries, dest, dry_run=True)
    assert {outcome.path: outcome.bytes for outcome in report.done} == {
        entry.path: entry.size for entry in entries
    }
    assert report.bytes == sum(entry.size or 0 for entry in entries)
    assert not dest.exists()
    assert not faulty.opened
    download(faulty, entries[:5], dest)
    again = download(faulty, entries, dest, dry_run=True)
    assert (len(again.done), len(again.skipped)) == (len(entries) - 5, 5)


def test_a_failed_entry_is_named_and_fetched_next_time(
    faulty: FaultySource, entries: list[Entry], dest: Path
) -> None:
    lost = entries[4]
    gone = GoneError(f"{lost.stored_as} is no longer stored")
    faulty.faults[lost.stored_as] = [StreamFault(refuse=gone)]
    report = download(faulty, entries, dest)
    (outcome,) = report.failed
    assert (outcome.path, outcome.reason) == (lost.path, gone.message)
    assert outcome.hints == gone.hints
    assert outcome.exit_code == 4
    assert len(report.done) == len(entries) - 1
    assert lost.stored_as not in tree(dest)
    assert f"{lost.stored_as}-metadata" not in tree(dest)
    assert names(download(faulty, entries, dest).done) == [lost.path]
    assert tree(dest) == whole(faulty, entries)


class TestWhatChanged:
    @pytest.fixture(autouse=True)
    def _downloaded(self, faulty: FaultySource, entries: list[Entry], dest: Path) -> None:
        download(faulty, entries, dest)
        faulty.opened.clear()

    def test_new_bytes_replace_the_old(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        entries[-1] = faulty.put(entries[-1].stored_as, b"next month")
        report = download(faulty, entries, dest)
        assert names(report.done) == [entries[-1].path]
        assert tree(dest) == whole(faulty, entries)

    def test_a_deleted_file_is_fetched_again(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        (dest / entries[0].stored_as).unlink()
        assert names(download(faulty, entries, dest).done) == [entries[0].path]
        assert tree(dest) == whole(faulty, entries)

    def test_a_damaged_file_is_fetched_again(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        path = dest / entries[0].stored_as
        path.write_bytes(bytes(path.stat().st_size))
        assert names(download(faulty, entries, dest).done) == [entries[0].path]
        assert tree(dest) == whole(faulty, entries)

    def test_a_file_that_was_only_touched_is_not(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        (dest / entries[0].stored_as).touch()
        report = download(faulty, entries, dest)
        assert (len(report.skipped), report.done) == (len(entries), [])
        assert not faulty.opened

    def test_a_lost_or_changed_envelope_is_written_again(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        (dest / f"{entries[0].stored_as}-metadata").unlink()
        entries[1] = replace(entries[1], envelope="a new one")
        report = download(faulty, entries, dest)
        assert not faulty.opened
        assert len(report.skipped) == len(entries)
        assert tree(dest) == whole(faulty, entries)

    def test_files_missing_from_the_backup_are_kept(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        before = tree(dest)
        download(faulty, entries[:3], dest)
        assert tree(dest) == before

    def test_without_md5_the_revision_decides(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        bare = [replace(entry, md5=None) for entry in entries]
        assert download(faulty, bare, dest).done == []
        newer = [replace(entry, revision="another") for entry in bare]
        assert len(download(faulty, newer, dest).done) == len(entries)

    def test_without_md5_or_revision_it_is_fetched_again(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        bare = [replace(entry, md5=None, revision=None, modified=None) for entry in entries]
        assert len(download(faulty, bare, dest).done) == len(entries)
        assert set(tree(dest)) == set(whole(faulty, entries))

    def test_without_a_revision_size_and_time_decide(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        bare = [replace(entry, md5=None, revision=None) for entry in entries]
        download(faulty, bare, dest)
        assert download(faulty, bare, dest).done == []
        later = [replace(entry, modified=MOMENT + timedelta(days=1)) for entry in bare]
        assert len(download(faulty, later, dest).done) == len(entries)


class TestOneFolder:
    def test_equal_names_are_kept_side_by_side(self, faulty: FaultySource, dest: Path) -> None:
        twins = ["A.opus", "a.opus", "Caf\u00e9.opus", "Cafe\u0301.opus"]
        stored = {name: faulty.put(f"{n}", name.encode()) for n, name in enumerate(twins)}
        entries = [replace(entry, stored_as=name) for name, entry in stored.items()]
        download(faulty, entries, dest)
        assert sorted(tree(dest).values()) == sorted(name.encode() for name in twins)
        assert len({name.lower() for name in tree(dest)}) == 4
        before = tree(dest)
        report = download(faulty, entries[::-1], dest)
        assert (report.done, tree(dest)) == ([], before)

    def test_a_file_and_a_folder_of_one_name(self, faulty: FaultySource, dest: Path) -> None:
        one, two = faulty.put("1", b"file"), faulty.put("2", b"below")
        for first, second in (("a", "a/b"), ("c/d", "c")):
            entries = [replace(one, stored_as=first), replace(two, stored_as=second)]
            assert download(faulty, entries, dest).failed == []
        assert sorted(tree(dest)) == ["a", "a (2)/b", "c (2)", "c/d"]

    def test_a_folder_that_got_another_name_keeps_it(
        self, faulty: FaultySource, dest: Path
    ) -> None:
        names = ("a", "a/b", "a/c", "a/d/e")
        stored = [replace(faulty.put(f"{n}", b"x"), stored_as=name) for n, name in enumerate(names)]
        download(faulty, stored, dest)
        assert sorted(tree(dest)) == ["a", "a (2)/b", "a (2)/c", "a (2)/d/e"]

    def test_the_same_name_twice_loses_neither(self, faulty: FaultySource, dest: Path) -> None:
        one, two = faulty.put("1", b"one"), faulty.put("2", b"two")
        entries = [replace(one, stored_as="x.jpg"), replace(two, stored_as="x.jpg")]
        download(faulty, entries, dest)
        assert tree(dest) == {"x.jpg": b"one", "x (2).jpg": b"two"}
        assert download(faulty, entries, dest).done == []

    def test_many_equal_names_are_numbered_quickly(self, faulty: FaultySource, dest: Path) -> None:
        entry = faulty.put("1", b"one")
        report = download(faulty, [entry] * 3000, dest)
        assert len(report.done) == 3000
        assert "1 (3000)" in tree(dest)

    def test_an_entry_named_like_an_envelope_does_not_replace_it(
        self, faulty: FaultySource, dest: Path
    ) -> None:
        blob = replace(faulty.put("x.mcrypt1", b"blob"), envelope="envelope")
        other = faulty.put("x.mcrypt1-metadata", b"other")
        download(faulty, [blob, other], dest)
        assert tree(dest)["x.mcrypt1-metadata"] == b"envelope"
        assert sorted(tree(dest).values()) == [b"blob", b"envelope", b"other"]

    def test_the_users_own_file_is_not_replaced(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        own = dest / "Databases" / "msgstore.db.crypt15"
        own.parent.mkdir(parents=True)
        own.write_bytes(b"mine, from last year")
        for _ in range(2):
            download(faulty, entries, dest)
            assert own.read_bytes() == b"mine, from last year"
        theirs = dest / "Databases" / "msgstore.db (2).crypt15"
        assert theirs.read_bytes() == (faulty.folder / entries[-1].stored_as).read_bytes()

    def test_an_existing_file_with_the_right_content_is_adopted(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        for name, content in tree(faulty.folder).items():
            (dest / name).parent.mkdir(parents=True, exist_ok=True)
            (dest / name).write_bytes(content)
        report = download(faulty, entries, dest)
        assert not faulty.opened
        assert len(report.skipped) == len(entries)
        assert tree(dest) == whole(faulty, entries)
        assert {record.path for record in read_manifest(dest)} == set(tree(dest))

    def test_hostile_names_are_reported(self, faulty: FaultySource, dest: Path) -> None:
        entry = faulty.put("good", b"good")
        report = download(faulty, [entry, replace(entry, stored_as="../../x")], dest)
        (outcome,) = report.failed
        assert "leads out of its folder" in (outcome.reason or "")
        assert set(tree(dest)) == {"good"}

    def test_a_link_is_not_followed(
        self, faulty: FaultySource, entries: list[Entry], dest: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        dest.mkdir()
        (dest / "Media").symlink_to(outside)
        with pytest.raises(StorageError, match="is a symbolic link"):
            download(faulty, entries, dest)
        assert list(outside.iterdir()) == []

    def test_a_link_in_a_parent_folder_is_not_followed(self, dest: Path, tmp_path: Path) -> None:
        places = FreeNames(Tree(dest))
        (tmp_path / "outside" / "deep").mkdir(parents=True)
        dest.mkdir()
        (dest / "Media").symlink_to(tmp_path / "outside")
        for name in ("Media/deep/one", "Media/deep/two"):
            with pytest.raises(StorageError, match="is a symbolic link"):
                places.check_no_link(PurePosixPath(name))


class TestTheDisk:
    def test_too_little_free_space_is_reported_before_fetching(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        names = [f"Databases/msgstore-{number}.db.crypt15" for number in range(4096)]
        huge = [
            replace(entries[0], stored_as=name, path=name, size=LONGEST_DATABASE) for name in names
        ]
        with pytest.raises(StorageError, match="not enough free space") as caught:
            download(faulty, [*entries[1:], *huge], dest)
        assert "1,073,741,824.1 MiB needed" in caught.value.message
        assert not faulty.opened

    def test_free_space_is_needed_only_for_missing_files(
        self,
        faulty: FaultySource,
        entries: list[Entry],
        dest: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked: list[int] = []
        monkeypatch.setattr(
            "gdrive_wa.jobs.download.require_free_space", lambda _, needed: asked.append(needed)
        )
        download(faulty, entries[:4], dest)
        download(faulty, entries, dest)
        assert asked == [16_000, 62_000]

    def test_a_file_in_the_place_of_the_folder(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        dest.write_text("a file")
        with pytest.raises(StorageError, match="is a file, but a folder is needed there"):
            download(faulty, entries, dest)
        assert dest.read_text() == "a file"

    def test_a_second_run_names_the_first(
        self, faulty: FaultySource, entries: list[Entry], dest: Path
    ) -> None:
        with Manifest(dest), pytest.raises(StorageError, match="is in use by process"):
            download(faulty, entries, dest)
        assert tree(dest) == {}


class TestStopping:
    def stopped(self, faulty: FaultySource, entries: list[Entry], dest: Path, after: int) -> None:
        class Impatient(Silent):
            def check(self) -> None:
                if sum(faulty.sent.values()) >= after:
                    raise Interrupted("stopped")

        with pytest.raises(Interrupted):
            download(faulty, entries, dest, jobs=2, progress=Impatient())

    def resumed(self, faulty: FaultySource, entries: list[Entry], dest: Path) -> Report:
        faulty.opened.clear()
        faulty.sent.clear()
        return download(faulty, entries, dest)

    @pytest.mark.parametrize("after", range(0, 80_000, 7_000))
    def test_the_next_run_completes_after_a_stop_anywhere(
        self, faulty: FaultySource, entries: list[Entry], dest: Path, after: int
    ) -> None:
        if after < sum(entry.size or 0 for entry in entries):
            self.stopped(faulty, entries, dest, after)
        kept = set(tree(dest)) & {entry.stored_as for entry in entries}
        self.resumed(faulty, entries, dest)
        assert tree(dest) == whole(faulty, entries)
        assert partials(dest) == []
        assert not kept & set(faulty.opened)

    def test_what_was_verified_but_not_named_is_not_fetched_again(
        self,
        faulty: FaultySource,
        entries: list[Entry],
        dest: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def no_name(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("gdrive_wa.storage.batch.move_into_place", no_name)
            with pytest.raises(KeyboardInterrupt):
                download(faulty, entries[:1], dest)
        self.resumed(faulty, entries, dest)
        assert tree(dest) == whole(faulty, entries)
        assert entries[0].stored_as not in faulty.opened


def test_an_entry_without_size_or_md5_is_kept_with_a_warning(
    faulty: FaultySource, entries: list[Entry], dest: Path
) -> None:
    class Talk(Silent):
        lines: list[str] = []  # noqa: RUF012 - one instance

        def say(self, line: str) -> None:
            self.lines.append(line)

    bare = replace(entries[-1], md5=None, size=None)
    faulty.faults[bare.stored_as] = [StreamFault(no_total=True)]
    progress = Talk()
    report = download(faulty, [bare], dest, progress=progress)
    assert len(report.done) == 1
    assert progress.lines == [
        "Databases/msgstore.db.crypt15: not verified, because it is listed without size or checksum"
    ]


def test_an_empty_backup_is_an_empty_report(
    faulty: FaultySource, dest: Path, quick: StreamRetryPolicy
) -> None:
    report = download(faulty, faulty.entries(BACKUP), dest, retry_policy=quick)
    assert (report.done, report.skipped, report.failed) == ([], [], [])
    assert (dest / STATE_FOLDER).is_dir()
