"""One run at a time in a folder, on Windows too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.lock import hold_folder

HOLDS = """
import sys, warnings
from pathlib import Path
from gdrive_wa.core.errors import StorageError
from gdrive_wa.storage.lock import hold_folder
if {without_fcntl}:  # as on Windows, which has no such module
    sys.modules["fcntl"] = None
    warnings.simplefilter("ignore")
try:
    lock = hold_folder(Path(sys.argv[1]))
except StorageError as error:
    print(error.message)
else:
    print("held", flush=True)
    sys.stdin.readline()
    lock.close()
"""


@contextmanager
def process(path: Path, *, without_fcntl: bool) -> Iterator[subprocess.Popen[str]]:
    """Another process that takes the lock, prints that it has it, and waits for a line."""
    script = HOLDS.format(without_fcntl=without_fcntl)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    state = tmp_path / "archive" / ".gdrive-wa"
    state.mkdir(parents=True)
    return state / "lock"


@pytest.mark.parametrize("without_fcntl", [False, True], ids=["unix", "without fcntl"])
class TestTwoRuns:
    def test_exclude_each_other_and_the_holder_is_named(
        self, path: Path, without_fcntl: bool
    ) -> None:
        with process(path, without_fcntl=without_fcntl) as first:
            assert said(first) == "held"
            with process(path, without_fcntl=without_fcntl) as second:
                assert said(second) == f"'{path.parent.parent}' is in use by process {first.pid}"

    def test_follow_each_other(self, path: Path, without_fcntl: bool) -> None:
        for _ in range(2):
            with process(path, without_fcntl=without_fcntl) as child:
                assert said(child) == "held"
                child.communicate("over\n")

    def test_a_killed_one_does_not_block_the_next(self, path: Path, without_fcntl: bool) -> None:
        with process(path, without_fcntl=without_fcntl) as child:
            assert said(child) == "held"
            child.send_signal(signal.SIGKILL)
            child.wait()
        with process(path, without_fcntl=without_fcntl) as child:
            assert said(child) == "held"


def test_the_holder_is_named_without_reading_the_locked_file(path: Path) -> None:
    """Other processes cannot read it on Windows."""
    lock = hold_folder(path)
    assert path.read_bytes() == b""
    with pytest.raises(StorageError, match=f"in use by process {os.getpid()}"):
        hold_folder(path)
    lock.close()
    assert [left.name for left in path.parent.iterdir()] == ["lock"]


@pytest.mark.parametrize("content", [b"", b"\x1b[31mprocess 1", b"process 1\nrun: rm -r"])
def test_a_forged_holder_name_is_not_shown(path: Path, content: bytes) -> None:
    lock = hold_folder(path)
    path.with_name("lock.holder").write_bytes(content)
    with pytest.raises(StorageError, match="in use by another run"):
        hold_folder(path)
    lock.close()


def test_a_pipe_or_a_link_as_holder_file_is_not_opened(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"process 1")
    holder = path.with_name("lock.holder")
    lock = hold_folder(path)
    for kind in ("pipe", "link"):
        holder.unlink()
        if kind == "pipe":
            os.mkfifo(holder)
        else:
            holder.symlink_to(secret)
        with pytest.raises(StorageError, match="in use by another run"):
            hold_folder(path)
    lock.close()
    assert secret.read_bytes() == b"process 1"


def test_a_lock_can_be_released_by_another_thread(path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold_folder(path).close).result()
    hold_folder(path).close()


def test_a_folder_in_place_of_the_lock_is_reported(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageError, match="is a folder, but a file is needed there"):
        hold_folder(path)


FORKS = """
import os, sys, time
from pathlib import Path
from gdrive_wa.storage.lock import hold_folder
lock = hold_folder(Path(sys.argv[1]))
child = os.fork()
if child == 0:
    print(os.getpid(), flush=True)
    time.sleep(3600)
time.sleep(3600)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_lock_ends_with_its_owner_even_if_a_forked_process_runs_on(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, str(path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        forked = int(said(owner))
        try:
            with pytest.raises(StorageError, match=f"in use by process {owner.pid}"):
                hold_folder(path)
            owner.kill()
            owner.wait()
            hold_folder(path).close()
        finally:
            os.kill(forked, signal.SIGKILL)
