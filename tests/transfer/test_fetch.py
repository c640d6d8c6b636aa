"""Many entries at once: in order of completion, bounded, and independent of each other."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gdrive_wa.core.errors import (
    ChecksumError,
    CredentialsError,
    GoneError,
    Interrupted,
    NetworkError,
    StorageError,
    UnsafeNameError,
)
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Silent
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.transfer import fetch as transfer
from gdrive_wa.transfer.fetch import JOBS, Fetched
from gdrive_wa.transfer.pool import AHEAD
from gdrive_wa.transfer.pull import StreamRetryPolicy
from tests.transfer.faulty_source import BACKUP, FaultySource, StreamFault
from tests.transfer.tree import partials, tree
from tests.waiting import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "staging"


def fetch(*arguments: Any, **options: Any) -> Generator[Fetched, None, None]:
    """The fetched entries by name; idle ticks are left out."""
    with closing(transfer.fetch(*arguments, **options)) as results:
        for fetched in results:
            if fetched is not None:
                fetched.keep()
                yield fetched


def was_there(fetched: Fetched) -> bool:
    return fetched.path == str(fetched.kept) and fetched.fetched_bytes == 0


def fill(faulty: FaultySource, count: int) -> list[Entry]:
    return [faulty.put(f"Media/{n:04}.mcrypt1", b"%d " % n * 50) for n in range(count)]


def test_every_blob_arrives_under_its_stored_name(faulty: FaultySource, folder: Path) -> None:
    entries = fill(faulty, 40)
    for fetched in fetch(faulty, entries, folder):
        assert fetched.error is None
        assert fetched.kept == folder / fetched.entry.stored_as
        assert fetched.fetched_bytes == fetched.entry.size
        assert not was_there(fetched)
    assert tree(folder) == tree(faulty.folder)
    assert partials(folder) == []


def test_an_empty_file_without_a_listed_md5_is_fetched(faulty: FaultySource, folder: Path) -> None:
    entries = [replace(faulty.put(name, b""), md5=None) for name in ("Media/a", "Media/b")]
    done = list(fetch(faulty, entries, folder))
    assert [each.error for each in done] == [None, None]
    assert tree(folder) == tree(faulty.folder)


def test_jobs_limits_the_number_of_open_streams(faulty: FaultySource, folder: Path) -> None:
    entries = fill(faulty, 30)
    together = threading.Barrier(3)

    def wait_for_the_others() -> None:
        together.wait(60)  # no stream goes on before three are open
        time.sleep(0.002)

    for entry in entries:
        faulty.faults[entry.stored_as] = [StreamFault(before_read=wait_for_the_others)]
    list(fetch(faulty, entries, folder, jobs=3))
    assert faulty.most_open == 3


def test_a_quick_entry_does_not_wait_for_a_slow_one(faulty: FaultySource, folder: Path) -> None:
    entries = fill(faulty, 10)
    others_done = threading.Event()
    faulty.faults[entries[0].stored_as] = [StreamFault(before_read=lambda: others_done.wait(120))]
    order = []
    for fetched in fetch(faulty, entries, folder, jobs=2):
        order.append(fetched.entry)
        if len(order) == 9:
            others_done.set()
    assert order[-1] == entries[0]
    assert sorted(order, key=lambda entry: entry.stored_as) == entries


def test_a_failing_entry_is_reported_and_does_not_stop_others(
    faulty: FaultySource, folder: Path, quick: StreamRetryPolicy
) -> None:
    entries = fill(faulty, 20)
    faulty.faults[entries[3].stored_as] = [StreamFault(refuse=GoneError("3 is no longer stored"))]
    faulty.faults[entries[7].stored_as] = [
        StreamFault(flip=1),
        StreamFault(flip=2),
        StreamFault(flip=3),
    ]
    done = list(fetch(faulty, entries, folder, retry_policy=quick))
    errors = {each.entry: each.error for each in done if each.error}
    assert isinstance(errors.pop(entries[3]), GoneError)
    assert isinstance(errors.pop(entries[7]), ChecksumError)
    assert errors == {}
    assert len(done) == 20
    assert len(tree(folder)) == 18


def test_a_hostile_name_is_refused_and_does_not_stop_the_rest(
    faulty: FaultySource, folder: Path
) -> None:
    good = faulty.put("good", b"good")
    names = ["../../x", "/etc/x", "C:\\x", "a/../../b", "..\\x", "nul\0", "", "."]
    bad = [Entry(stored_as=name, path=name, locator=good.locator) for name in names]
    done = list(fetch(faulty, [*bad, good], folder))
    assert [each.entry for each in done if each.error is None] == [good]
    assert all(isinstance(each.error, UnsafeNameError | None) for each in done)
    assert set(tree(folder.parent)) == {"source/good", "staging/good"}


def test_our_own_state_cannot_be_named_by_a_backup(faulty: FaultySource, folder: Path) -> None:
    entry = faulty.put("x", b"x")
    hostile = Entry(stored_as=".GDRIVE-WA/manifest.jsonl", path="x", locator=entry.locator)
    (fetched,) = fetch(faulty, [hostile], folder)
    assert fetched.kept is not None
    top = fetched.kept.relative_to(folder).parts[0]
    assert top.lower().endswith(".gdrive-wa")
    assert top.lower() != ".gdrive-wa"


def test_a_slow_consumer_limits_the_workers(faulty: FaultySource, folder: Path) -> None:
    entries = fill(faulty, 3 * AHEAD)
    results = fetch(faulty, entries, folder, jobs=4)
    next(results)
    until = time.monotonic() + 120
    while sum(faulty.opened.values()) < AHEAD and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.1)
    assert AHEAD <= sum(faulty.opened.values()) <= AHEAD + 4 + 1
    assert len(list(results)) == len(entries) - 1


def test_large_blobs_pause_the_workers_earlier(
    faulty: FaultySource, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gdrive_wa.transfer.pool.HEAVIEST", 2_500_000)
    entries = [faulty.put(f"big-{n}", bytes(1_000_000)) for n in range(20)]
    results = fetch(faulty, entries, folder, jobs=2)
    next(results)
    time.sleep(0.4)
    assert len(tree(folder)) <= 1 + 3 + 2
    assert len(list(results)) == 19


def test_entries_are_read_as_they_are_needed(faulty: FaultySource, folder: Path) -> None:
    entries = fill(faulty, 3 * AHEAD)
    asked = 0

    def listing() -> Iterator[Entry]:
        nonlocal asked
        for entry in entries:
            asked += 1
            yield entry

    results = fetch(faulty, listing(), folder, jobs=2)
    next(results)
    assert asked <= AHEAD + 3
    results.close()


def test_a_hundred_thousand_waiting_entries_use_little_memory(
    faulty: FaultySource, folder: Path
) -> None:
    def listing(count: int) -> Iterator[Entry]:
        for n in range(count):
            yield Entry(stored_as=f"../{n}", path="", envelope="e" * 500)

    def peak(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        assert sum(1 for _ in fetch(faulty, listing(count), folder)) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(10_000) < peak(1_000) + 500_000


class TestStopping:
    def test_the_user_can_stop_and_continue(self, faulty: FaultySource, folder: Path) -> None:
        entries = fill(faulty, 200)

        class Impatient(Silent):
            stopped = False

            def check(self) -> None:
                if self.stopped:
                    raise Interrupted("stopped")

        progress = Impatient()
        seen = set()

        def run() -> None:
            for fetched in fetch(faulty, entries, folder, jobs=2, progress=progress):
                seen.add(fetched.entry)
                progress.stopped = len(seen) >= 5

        with pytest.raises(Interrupted):
            run()
        assert 5 <= len(seen) < 200
        before = sum(faulty.opened.values())
        done = list(fetch(faulty, entries, folder))
        assert tree(folder) == tree(faulty.folder)
        # Complete blobs are only verified, and nothing is requested twice.
        assert sum(each.fetched_bytes > 0 for each in done) == sum(faulty.opened.values()) - before
        assert sum(faulty.sent.values()) == sum(entry.size or 0 for entry in entries)
        assert {each.entry for each in done if was_there(each)} >= seen

    def test_leaving_the_loop_ends_the_threads(self, faulty: FaultySource, folder: Path) -> None:
        others = set(threading.enumerate())
        for _ in fetch(faulty, fill(faulty, 50), folder):
            break
        gc.collect()
        assert not set(threading.enumerate()) - others

    def test_a_hanging_thread_does_not_block_the_rest(
        self, faulty: FaultySource, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gdrive_wa.transfer.pool.LEAVE_SECONDS", 0.1)
        entries = fill(faulty, 2)
        release = threading.Event()
        faulty.faults[entries[0].stored_as] = [StreamFault(before_read=lambda: release.wait(200))]
        others = set(threading.enumerate())
        results = fetch(faulty, entries, folder, jobs=2)
        assert next(results).entry == entries[1]
        started = time.monotonic()
        results.close()
        assert time.monotonic() - started < 100
        (part,) = (folder / STATE_FOLDER / "partial").glob("*.part")
        release.set()
        for thread in set(threading.enumerate()) - others:
            thread.join(60)
        assert part.read_bytes() == b"", "the next run may have it in its hands already"
        assert set(tree(folder)) == {entries[1].stored_as}

    def test_a_login_refused_for_all_ends_the_run(self, faulty: FaultySource, folder: Path) -> None:
        entries = fill(faulty, 3 * AHEAD)
        for entry in entries[10:]:
            refusal = CredentialsError("Google does not accept this login")
            faulty.faults[entry.stored_as] = [StreamFault(refuse=refusal)]
        with pytest.raises(CredentialsError):
            list(fetch(faulty, entries, folder))
        # Each good one may follow two refusals; threads are only a little ahead.
        assert sum(faulty.opened.values()) <= 10 * 3 + 3 + AHEAD + JOBS
        assert set(tree(folder)) <= {entry.stored_as for entry in entries[:10]}

    def test_a_dead_connection_ends_the_run(self, faulty: FaultySource, folder: Path) -> None:
        entries = fill(faulty, 3 * AHEAD)
        for entry in entries[10:]:
            faulty.faults[entry.stored_as] = [StreamFault(refuse=NetworkError("cannot be reached"))]

        def until_the_line_dies() -> Iterator[Entry]:
            yield from entries[:10]
            wait_until(lambda: len(partials(folder)) == 10)
            yield from entries[10:]

        with pytest.raises(NetworkError):
            list(fetch(faulty, until_the_line_dies(), folder))
        assert sum(faulty.opened.values()) <= 10 + 48 + AHEAD + JOBS
        assert len(tree(folder)) <= 10

    def test_many_vanished_files_do_not_end_the_run(
        self, faulty: FaultySource, folder: Path
    ) -> None:
        entries = fill(faulty, 200)
        for entry in entries[:-1]:
            faulty.faults[entry.stored_as] = [StreamFault(refuse=GoneError("is no longer stored"))]
        assert [each.entry for each in fetch(faulty, entries, folder) if each.path] == entries[-1:]

    def test_a_single_forbidden_entry_does_not_end_the_run(
        self, faulty: FaultySource, folder: Path
    ) -> None:
        entries = fill(faulty, 20)
        faulty.faults[entries[4].stored_as] = [StreamFault(refuse=CredentialsError("refused"))]
        assert sum(each.error is None for each in fetch(faulty, entries, folder)) == 19


class TestWhatIsThereAlready:
    def test_a_verified_blob_is_handed_over_without_a_request(
        self, faulty: FaultySource, folder: Path
    ) -> None:
        entries = fill(faulty, 5)
        list(fetch(faulty, entries, folder))
        faulty.opened.clear()
        done = list(fetch(faulty, entries, folder))
        assert all(was_there(each) for each in done)
        assert not faulty.opened

    def test_other_bytes_are_replaced(self, faulty: FaultySource, folder: Path) -> None:
        (entry,) = fill(faulty, 1)
        list(fetch(faulty, [entry], folder))
        assert entry.size is not None
        (folder / entry.stored_as).write_bytes(bytes(entry.size))
        list(fetch(faulty, [entry], folder))
        assert tree(folder) == tree(faulty.folder)

    def test_a_link_out_of_the_folder_is_not_followed(
        self, faulty: FaultySource, folder: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        folder.mkdir()
        (folder / "Media").symlink_to(outside)
        with pytest.raises(StorageError, match="is a symbolic link"):
            list(fetch(faulty, fill(faulty, 3), folder))
        assert list(outside.iterdir()) == []

    def test_a_link_in_a_blobs_place_is_replaced_not_followed(
        self, faulty: FaultySource, folder: Path, tmp_path: Path
    ) -> None:
        entry = faulty.put("blob", b"content")
        outside = tmp_path / "outside"
        outside.write_bytes(b"private")
        folder.mkdir()
        (folder / "blob").symlink_to(outside)
        list(fetch(faulty, [entry], folder))
        assert outside.read_bytes() == b"private"
        assert (folder / "blob").read_bytes() == b"content"
        assert not (folder / "blob").is_symlink()


def test_a_listing_can_be_fetched_as_it_arrives(faulty: FaultySource, folder: Path) -> None:
    fill(faulty, 5)
    assert len(list(fetch(faulty, faulty.entries(BACKUP), folder))) == 5
