"""Two functions called at the same time, whatever happens to one of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from gdrive_wa.jobs import side_by_side as module
from gdrive_wa.jobs.side_by_side import side_by_side
from gdrive_wa.storage.draft import write_file
from tests.waiting import wait_until

forks = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of the tests' threads


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """And without another thread: if tests run on several cores, each process has one."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(module, "may_fork", lambda: sys.platform == "linux")


@pytest.mark.parametrize("worthwhile", [True, False])
def test_both_functions_are_called(tmp_path: Path, *, worthwhile: bool) -> None:
    def there() -> None:
        write_file(tmp_path / "process", str(os.getpid()).encode())

    assert side_by_side(lambda: "result", there, worthwhile=worthwhile) == "result"
    other = int((tmp_path / "process").read_text()) != os.getpid()
    assert other == (worthwhile and sys.platform == "linux")


@forks
def test_a_process_that_may_start_no_other_calls_both_functions() -> None:
    with get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_number_of_processes).get(timeout=60) == 1


def _number_of_processes() -> int:
    called: list[int] = []
    side_by_side(lambda: called.append(os.getpid()), lambda: called.append(os.getpid()))
    return len(set(called)) if len(called) == 2 else 0


@forks
def test_an_error_in_the_copy_is_raised_here() -> None:
    def there() -> None:
        raise ValueError(str(os.getpid()))

    with pytest.raises(ValueError, match=str(os.getpid())):
        side_by_side(lambda: None, there)


@forks
def test_the_work_of_a_killed_copy_is_done_here(tmp_path: Path) -> None:
    owner = os.getpid()

    def there() -> None:
        if os.getpid() != owner:
            os.kill(os.getpid(), signal.SIGKILL)
        write_file(tmp_path / "done", b"")

    side_by_side(lambda: None, there)
    assert (tmp_path / "done").exists()


@forks
def test_an_error_here_ends_the_copy(tmp_path: Path) -> None:
    def there() -> None:
        write_file(tmp_path / "process", str(os.getpid()).encode())
        time.sleep(60)

    def here() -> None:
        while not (tmp_path / "process").exists():
            time.sleep(0.01)
        raise KeyError

    with pytest.raises(KeyError):
        side_by_side(here, there)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text()), 0)


@forks
def test_ctrl_c_is_not_for_the_copy(tmp_path: Path) -> None:
    def there() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        write_file(tmp_path / "done", b"")

    side_by_side(lambda: None, there)
    assert (tmp_path / "done").exists()


@forks
def test_a_system_without_another_process_does_both_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    side_by_side(lambda: None, lambda: write_file(tmp_path / "done", b""))
    assert (tmp_path / "done").exists()


@forks
def test_a_copy_ends_with_its_owner(tmp_path: Path) -> None:
    def there() -> None:
        write_file(tmp_path / "process", str(os.getpid()).encode())
        time.sleep(60)

    def here() -> None:
        wait_until((tmp_path / "process").exists)
        os.kill(os.getpid(), signal.SIGKILL)

    owner = os.fork()
    if not owner:
        try:
            side_by_side(here, there)
        finally:
            os._exit(1)
    os.waitpid(owner, 0)
    copy = int((tmp_path / "process").read_text())
    wait_until(lambda: not Path(f"/proc/{copy}").exists() or _is_a_zombie(copy))


def _is_a_zombie(process: int) -> bool:
    """True if the process ended, and its new parent has not noticed yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
