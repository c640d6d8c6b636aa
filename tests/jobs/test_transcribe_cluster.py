"""Recordings that the workers of a real Dask cluster transcribe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from gdrive_wa.archive.archive import open_archive
from gdrive_wa.archive.transcripts import read_transcripts
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.restore import restore
from gdrive_wa.jobs.transcribe import transcribe
from gdrive_wa.sources import open_folder
from tests.jobs.test_cluster import ROOT, Cluster
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

CHAT = "Sam R."


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running.with_workers(1)


def said(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    notes = open_archive(folder).notes(chat=CHAT)
    return {note.message_id: (note.transcript_source, note.transcript) for note in notes}


def test_the_workers_give_the_same_transcripts(
    plain_sample: SampleAccount, tiny_model: Path, cluster: Cluster, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        restore(
            open_folder(plain_sample.folder / "backup"), folder, key=plain_sample.key, timezone=UTC
        )
    transcribe(here, model=tiny_model, chat=CHAT, language="en")
    command = [sys.executable, "-m", "gdrive_wa", "transcribe", "there", "--chat", CHAT]
    ended = subprocess.run(
        [*command, "--model", tiny_model, "--language", "en", "--cluster", cluster.address],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert "on this machine instead" not in ended.stderr
    assert said(there) == said(here)
    assert {source for source, text in said(there).values() if text} == {"tiny.en"}
    loaded = Path(f"/proc/{cluster.workers[0].pid}/maps").read_text()
    assert "ctranslate2" in loaded  # the worker heard them, not the command


def test_a_new_worker_takes_the_place_of_a_lost_one(
    plain_sample: SampleAccount, tiny_model: Path, cluster: Cluster, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    restore(open_folder(plain_sample.folder / "backup"), folder, key=plain_sample.key, timezone=UTC)
    for worker in cluster.workers:
        worker.send(signal.SIGKILL)
    wait_until(lambda: not any(worker.alive for worker in cluster.workers))
    cluster.with_workers(1)
    report = transcribe(folder, model=tiny_model, chat=CHAT, cluster=cluster.address)
    assert report.done
    assert report.failed == []
    assert {each.model for each in read_transcripts(folder).values()} == {"tiny.en"}
