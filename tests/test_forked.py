"""A forked run behaves like a started one."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from tests import forked
from tests.waiting import wait_until

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COV_")}
    return {**kept, "GDRIVE_WA_CONFIG": str(tmp_path), "GDRIVE_WA_KEY": "", "TZ": "Asia/Tokyo"}


@pytest.mark.parametrize(
    "words",
    [["--version"], ["nosuch"], ["verify", "nothing"], ["whoami", "--json"], ["key", "check"]],
    ids=" ".join,
)
def test_output_and_exit_code_are_those_of_a_started_process(
    words: list[str], env: dict[str, str], tmp_path: Path
) -> None:
    began = subprocess.run(
        [*forked.COMMAND, *words],
        env=env, cwd=tmp_path, input="x\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    ended = forked.run(words, env=env, cwd=tmp_path, text="x\n")
    assert ended.returncode == began.returncode
    assert (ended.stdout, ended.stderr) == (began.stdout, began.stderr)
    assert ended.stdout + ended.stderr


@needs_fork
def test_runs_share_no_environment_and_no_folder(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    word = "GDRIVE_WA_ACCESS_TOKEN"
    with_token = forked.run(["whoami"], env={**env, word: "t"}, cwd=tmp_path / "one")
    assert with_token.returncode == 0, with_token.stderr
    assert forked.run(["whoami"], env=env, cwd=tmp_path).returncode == 3
    inside = forked.run(["verify", "../one"], env=env, cwd=tmp_path / "one")
    assert "'../one' is not a gdrive-wa archive" in inside.stderr
    outside = forked.run(["verify", "../one"], env=env, cwd=tmp_path)
    assert "'../one' is not a gdrive-wa archive" not in outside.stderr


@needs_fork
def test_a_run_that_takes_too_long_is_killed(env: dict[str, str]) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(["emulator"], env=env, timeout=0.5)
    assert forked.run(["--version"], env=env).returncode == 0


@needs_fork
def test_a_variable_that_python_reads_at_its_start_needs_a_started_process(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "_server", lambda: pytest.fail("it was forked"))
    changed = {**env, "PYTHONWARNINGS": "ignore", "PYTHONSAFEPATH": "1"}
    assert forked.run(["--version"], env=changed).returncode == 0


@needs_fork
def test_a_run_in_a_hurry_retries_as_often_with_shorter_waits(
    env: dict[str, str], sample: SampleAccount
) -> None:
    fault = Fault(kind=FaultKind.STATUS, path="*", status=503, times=None)
    with Emulator(sample.folder, faults=fault) as google:
        signed_in = {
            "GDRIVE_WA_ENDPOINT": google.root,
            "GDRIVE_WA_ACCESS_TOKEN": sample.token.reveal(),
        }
        begun = time.monotonic()
        ended = forked.run(["backups"], env={**env, **signed_in}, hurry=True)
        assert ended.returncode == 4, ended.stderr
        assert google.counts.request_count("*") == RetryPolicy().attempts
    assert time.monotonic() - begun < 7.75  # half of 0.5 + 1 + 2 + 4 + 8, the shortest usual waits


@needs_fork
def test_a_started_run_has_a_session_of_its_own_and_is_killed(env: dict[str, str]) -> None:
    with forked.start(["emulator"], env=env) as process:
        assert process.poll() is None
        assert forked.run(["--version"], env=env).returncode == 0
        wait_until(lambda: os.getsid(process.pid) == process.pid)
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        process.kill()  # of one that has ended does nothing
    assert forked.run(["--version"], env=env).returncode == 0


@needs_fork
def test_what_a_started_run_wrote_is_read_once_it_has_ended(env: dict[str, str]) -> None:
    process = forked.start(["verify", "nothing"], env=env)
    _, err = process.communicate(60)
    assert process.returncode == 2
    assert "'nothing'" in err
