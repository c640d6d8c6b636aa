"""Bad containers, and unusual ones that are valid."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gdrive_wa.__main__ import main
from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    GdriveWaError,
    MissingKeyError,
    PayloadError,
    TruncatedError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.crypt.decrypt import ALREADY_PLAIN
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.keys import CipherKey, Key
from gdrive_wa.jobs.decrypt_file import decrypt_file
from gdrive_wa.jobs.key import write_key_file
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY, key_for
from tests.crypt.hostile.refusal import (
    EXIT_CODES,
    IV,
    SQLITE,
    as_it_is,
    flip,
    refused,
    refused_file,
    snapshot,
)
from tests.variants import check_each


@dataclass(frozen=True)
class Container:
    """A way to damage a sealed file, and the expected error."""

    spoil: Callable[[bytes], bytes]
    kind: type[GdriveWaError]
    format: str = "crypt15"
    checksum: bool = True
    content: bytes = SQLITE
    compress: bool = True
    key: Key | None = ROOT_KEY
    says: str = ""

    def made_in(self, folder: Path) -> Path:
        """The damaged file."""
        plain, sealed = folder / "plain", folder / f"msgstore.db.{self.format}"
        plain.write_bytes(self.content)
        encrypt_file(
            plain,
            sealed,
            key_for(self.format),
            format=self.format,
            compress=self.compress,
            checksum=self.checksum,
            iv=IV,
        )
        plain.unlink()
        sealed.write_bytes(self.spoil(sealed.read_bytes()))
        return sealed


def renewed(spoil: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Damage the content and recompute the MD5: only the tag reveals it."""

    def spoil_and_renew(raw: bytes) -> bytes:
        altered = spoil(raw[:-16])
        return altered + hashlib.md5(altered).digest()

    return spoil_and_renew


def hostile_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("../escaped", "/tmp/escaped", "C:\\escaped", "a", "A"):
            archive.writestr(name, b"hostile")
    return out.getvalue()


OTHER_SALT = CipherKey(
    CIPHER_KEY.reveal(), server_salt=bytes(32), google_id=CIPHER_KEY.google_id, key_version=2
)
OTHER_ID = CipherKey(
    CIPHER_KEY.reveal(), server_salt=CIPHER_KEY.server_salt, google_id=bytes(16), key_version=2
)
OTHER_AES = CipherKey(
    bytes(32),
    server_salt=CIPHER_KEY.server_salt,
    google_id=CIPHER_KEY.google_id,
    key_version=CIPHER_KEY.key_version,
)

