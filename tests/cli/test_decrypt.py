"""``gdrive-wa decrypt`` of a single file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from gdrive_wa.jobs.key import write_key_file
from tests.cli.conftest import Run
from tests.crypt.fixtures import ROOT_KEY
from tests.jobs.test_decrypt_single import PATH, VOICE, envelope_of, stored


def test_a_media_file_takes_its_name_from_its_envelope(run: Run, tmp_path: Path) -> None:
    write_key_file(ROOT_KEY, tmp_path / "my.key")
    named = stored(tmp_path / "in")
    ended = run("decrypt", named, "--key-file", tmp_path / "my.key", "--json")
    assert ended.returncode == 0, ended.stderr
    note = named.with_name("PTT-20231231-WA0001.opus")
    assert json.loads(ended.stdout)["done"][0]["file"] == str(note)
    assert note.read_bytes() == VOICE
    envelope_of(named).write_text("!!!!")
    ended = run("decrypt", named, "--key-file", tmp_path / "my.key")
    assert ended.returncode == 0, ended.stderr
    assert "not base64" in ended.stderr
    assert named.with_suffix(".opus").read_bytes() == VOICE


def test_the_current_folder_is_decrypted_to_a_folder_next_to_it(
    clean_environment: dict[str, str], tmp_path: Path
) -> None:
    write_key_file(ROOT_KEY, tmp_path / "my.key")
    (tmp_path / "in").mkdir()
    stored(tmp_path / "in" / "dump")
    (tmp_path / "in" / "dump" / "below").mkdir()
    for where, src in (("in/dump", "."), ("in/dump/below", ".."), ("in", "dump/below/..")):
        ended = subprocess.run(
            [sys.executable, "-m", "gdrive_wa", "decrypt", src, "--key-file", tmp_path / "my.key"],
            env=clean_environment,
            cwd=tmp_path / where,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        note = tmp_path / "in" / "dump-decrypted" / PATH
        assert note.read_bytes() == VOICE
        shutil.rmtree(tmp_path / "in" / "dump-decrypted")
