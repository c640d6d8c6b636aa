"""``gdrive-wa key`` on a machine without a keyring."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run
from tests.crypt.fixtures import ROOT_KEY


def test_without_a_keyring_no_file_is_left_that_blocks_the_next_attempt(
    run: Run, tmp_path: Path
) -> None:
    key = {"GDRIVE_WA_KEY": ROOT_KEY.reveal().hex()}
    ended = run("key", "create", tmp_path / "my.key", "--keyring", env=key)
    assert ended.returncode == 3
    assert "no keyring" in ended.stderr
    assert not (tmp_path / "my.key").exists()
    assert run("key", "create", tmp_path / "my.key", env=key).returncode == 0
