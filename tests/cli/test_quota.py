"""Quotas as a user meets them: reported, interruptible with Ctrl-C, and with a time to retry."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gdrive_wa.emulation.faults import Fault, FaultKind
from gdrive_wa.emulation.server import Emulator
from tests.cli.conftest import Run

MEDIA, LISTING = "*/files/*", "*/backups"


def limit(path: str, *, wait: float | None = None, reason: str = "rateLimitExceeded") -> Fault:
    status = 403 if reason.startswith("daily") else 429
    return Fault(
        kind=FaultKind.STATUS,
        path=path,
        status=status,
        reason=reason,
        message="Slow down.",
        retry_after=wait,
        times=None,
    )


@pytest.mark.parametrize(
    ("path", "arguments"),
    [(MEDIA, ["download", "dest"]), (LISTING, ["download", "dest"]), (LISTING, ["backups"])],
    ids=["files", "listing", "backups"],
)
def test_a_wait_for_a_quota_is_announced_and_can_be_stopped(
    emulator: Emulator,
    clean_environment: dict[str, str],
    with_key: dict[str, str],
    tmp_path: Path,
    path: str,
    arguments: list[str],
) -> None:
    emulator.faults = limit(path, wait=300)
    with subprocess.Popen(
        [sys.executable, "-m", "gdrive_wa", *arguments],
        env={**clean_environment, **with_key},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        said = next(line for line in run.stderr if "waiting until it allows more" in line)
        assert "Ctrl-C stops" in said
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130


def test_a_daily_limit_says_when_to_try_again(
    run: Run, emulator: Emulator, with_key: dict[str, str]
) -> None:
    emulator.faults = limit(MEDIA, reason="dailyLimitExceeded")
    ended = run("restore", "dest", env=with_key)
    assert ended.returncode == 4
    assert "Google's limit for today has been reached: Slow down" in ended.stderr
    assert "run the same command again after 20" in ended.stderr
    assert "no chat database" not in ended.stderr
    assert emulator.counts.request_count(MEDIA) < 60


def test_googles_own_reason_is_shown_only_with_verbose(
    run: Run, emulator: Emulator, with_key: dict[str, str]
) -> None:
    emulator.faults = limit(LISTING, reason="dailyLimitExceeded")
    said = "the server's answer: HTTP 403, dailyLimitExceeded"
    assert said not in run("ls", env=with_key).stderr
    assert said in run("--verbose", "ls", env=with_key).stderr
    gone = Fault(kind=FaultKind.STATUS, path=MEDIA, status=404, reason="notFound", times=None)
    emulator.faults = gone
    assert "HTTP 404, notFound" not in run("download", "one", env=with_key).stderr
    assert "HTTP 404, notFound" in run("--verbose", "download", "two", env=with_key).stderr
