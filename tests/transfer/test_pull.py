"""One entry against a stream that misbehaves."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from gdrive_wa.core.errors import (
    ChecksumError,
    GoneError,
    Interrupted,
    NetworkError,
    TruncatedError,
)
from gdrive_wa.core.model import Entry
from gdrive_wa.core.progress import Silent
from gdrive_wa.storage.tree import Tree
from gdrive_wa.transfer.partial import open_partials, partial_stem
from gdrive_wa.transfer.pull import Pulled, StreamRetryPolicy, pull
from gdrive_wa.transfer.run_control import RunControl
from tests.transfer.faulty_source import FaultySource, StreamFault

NAME = "Media/a.mcrypt1"
CONTENT = random.Random(4).randbytes(3 << 20)
MIB = 1 << 20


@pytest.fixture
def entry(faulty: FaultySource) -> Entry:
    return faulty.put(NAME, CONTENT)


class Bench:
    """Pulls into one folder of partial files, like several runs."""

    def __init__(self, faulty: FaultySource, folder: Path, retry_policy: StreamRetryPolicy) -> None:
        self.faulty, self.folder, self.retry_policy = faulty, folder, retry_policy

    def __call__(self, entry: Entry, *faults: StreamFault) -> Pulled:
        self.faulty.faults[entry.stored_as] = list(faults)
        self.faulty.opened.clear()
        self.faulty.offsets.clear()
        self.faulty.sent.clear()
        open_partials(Tree(self.folder))
        control = RunControl(Silent())
        target = PurePosixPath(entry.stored_as)
        return pull(
            self.faulty,
            entry,
            Tree(self.folder),
            target,
            control,
            permanent=True,
            retry_policy=self.retry_policy,
        )

    def part(self, entry: Entry) -> Path:
        return self.folder / f"{partial_stem(PurePosixPath(entry.stored_as))}.part"

    def note(self, entry: Entry) -> Path:
        return self.folder / f"{partial_stem(PurePosixPath(entry.stored_as))}.json"


@pytest.fixture
def bench(faulty: FaultySource, tmp_path: Path, quick: StreamRetryPolicy) -> Bench:
    return Bench(faulty, tmp_path / "partial", quick)


def test_an_undisturbed_stream_is_read_once(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry)
    assert Path(pulled.path).read_bytes() == CONTENT
    assert pulled.size == pulled.fetched == len(CONTENT)
    assert pulled.md5 == entry.md5
    assert pulled.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert bench.faulty.opened[NAME] == 1
    assert entry.modified is not None
    assert pulled.mtime_ns == entry.modified.timestamp() * 1e9
    assert Path(pulled.path).stat().st_mode & 0o777 == 0o600


def test_a_broken_stream_is_resumed_where_it_broke(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry, StreamFault(breaks=MIB), StreamFault(breaks=MIB + 5))
    assert Path(pulled.path).read_bytes() == CONTENT
    assert bench.faulty.offsets[NAME] == [0, MIB, 2 * MIB + 5]
    assert pulled.fetched == len(CONTENT)


def test_a_stream_that_ends_early_is_resumed(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry, StreamFault(ends=1000, no_total=True))
    assert Path(pulled.path).read_bytes() == CONTENT
    assert bench.faulty.offsets[NAME] == [0, 1000]


def test_a_source_that_cannot_resume_begins_again(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry, StreamFault(breaks=MIB), StreamFault(whole=True))
    assert Path(pulled.path).read_bytes() == CONTENT
    assert pulled.fetched == len(CONTENT) + MIB


def test_a_stream_at_a_wrong_offset_is_not_used(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry, StreamFault(breaks=MIB), StreamFault(start=500))
    assert Path(pulled.path).read_bytes() == CONTENT
    assert bench.faulty.offsets[NAME] == [0, MIB, MIB]


def test_corrupted_bytes_are_fetched_again(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry, StreamFault(flip=77))
    assert Path(pulled.path).read_bytes() == CONTENT
    assert bench.faulty.offsets[NAME] == [0, 0]


def test_corruption_before_a_break_does_not_survive_it(bench: Bench, entry: Entry) -> None:
    pulled = bench(entry, StreamFault(flip=77, breaks=MIB))
    assert Path(pulled.path).read_bytes() == CONTENT
    assert bench.faulty.offsets[NAME] == [0, MIB, 0]


def test_bytes_that_never_match_end_as_a_checksum_error(bench: Bench, entry: Entry) -> None:
    with pytest.raises(ChecksumError) as caught:
        bench(entry, *(StreamFault(flip=n) for n in range(9)))
    assert caught.value.message == "the MD5 of 'Media/a.mcrypt1' differs from the listing"
    assert bench.faulty.opened[NAME] == bench.retry_policy.complete_downloads


def test_the_same_wrong_bytes_twice_are_not_asked_for_again(bench: Bench, entry: Entry) -> None:
    with pytest.raises(ChecksumError):
        bench(replace(entry, md5="0" * 32))
    assert bench.faulty.opened[NAME] == 2


def test_a_wrong_blob_leaves_nothing_to_resume_from(bench: Bench, entry: Entry) -> None:
    with pytest.raises(ChecksumError):
        bench(entry, *(StreamFault(flip=n) for n in range(9)))
    assert bench(entry).fetched == len(CONTENT)


def test_streams_that_always_break_end_as_a_network_error(bench: Bench, entry: Entry) -> None:
    with pytest.raises(NetworkError):
        bench(entry, *[StreamFault(breaks=0)] * 20)
    assert bench.faulty.opened[NAME] == bench.retry_policy.attempts


def test_streams_that_break_but_progress_are_completed(bench: Bench, entry: Entry) -> None:
    retry_policy = replace(bench.retry_policy, attempts=2, min_progress=300_000)
    bench.retry_policy = retry_policy
    pulled = bench(entry, *[StreamFault(breaks=300_000)] * 20)
    assert Path(pulled.path).read_bytes() == CONTENT
    assert bench.faulty.opened[NAME] == 11


def test_a_server_with_less_data_than_listed_is_not_retried_forever(
    bench: Bench, entry: Entry
) -> None:
    short = StreamFault(content=CONTENT[:-1], whole=True)
    with pytest.raises(TruncatedError) as caught:
        bench(entry, *[short] * 20)
    assert caught.value.message == "'Media/a.mcrypt1' ended after 3145727 of 3145728 bytes"
    assert bench.faulty.opened[NAME] == bench.retry_policy.attempts


def test_more_bytes_than_listed_are_refused(bench: Bench, entry: Entry) -> None:
    endless = [StreamFault(content=CONTENT + bytes([n]) * 9 * MIB) for n in range(9)]
    with pytest.raises(ChecksumError) as caught:
        bench(entry, *endless)
    assert "instead of the listed 3145728" in caught.value.message
    assert bench.faulty.sent[NAME] <= bench.retry_policy.complete_downloads * (len(CONTENT) + MIB)


def test_a_connection_that_breaks_after_the_last_byte_loses_nothing(
    bench: Bench, entry: Entry
) -> None:
    pulled = bench(entry, StreamFault(breaks=len(CONTENT)))
    assert pulled.fetched == len(CONTENT)
    assert bench.faulty.opened[NAME] == 1


@pytest.mark.parametrize("error", [GoneError("a is no longer stored"), NetworkError("no")])
def test_errors_that_a_source_has_retried_are_not_retried_again(
    bench: Bench, entry: Entry, error: NetworkError
) -> None:
    with pytest.raises(type(error)):
        bench(entry, StreamFault(refuse=error))
    assert bench.faulty.opened[NAME] == 1


class TestAcrossRuns:
    """The first run is stopped after a while; the second one is tested."""

    @pytest.fixture(autouse=True)
    def _stopped(self, bench: Bench, entry: Entry) -> None:
        with pytest.raises(Interrupted):
            bench(entry, StreamFault(breaks=2 * MIB), StreamFault(refuse=Interrupted("stopped")))
        assert bench.part(entry).stat().st_size == 2 * MIB

    def test_existing_bytes_are_not_fetched_again(self, bench: Bench, entry: Entry) -> None:
        pulled = bench(entry)
        assert Path(pulled.path).read_bytes() == CONTENT
        assert pulled.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert bench.faulty.offsets[NAME] == [2 * MIB]
        assert pulled.fetched == MIB

    def test_without_a_checkpoint_nothing_is_trusted(self, bench: Bench, entry: Entry) -> None:
        bench.note(entry).unlink()
        assert bench(entry).fetched == len(CONTENT)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "null",
            "[]",
            "{}",
            '{"length": "x"}',
            '{"length": Infinity, "length_md5": "x"}',
            "\0" * 50,
        ],
    )
    def test_a_damaged_checkpoint_is_not_trusted(
        self, bench: Bench, entry: Entry, text: str
    ) -> None:
        bench.note(entry).write_text(text)
        assert bench(entry).fetched == len(CONTENT)

    def test_bytes_that_changed_on_the_disk_are_not_trusted(
        self, bench: Bench, entry: Entry
    ) -> None:
        with bench.part(entry).open("r+b") as file:
            file.seek(9)
            file.write(b"?")
        assert bench(entry).fetched == len(CONTENT)

    def test_unverified_bytes_are_discarded(self, bench: Bench, entry: Entry) -> None:
        with bench.part(entry).open("ab") as file:
            file.write(b"rubbish")
        assert Path(bench(entry).path).read_bytes() == CONTENT
        assert bench.faulty.offsets[NAME] == [2 * MIB]

    def test_a_partial_file_that_lost_bytes_is_not_trusted(
        self, bench: Bench, entry: Entry
    ) -> None:
        with bench.part(entry).open("r+b") as file:
            file.truncate(MIB)
        assert bench(entry).fetched == len(CONTENT)

    def test_another_revision_starts_from_nothing(self, bench: Bench) -> None:
        changed = bench.faulty.put(NAME, CONTENT[::-1])
        pulled = bench(changed)
        assert Path(pulled.path).read_bytes() == CONTENT[::-1]
        assert bench.faulty.offsets[NAME] == [0]

    def test_a_complete_partial_file_needs_no_request(self, bench: Bench, entry: Entry) -> None:
        bench.part(entry).write_bytes(CONTENT)
        bench.note(entry).unlink()
        assert bench(entry).fetched == 0
        assert bench.faulty.opened[NAME] == 0

    def test_a_complete_partial_file_with_other_bytes_is_discarded(
        self, bench: Bench, entry: Entry
    ) -> None:
        bench.part(entry).write_bytes(CONTENT[::-1])
        assert Path(bench(entry).path).read_bytes() == CONTENT


class TestWithoutMd5:
    """The listing does not give an MD5."""

    @pytest.fixture
    def bare(self, entry: Entry) -> Entry:
        return replace(entry, md5=None)

    def test_the_size_decides(self, bench: Bench, bare: Entry) -> None:
        pulled = bench(bare)
        assert Path(pulled.path).read_bytes() == CONTENT
        assert not pulled.unverified

    def test_without_a_size_the_stream_decides(self, bench: Bench, bare: Entry) -> None:
        pulled = bench(replace(bare, size=None))
        assert Path(pulled.path).read_bytes() == CONTENT
        assert not pulled.unverified

    def test_without_any_length_the_end_of_the_stream_is_the_end(
        self, bench: Bench, bare: Entry
    ) -> None:
        pulled = bench(replace(bare, size=None), StreamFault(no_total=True))
        assert Path(pulled.path).read_bytes() == CONTENT
        assert pulled.unverified

    def test_other_bytes_behind_the_same_name_are_not_mixed(
        self, bench: Bench, bare: Entry
    ) -> None:
        other = CONTENT[::-1]
        pulled = bench(
            bare,
            StreamFault(breaks=MIB, revision="one"),
            StreamFault(content=other, revision="two"),
            StreamFault(content=other, revision="two"),
        )
        assert Path(pulled.path).read_bytes() == other

    def test_another_length_means_other_bytes(self, bench: Bench, bare: Entry) -> None:
        other = CONTENT[::-1] + b"more"
        pulled = bench(
            replace(bare, size=None),
            StreamFault(breaks=MIB),
            StreamFault(content=other),
            StreamFault(content=other),
        )
        assert Path(pulled.path).read_bytes() == other

    def test_a_known_revision_is_resumed_across_runs(self, bench: Bench, bare: Entry) -> None:
        with pytest.raises(Interrupted):
            bench(bare, StreamFault(breaks=MIB), StreamFault(refuse=Interrupted("stopped")))
        assert bench(bare).fetched == len(CONTENT) - MIB

    def test_an_unknown_revision_is_never_resumed_across_runs(
        self, bench: Bench, bare: Entry
    ) -> None:
        unknown = replace(bare, revision=None, modified=None)
        with pytest.raises(Interrupted):
            bench(unknown, StreamFault(breaks=MIB), StreamFault(refuse=Interrupted("stopped")))
        assert bench(unknown).fetched == len(CONTENT)

    def test_verified_but_not_yet_named_is_not_fetched_again(
        self, bench: Bench, bare: Entry
    ) -> None:
        bench(bare)
        assert bench(bare).fetched == 0


def test_an_empty_entry_is_an_empty_file(bench: Bench) -> None:
    entry = bench.faulty.put("empty", b"")
    pulled = bench(entry)
    assert Path(pulled.path).read_bytes() == b""
    assert pulled.size == 0
