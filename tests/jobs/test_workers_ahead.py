"""Workers for a large folder are started before the run needs memory, and always ended."""

from __future__ import annotations

import errno
import os
import sys
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gdrive_wa.core.progress import Silent
from gdrive_wa.jobs.executors import MANY, Opener
from gdrive_wa.jobs.opening import Opening
from gdrive_wa.jobs.workers import WorkerPool
from gdrive_wa.jobs.workers_ahead import workers_ahead
from gdrive_wa.sources.folder import Folder
from gdrive_wa.sources.scan import has_names

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no process is copied elsewhere")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runner itself has a thread, which a copy of this process can do without."""
    monkeypatch.setattr("gdrive_wa.jobs.workers_ahead.may_fork", lambda: True)
    monkeypatch.setattr("gdrive_wa.jobs.workers.may_fork", lambda: True)


@pytest.fixture
def large(tmp_path: Path) -> Folder:
    folder = tmp_path / "phone" / "Media"
    folder.mkdir(parents=True)
    for number in range(2 * MANY):
        (folder / f"{number}.opus").touch()
    return Folder(folder.parent)


def test_a_large_folder_gets_workers_that_open_its_files_and_end(
    large: Folder, tmp_path: Path
) -> None:
    with workers_ahead(large, tmp_path / "new", 2, unless=False) as ahead:
        assert ahead is not None
        with Opener(Opening.at(str(tmp_path), None), Silent(), jobs=2) as opener:
            opener.expect(MANY, ahead)
            assert opener._workers is ahead
            worker = ahead.submit(os.getpid).result()
            assert worker != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_workers_end_when_the_listing_fails(large: Folder, tmp_path: Path) -> None:
    context = workers_ahead(large, tmp_path / "new", 2, unless=False)
    ahead = context.__enter__()
    assert ahead is not None
    worker = ahead.submit(os.getpid).result()
    error = ValueError("the listing")
    context.__exit__(ValueError, error, None)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_no_workers_without_certain_work(large: Folder, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    cases = [
        (Folder(small), tmp_path / "new", 2, False),
        (large, small, 2, False),
        (large, tmp_path / "new", 1, False),
        (large, tmp_path / "new", 2, True),
    ]
    for source, dest, jobs, unless in cases:
        with workers_ahead(source, dest, jobs, unless=unless) as ahead:
            assert ahead is None


def test_no_worker_is_left_where_the_system_allows_only_one_more_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, fork = set(active_children()), os.fork
    forked: list[bool] = []

    def fork_once() -> int:
        if forked:
            raise BlockingIOError("no more processes")
        forked.append(True)
        return fork()

    monkeypatch.setattr(os, "fork", fork_once)
    with pytest.raises(BlockingIOError):
        WorkerPool(2)
    assert set(active_children()) == before


def test_a_worker_without_a_thread_ends_silently(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Refused(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr("gdrive_wa.jobs.workers.Thread", Refused)
    pool = WorkerPool(1)
    with pytest.raises(BrokenProcessPool):
        pool.submit(os.getpid).result(timeout=60)
    pool.close()
    assert capfd.readouterr() == ("", "")


def test_a_target_that_cannot_be_looked_up_is_left_to_the_run(
    large: Folder, tmp_path: Path
) -> None:
    with workers_ahead(large, tmp_path / ("d" * 300), 2, unless=False) as ahead:
        assert ahead is not None


def test_names_are_counted_in_all_folders_but_not_behind_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "a" / "link").symlink_to(tmp_path)
    assert has_names(str(tmp_path), 4)
    assert not has_names(str(tmp_path), 5)
    assert not has_names(str(tmp_path / "absent"), 1)


def test_a_folder_that_the_disk_cannot_read_has_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "DCIM").mkdir()
    scandir = os.scandir

    def damaged(path: str) -> Any:
        if path.endswith("DCIM"):
            raise OSError(errno.EIO, "the disk fails")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", damaged)
    assert has_names(str(tmp_path), 1)
    assert not has_names(str(tmp_path), 2)
