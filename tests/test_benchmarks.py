"""The benchmarks measure real work: their backups restore, and their verdicts are right."""

from __future__ import annotations

import io
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import pytest

from tests.benchmarks.measure import Measured, measure
from tests.benchmarks.page import NEEDLE
from tests.benchmarks.page import make_notes as make_page_notes
from tests.benchmarks.phone import make_notes, make_plain, make_sealed, write_digits
from tests.benchmarks.restore import restore
from tests.benchmarks.speech import distance, words_of
from tests.benchmarks.table import BUDGET, Reach, compare, enter, print_budget
from tests.benchmarks.workspace import Workspace

RUN = Measured(seconds=10, busy=5, peak=100, largest=90)


@pytest.fixture
def budget() -> Iterator[None]:
    before = BUDGET[:]
    BUDGET.clear()
    yield
    BUDGET[:] = before


def test_a_note_is_ogg_opus_of_40_kilobytes() -> None:
    first, second = make_notes(2)
    assert first.content != second.content
    assert 40_000 < len(first.content) < 42_000
    with av.open(io.BytesIO(first.content), "r") as parsed:
        assert parsed.streams.audio[0].codec_context.name == "opus"
        assert parsed.duration is not None
        assert parsed.duration / av.time_base == pytest.approx(10, abs=0.1)


def test_every_note_of_an_encrypted_backup_is_restored_and_tagged(tmp_path: Path) -> None:
    dump = make_sealed(tmp_path / "account", 3, sidecars=True)
    restore(dump, tmp_path / "archive", key=write_digits(tmp_path))
    assert list((tmp_path / "archive" / "Databases").glob("msgstore.db"))
    for path in (tmp_path / "archive" / "Voice notes").rglob("*.opus"):
        with av.open(str(path), "r") as parsed:
            tags = {**parsed.metadata, **parsed.streams.audio[0].metadata}
        assert tags["ARTIST" if "ARTIST" in tags else "artist"]


def test_copies_give_back_what_the_newest_database_lost_and_increments_what_came_later(
    tmp_path: Path,
) -> None:
    dump = make_sealed(tmp_path / "account", 150, sidecars=True, copies=2, increments=2)
    assert len(list((dump / "Databases").iterdir())) == 6
    archive = tmp_path / "archive"
    restore(dump, archive, key=write_digits(tmp_path))
    with closing(sqlite3.connect(archive / "Databases" / "msgstore.db")) as newest:
        [(known,)] = newest.execute("SELECT COUNT(*) FROM message WHERE message_type = 2")
    assert known < 90


def test_every_note_of_a_plain_folder_is_restored(tmp_path: Path) -> None:
    restore(make_plain(tmp_path / "phone", 3), tmp_path / "archive")


def test_a_note_that_is_not_restored_ends_the_benchmark(tmp_path: Path) -> None:
    phone = make_plain(tmp_path / "phone", 3)
    next(phone.rglob("*.opus")).write_bytes(b"")
    with pytest.raises(SystemExit):
        restore(phone, tmp_path / "archive")


def test_processor_time_and_memory_count_child_processes() -> None:
    child = (
        "held = bytes(range(256)) * (400 << 10); import time; time.sleep(0.5); sum(held[:1 << 22])"
    )
    program = (
        "import subprocess, sys; [p.wait() for p in [subprocess.Popen(sys.argv[1:]) for _ in '12']]"
    )
    run = measure([sys.executable, "-c", program, sys.executable, "-c", child])
    assert 100 < run.largest < 150
    if sys.platform == "linux":
        assert run.peak > 200
    assert run.busy > 0


@pytest.mark.parametrize(
    ("reach", "met"),
    [
        (Reach(wall=0.5), True),
        (Reach(wall=0.49), False),
        (Reach(wall=0.5, cpu=0.4), False),
        (Reach(wall=0.5, cpu=1, memory=100), True),
        (Reach(memory=99), False),
        (Reach(), True),
    ],
)
@pytest.mark.usefixtures("budget")
def test_a_row_is_met_when_every_figure_keeps_its_limit(reach: Reach, met: bool) -> None:
    compare("work", RUN, "peer", Measured(20, 5, 50, 50), reach)
    assert [row.met for row in BUDGET] == [met]


@pytest.mark.usefixtures("budget")
def test_the_table_shows_each_figure_beside_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    compare("decrypt", RUN, "peer", Measured(20, 5, 50, 50), Reach(wall=0.4))
    enter("installed", 160, Reach(memory=170))
    print_budget()
    printed = capsys.readouterr().out.splitlines()
    assert printed[-3].split() == [
        "decrypt",
        "peer",
        "0.50",
        "≤",
        "0.4",
        "1.00",
        "100",
        "not",
        "met",
    ]
    assert printed[-2].split() == ["installed", "-", "-", "160", "≤", "170", "met"]
    assert printed[-1].startswith("1 of 2 met")


def test_on_a_disk_nothing_is_deleted_before_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Workspace(tmp_path, in_memory=False).drop(tmp_path / "file")
    assert (tmp_path / "file").exists()
    Workspace(tmp_path, in_memory=True).drop(tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_the_word_error_rate_counts_words() -> None:
    truth = words_of("Forty of them, on 9 March. I can't!")
    assert truth == ["forty", "of", "them", "on", "nine", "march", "i", "can't"]
    assert distance(truth, words_of("40 of them on nine March I can't")) == 0
    assert distance(truth, words_of("fourteen of them nine march I can't stay")) == 3
    assert distance(truth, []) == len(truth)


def test_the_notes_of_the_page_have_words_messages_and_one_needle() -> None:
    notes = list(make_page_notes(500))
    assert len({note.chat for note in notes}) > 20
    assert {(len(note.before), len(note.after)) for note in notes} == {(3, 3)}
    assert all(len(note.words) == len((note.transcript or "").split()) for note in notes)
    assert sum(NEEDLE in (note.transcript or "") for note in notes) == 1
    assert list(make_page_notes(500)) == notes
