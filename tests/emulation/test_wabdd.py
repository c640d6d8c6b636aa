"""A real third-party client works with the emulator."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from gdrive_wa import connect, ls
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.emulation.tokens import Device

pytestmark = pytest.mark.peer
LAUNCHER = Path(__file__).with_name("wabdd_at.py")


def run_wabdd(peers: Path, emulator: Emulator, *arguments: str | Path) -> None:
    done = subprocess.run(
        [peers / "python", LAUNCHER, emulator.root, *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("account", ["sample", "plain_sample"])
def test_wabdd_downloads_the_sample_account(
    peers: Path, request: pytest.FixtureRequest, tmp_path: Path, account: str
) -> None:
    sample: SampleAccount = request.getfixturevalue(account)
    token_file, output = tmp_path / "token.txt", tmp_path / "output"
    token_file.write_text(sample.token.reveal())
    with Emulator(sample.folder) as emulator:
        run_wabdd(peers, emulator, "download", "--token-file", token_file, "--output", output)
    found = files_of(output)
    assert found.pop("metadata.json")
    envelopes = {name for name in found if name.endswith("-metadata")}
    assert {name: found[name] for name in found.keys() - envelopes} == files_of(
        sample.folder / "backup"
    )
    sealed = {f"{name}-metadata" for name in sample.stored.values() if name.endswith(".mcrypt1")}
    assert envelopes == sealed


def test_wabdd_lists_what_we_list(peers: Path, sample: SampleAccount, tmp_path: Path) -> None:
    """The same names, sizes and hashes, by two readers of one listing."""
    token_file, output = tmp_path / "token.txt", tmp_path / "output"
    token_file.write_text(sample.token.reveal())
    with Emulator(sample.folder) as emulator:
        run_wabdd(
            peers,
            emulator,
            "download",
            "--token-file",
            token_file,
            "--output",
            output,
            "--save-files-list",
        )
        source = connect("backup", endpoint=emulator.root, token=sample.token)
        ours = {(each.locator, each.size, each.md5) for each in ls(source)}
        source.close()
    theirs = {
        (each["name"], int(each["sizeBytes"]), b64decode(each["md5Hash"]).hex())
        for each in json.loads((output / "files.json").read_text())
    }
    assert theirs == ours
    assert len(theirs) == 47


def test_wabdd_decrypts_what_it_downloaded(
    peers: Path, sample: SampleAccount, tmp_path: Path
) -> None:
    token_file, output, key_file = tmp_path / "token", tmp_path / "output", tmp_path / "key"
    token_file.write_text(sample.token.reveal())
    key_file.write_text(sample.key.reveal().hex())
    with Emulator(sample.folder) as emulator:
        run_wabdd(peers, emulator, "download", "--token-file", token_file, "--output", output)
        run_wabdd(peers, emulator, "decrypt", "--key-file", key_file, "dump", output)
    found = set(files_of(tmp_path).values())
    # it treats the tag of a media file as content, and leaves its 16 bytes at the end
    media = {content[:-16] for content in found}
    for path, content in sample.contents.items():
        assert content in (media if path.startswith("Media/") else found), path


def test_wabdd_downloads_with_a_master_token(
    peers: Path, sample: SampleAccount, tmp_path: Path
) -> None:
    master_token = tmp_path / "master.txt"
    with Emulator(sample.folder) as emulator:
        # wabdd makes up another device each time, which Google accepts at times
        master_token.write_text(emulator.tokens.sign_in(Device(sample.email, "")))
        run_wabdd(
            peers,
            emulator,
            "download",
            "--master-token",
            master_token,
            "--output",
            tmp_path / "output",
        )
    assert (tmp_path / "output" / "Databases" / "msgstore.db.crypt15").exists()