CONTAINERS: dict[str, Container] = {
    "a bit of the tag": Container(flip(-17), ChecksumError),
    "a bit of the MD5": Container(flip(-1), ChecksumError),
    "a bit of the body": Container(flip(1000), ChecksumError),
    "a bit of the body, no MD5": Container(flip(1000), ChecksumError, checksum=False),
    "a bit of the tag, no MD5": Container(flip(-1), ChecksumError, checksum=False),
    "the tag, under a true MD5": Container(renewed(flip(-1)), AuthenticationError),
    "the body, under a true MD5": Container(renewed(flip(1000)), AuthenticationError),
    "the IV, under a true MD5": Container(
        renewed(lambda raw: raw.replace(IV, bytes(16), 1)),
        WrongKeyError,
    ),
    "the last byte missing": Container(lambda raw: raw[:-1], TruncatedError),
    "the MD5 and a byte missing": Container(lambda raw: raw[:-17], TruncatedError),
    "half of it missing": Container(lambda raw: raw[: len(raw) // 2], TruncatedError),
    "trailing rubbish": Container(lambda raw: raw + b"rubbish", ChecksumError),
    "much trailing rubbish": Container(lambda raw: raw + bytes(5000), ChecksumError),
    "itself twice": Container(lambda raw: raw * 2, ChecksumError),
    "crypt12: a bit of the body": Container(
        flip(1000), ChecksumError, format="crypt12", key=CIPHER_KEY
    ),
    "crypt12: a bit of the MD5": Container(
        flip(-5), ChecksumError, format="crypt12", key=CIPHER_KEY
    ),
    "crypt12: the last four missing": Container(
        lambda raw: raw[:-4], TruncatedError, format="crypt12", key=CIPHER_KEY
    ),
    "crypt14: a bit of the body": Container(
        flip(1000), ChecksumError, format="crypt14", key=CIPHER_KEY
    ),
    "crypt14: a bit of the tag": Container(
        flip(-17), ChecksumError, format="crypt14", key=CIPHER_KEY
    ),
    "no key": Container(as_it_is, MissingKeyError, key=None),
    "another root key": Container(as_it_is, WrongKeyError, key=OTHER_ROOT_KEY),
    "another root key, no MD5": Container(
        as_it_is, WrongKeyError, key=OTHER_ROOT_KEY, checksum=False
    ),
    "crypt14: another AES key": Container(
        as_it_is, WrongKeyError, format="crypt14", key=OTHER_AES, says="does not open"
    ),
    "crypt14: a key of another salt": Container(
        as_it_is, WrongKeyError, format="crypt14", key=OTHER_SALT, says="generation"
    ),
    "crypt14: a key of another id": Container(
        as_it_is, WrongKeyError, format="crypt14", key=OTHER_ID, says="generation"
    ),
    "crypt12: a key of another salt": Container(
        as_it_is, WrongKeyError, format="crypt12", key=OTHER_SALT, says="generation"
    ),
    "a cipher key for a crypt15": Container(as_it_is, WrongKeyTypeError, key=CIPHER_KEY),
    "a root key for a crypt14": Container(
        as_it_is, WrongKeyTypeError, format="crypt14", key=ROOT_KEY
    ),
    "a root key for a crypt12": Container(
        as_it_is, WrongKeyTypeError, format="crypt12", key=ROOT_KEY
    ),
    "zlib cut": Container(
        as_it_is, PayloadError, content=zlib.compress(SQLITE)[:-5], compress=False, says="ends"
    ),
    "zlib without its checksum": Container(
        as_it_is, PayloadError, content=zlib.compress(SQLITE)[:-4], compress=False, says="ends"
    ),
    "zlib with a wrong checksum": Container(
        as_it_is,
        PayloadError,
        content=flip(-1)(zlib.compress(SQLITE)),
        compress=False,
        says="is damaged",
    ),
    "zlib with trailing data": Container(
        as_it_is,
        PayloadError,
        content=zlib.compress(SQLITE) + b"and more",
        compress=False,
        says="follows",
    ),
    "two zlib streams": Container(
        as_it_is, PayloadError, content=zlib.compress(SQLITE) * 2, compress=False, says="follows"
    ),
    "a zlib header and noise": Container(
        as_it_is,
        PayloadError,
        content=b"\x78\x9c" + b"\xff" * 99,
        compress=False,
        says="is damaged",
    ),
    "a zlib header alone": Container(
        as_it_is, PayloadError, content=b"\x78\x9c", compress=False, says="ends"
    ),
    "a bomb of 1 : 1000": Container(
        as_it_is,
        PayloadError,
        content=zlib.compress(bytes(96 << 20), 9),
        compress=False,
        says="beyond the limit",
    ),
}


OF_THE_ROOT_KEY = {
    name: vector
    for name, vector in CONTAINERS.items()
    if vector.key is ROOT_KEY and vector.format == "crypt15"
}


@pytest.mark.parametrize("vector", CONTAINERS.values(), ids=list(CONTAINERS))
def test_a_bad_container_is_refused(vector: Container, tmp_path: Path) -> None:
    src = vector.made_in(tmp_path)
    assert vector.says in refused_file(vector.kind, src, vector.key).message


@pytest.mark.parametrize("vector", OF_THE_ROOT_KEY.values(), ids=list(OF_THE_ROOT_KEY))
def test_the_command_line_ends_with_the_same_reason(
    vector: Container, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    src, key_file = vector.made_in(tmp_path), tmp_path / "encrypted_backup.key"
    write_key_file(ROOT_KEY, key_file)
    dest = tmp_path / "out" / "msgstore.db"
    code = main(["decrypt", str(src), str(dest), "--key-file", str(key_file)])
    assert code == EXIT_CODES[vector.kind]
    lines = capsys.readouterr().err.splitlines()
    labels = [line.partition(": ")[0] for line in lines if line.startswith(("error: ", "hint: "))]
    assert labels[0] == "error"
    assert set(labels[1:]) == {"hint"}
    assert list(dest.parent.iterdir()) == []


def test_a_bomb_within_a_bomb_is_unpacked_once(tmp_path: Path) -> None:
    """Only one layer is ours to inflate: the second stays as small as it is."""
    inner = zlib.compress(zlib.compress(bytes(90 << 20), 9), 9)
    plain, src, dest = (tmp_path / name for name in ("plain", "x.crypt15", "out"))
    plain.write_bytes(inner)
    encrypt_file(plain, src, ROOT_KEY, compress=False)
    assert decrypt_file(src, dest, ROOT_KEY).size < 200_000


def test_a_zip_with_hostile_members_is_kept_as_it_is_and_never_unpacked(tmp_path: Path) -> None:
    content = hostile_zip()
    (tmp_path / "plain").write_bytes(content)
    src = tmp_path / "wallpapers.backup.crypt15"
    encrypt_file(tmp_path / "plain", src, ROOT_KEY, compress=False, checksum=False)
    decrypted = decrypt_file(src, tmp_path / "out" / "wallpapers.backup", ROOT_KEY)
    assert decrypted.payload == "zip"
    assert snapshot(tmp_path / "out") == {"wallpapers.backup": content}


def test_content_of_an_unknown_kind_is_authentic_all_the_same(tmp_path: Path) -> None:
    content = b"\x01 neither zlib nor ZIP nor SQLite " * 9
    (tmp_path / "plain").write_bytes(content)
    src = tmp_path / "settings.crypt15"
    encrypt_file(tmp_path / "plain", src, ROOT_KEY, compress=False)
    assert decrypt_file(src, tmp_path / "out", ROOT_KEY).payload == "unknown"
    assert (tmp_path / "out").read_bytes() == content


def test_an_already_decrypted_database_is_reported_as_such(tmp_path: Path) -> None:
    for name in ("msgstore.db", "msgstore.db.crypt15"):
        (tmp_path / name).write_bytes(SQLITE)
        decrypted = decrypt_file(tmp_path / name, tmp_path / "out.db", ROOT_KEY)
        assert decrypted.warnings == (ALREADY_PLAIN,)
        assert (tmp_path / "out.db").read_bytes() == SQLITE


@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
def test_a_footer_split_across_reads_is_found(
    checksum: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"SQLite format 3\0" + bytes(range(100))
    plain, src, never = (tmp_path / name for name in ("plain", "msgstore.db.crypt15", "never"))
    plain.write_bytes(content)

    def check(step: int) -> None:
        monkeypatch.setattr("gdrive_wa.crypt.containers.PIECE_SIZE", step)
        encrypt_file(plain, src, ROOT_KEY, checksum=checksum)
        out = tmp_path / f"out of {step}.db"
        decrypt_file(src, out, ROOT_KEY)
        assert out.read_bytes() == content
        whole = src.read_bytes()
        for place in (-1, -16, -17, -33):
            src.write_bytes(flip(place)(whole))
            refused(ChecksumError, lambda: decrypt_file(src, never, ROOT_KEY))
        src.write_bytes(whole[:-1])
        refused(TruncatedError, lambda: decrypt_file(src, never, ROOT_KEY))
        assert not never.exists()

    check_each([*range(1, 50), 64, 97, 255], check)


@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
def test_the_smallest_streams_are_unpacked(checksum: bool, tmp_path: Path) -> None:
    """Even when very few bytes precede the tag and the MD5."""

    def check(size: int) -> None:
        content = random.Random(size).randbytes(size)
        (tmp_path / "plain").write_bytes(content)
        src, out = tmp_path / "settings.crypt15", tmp_path / f"out of {size}"
        encrypt_file(tmp_path / "plain", src, ROOT_KEY, checksum=checksum)
        decrypt_file(src, out, ROOT_KEY)
        assert out.read_bytes() == content

    check_each(range(60), check)
