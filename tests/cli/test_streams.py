"""Output: closed streams, pipes of another encoding, a full disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gdrive_wa.emulation.sample import SampleAccount

NAME = "Öğütçü 日本 🎤"


@pytest.fixture
def folder(sample: SampleAccount, tmp_path: Path) -> Path:
    """A backup in a folder with characters that no single old encoding covers."""
    return Path(shutil.copytree(sample.folder / "backup" / "Databases", tmp_path / NAME))


def in_shell(
    line: str, environment: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[bytes]:
    command = f"{sys.executable} -m gdrive_wa"
    return subprocess.run(
        ["/bin/sh", "-c", line.replace("gdrive-wa", command)],
        env=environment,
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16"])
@pytest.mark.parametrize("shown", ["", " --json"])
def test_a_pipe_gets_utf8_whatever_the_machines_encoding(
    encoding: str, shown: str, folder: Path, clean_environment: dict[str, str]
) -> None:
    """Windows gives a pipe the encoding of old programs, which lacks most of the world's names."""
    given = {**clean_environment, "PYTHONIOENCODING": encoding}
    ended = in_shell(f"gdrive-wa backups --folder '{NAME}'{shown} | cat", given, folder.parent)
    assert ended.stderr == b""
    assert NAME in ended.stdout.decode("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_json_is_valid_with_a_file_name_that_is_not_text(
    folder: Path, clean_environment: dict[str, str]
) -> None:
    odd = folder.rename(folder.with_name("odd\udcff"))
    ended = in_shell("gdrive-wa backups --json --folder odd*", clean_environment, odd.parent)
    assert ended.returncode == 0, ended.stderr
    (backup,) = json.loads(ended.stdout.decode("utf-8"))
    assert os.fsencode(backup["name"]) == b"odd\xff"


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_does_not_stop_a_command(
    closing: str, folder: Path, sample: SampleAccount, clean_environment: dict[str, str]
) -> None:
    line = f"gdrive-wa decrypt . ../out --key-file '{sample.key_file}' {closing}"
    ended = in_shell(line, clean_environment, folder)
    assert ended.returncode == 0, ended.stderr
    assert (folder.parent / "out" / "msgstore.db").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", ["--help", "backups --json --folder .", "backups --folder ."])
def test_a_full_disk_under_stdout_is_reported_in_one_line(
    command: str, folder: Path, clean_environment: dict[str, str]
) -> None:
    ended = in_shell(f"gdrive-wa {command} > /dev/full", clean_environment, folder)
    assert ended.returncode == 1
    assert ended.stderr.decode().splitlines() == [
        "error: the disk is full: 'standard output'",
        "hint: free some space and run the command again",
    ]


def test_a_closed_pipe_is_not_an_error(folder: Path, clean_environment: dict[str, str]) -> None:
    ended = in_shell("gdrive-wa ls --folder . --json | head -1", clean_environment, folder)
    assert (ended.stdout, ended.stderr) == (b"[\n", b"")
