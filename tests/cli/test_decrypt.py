"""``gdrive-wa decrypt`` of a single file."""

from __future__ import annotations

import json
from pathlib import Path

from gdrive_wa.crypt.keys import write_key_file
from tests.cli.conftest import Run
from tests.crypt.conftest import ROOT_KEY
from tests.crypt.test_single import VOICE, envelope_of, stored


def test_a_media_file_takes_its_name_from_the_envelope_beside_it(run: Run, tmp_path: Path) -> None:
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
