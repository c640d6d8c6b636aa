"""Both directions compared with third-party programs, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gdrive_wa.crypt.inspect import inspect
from gdrive_wa.crypt.keys import CipherKey, load_key
from gdrive_wa.jobs.decrypt_file import decrypt_file
from gdrive_wa.jobs.key import write_key_file
from tests.conftest import Peer
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY, Seal, key_for

pytestmark = pytest.mark.peer

FORMATS = ("crypt12", "crypt14", "crypt15")


@pytest.fixture
def key_files(tmp_path: Path) -> dict[str, Path]:
    """The two key files as ours writes them, by the format they open."""
    cipher, root = tmp_path / "key", tmp_path / "encrypted_backup.key"
    write_key_file(CIPHER_KEY, cipher)
    write_key_file(ROOT_KEY, root)
    return {"crypt12": cipher, "crypt14": cipher, "crypt15": root}


@pytest.mark.parametrize("options", [(), ("--multi-file",)], ids=["one file", "multi-file"])
@pytest.mark.parametrize("format_", FORMATS)
def test_we_decrypt_files_of_waencrypt(
    format_: str,
    options: tuple[str, ...],
    run_peer: Peer,
    key_files: dict[str, Path],
    database: Path,
    tmp_path: Path,
) -> None:
    sealed = tmp_path / f"msgstore.db.{format_}"
    kind = format_.removeprefix("crypt")
    made = run_peer("waencrypt", *options, "--type", kind, key_files[format_], database, sealed)
    assert made.returncode == 0, made.stderr
    assert inspect(sealed).format == format_
    decrypt_file(sealed, tmp_path / "out.db", key_for(format_))
    assert (tmp_path / "out.db").read_bytes() == database.read_bytes()


@pytest.mark.parametrize("format_", FORMATS)
def test_wadecrypt_decrypts_our_files(
    format_: str,
    run_peer: Peer,
    key_files: dict[str, Path],
    seal: Seal,
    database: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.db"
    made = run_peer("wadecrypt", key_files[format_], seal(format_), out)
    assert made.returncode == 0, made.stderr
    assert out.read_bytes() == database.read_bytes()


def test_wadecrypt_takes_the_64_digits_of_our_key(
    run_peer: Peer, seal: Seal, database: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.db"
    made = run_peer("wadecrypt", bytes(range(32)).hex(), seal("crypt15"), out)
    assert made.returncode == 0, made.stderr
    assert out.read_bytes() == database.read_bytes()


@pytest.fixture
def their_keys(peers: Path, tmp_path: Path) -> Path:
    """A folder with key files that wacreatekey made; its --output does not work."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    for options in ([], ["--crypt14", "--key-version", "3"]):
        command = ["--yes", "--hex", bytes(range(32)).hex(), *options]
        subprocess.run(
            [peers / "wacreatekey", *command], cwd=folder, check=True, capture_output=True
        )
    return folder


def test_our_root_key_file_equals_the_file_of_the_peer(
    their_keys: Path, key_files: dict[str, Path]
) -> None:
    theirs = their_keys / "encrypted_backup.key"
    assert theirs.read_bytes() == key_files["crypt15"].read_bytes()
    assert load_key(theirs) == ROOT_KEY


def test_a_cipher_key_file_of_the_peer_opens_what_the_peer_sealed_with_it(
    their_keys: Path, run_peer: Peer, database: Path, tmp_path: Path
) -> None:
    key = load_key(their_keys / "key")
    assert isinstance(key, CipherKey)
    assert key.key_version == 3
    for format_ in ("crypt12", "crypt14"):
        sealed = tmp_path / f"msgstore.db.{format_}"
        kind = format_.removeprefix("crypt")
        made = run_peer("waencrypt", "--type", kind, their_keys / "key", database, sealed)
        assert made.returncode == 0, made.stderr
        decrypt_file(sealed, tmp_path / "out.db", key)
        assert (tmp_path / "out.db").read_bytes() == database.read_bytes()
    write_key_file(key, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (their_keys / "key").read_bytes()
