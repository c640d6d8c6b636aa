"""crypt12, crypt14 and crypt15: the exact content, or one reason and no file."""

from __future__ import annotations

import hashlib
import io
import os
import random
import zipfile
import zlib
from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    DamagedError,
    FormatError,
    GdriveWaError,
    Interrupted,
    MissingKeyError,
    PayloadError,
    StorageError,
    TruncatedError,
    UsageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.progress import Silent, Stage
from gdrive_wa.crypt.containers import container_key, decrypt_container
from gdrive_wa.crypt.decrypt import decrypt_content
from gdrive_wa.crypt.encrypt import encrypt_file
from gdrive_wa.crypt.header import parse_header
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey
from gdrive_wa.crypt.primitives import PIECE_SIZE, Piece
from gdrive_wa.jobs.decrypt_file import decrypt_file, decrypt_into
from gdrive_wa.storage.draft import Draft
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY, Seal, key_for

FORMATS = ("crypt12", "crypt14", "crypt15")


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("sticker.webp", bytes(5000))
    return out.getvalue()


PAYLOADS = {
    "zip": a_zip(),
    "json": b'{"settings": [1, 2, 3]}',
    "sqlite": b"SQLite format 3\0" + bytes(4080),
    "media": b"RIFF\0\0\0\0WEBPVP8 " + bytes(900),
    "unknown": b"\x01\x02 nothing known " + bytes(100),
}


def flip(path: Path, place: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)


def refused(src: Path, key: Key | None, kind: type[GdriveWaError], **options: int) -> GdriveWaError:
    """Decrypting fails with exactly that error, and an old target file stays unchanged."""
    dest = src.with_name("out") / "msgstore.db"
    dest.parent.mkdir(exist_ok=True)
    dest.write_bytes(b"the old file")
    with pytest.raises(GdriveWaError) as caught:
        decrypt_file(src, dest, key, **options)  # type: ignore[arg-type]
    assert type(caught.value) is kind, repr(caught.value)
    assert list(dest.parent.iterdir()) == [dest]
    assert dest.read_bytes() == b"the old file"
    assert caught.value.message[0].islower() or caught.value.message.startswith(("IV", "'"))
    return caught.value


@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
@pytest.mark.parametrize("format_", FORMATS)
def test_a_database_comes_back_byte_for_byte(
    format_: str, checksum: bool, seal: Seal, database: Path, tmp_path: Path
) -> None:
    dest = tmp_path / "out.db"
    decrypted = decrypt_file(seal(format_, checksum=checksum), dest, key_for(format_))
    plain = database.read_bytes()
    assert seal(format_).stat().st_size > PIECE_SIZE, "else it would not go through threads"
    assert dest.read_bytes() == plain
    assert (decrypted.format, decrypted.payload, decrypted.size) == (format_, "sqlite", len(plain))
    assert decrypted.sha256 == hashlib.sha256(plain).hexdigest()
    assert decrypted.warnings == ()
    assert dest.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("compress", [True, False], ids=["zlib", "bare"])
@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
def test_every_payload_comes_back_and_is_named(
    payload: str, compress: bool, checksum: bool, seal: Seal, tmp_path: Path
) -> None:
    content = PAYLOADS[payload]
    sealed = seal("crypt15", content=content, compress=compress, checksum=checksum)
    decrypted = decrypt_file(sealed, tmp_path / "out", ROOT_KEY)
    assert (tmp_path / "out").read_bytes() == content
    assert decrypted.payload == payload


@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 31, 32, 33])
def test_the_smallest_contents_come_back(
    size: int, checksum: bool, seal: Seal, tmp_path: Path
) -> None:
    content = b"\x00" + os.urandom(size - 1)
    sealed = seal("crypt15", content=content, compress=False, checksum=checksum)
    decrypt_file(sealed, tmp_path / "out", ROOT_KEY)
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize("offset", [*range(-40, 41, 4), -1, 1])
def test_footers_at_any_position_of_a_piece_are_found(
    offset: int, seal: Seal, tmp_path: Path
) -> None:
    """Pieces are 1 MiB; the content ends before, at and after their boundary."""
    content = b"\x00" + random.Random(1).randbytes((1 << 20) + offset - 1)
    sealed = seal("crypt15", content=content, compress=False)
    decrypt_file(sealed, tmp_path / "out", ROOT_KEY)
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize("format_", FORMATS)
def test_another_key_of_the_right_kind_is_reported_as_wrong(format_: str, seal: Seal) -> None:
    other = (
        OTHER_ROOT_KEY if format_ == "crypt15" else cipher_key(bytes(32), CIPHER_KEY.key_version)
    )
    error = refused(seal(format_), other, WrongKeyError)
    assert error.message == "this key does not open this backup"
    assert "fetch the file again" not in error.hints
    assert any("mistyped" in hint for hint in error.hints) == (format_ == "crypt15")


def test_many_wrong_keys_are_all_reported_as_wrong(seal: Seal) -> None:
    """A wrong key's noise sometimes looks like a zlib stream: one in two thousand."""
    sealed = seal("crypt15")
    for number in range(150):
        refused(sealed, RootKey(number.to_bytes(32, "big")), WrongKeyError)


@pytest.mark.parametrize("number", [57079, 60655], ids=["like MP3", "like JSON"])
def test_noise_that_looks_like_something_is_still_a_wrong_key(number: int, tmp_path: Path) -> None:
    """Two of sixty thousand keys whose noise starts like something that a file may start with."""
    plain, sealed = tmp_path / "plain", tmp_path / "msgstore.db.crypt15"
    plain.write_bytes(PAYLOADS["sqlite"])
    encrypt_file(plain, sealed, ROOT_KEY, compress=False, iv=bytes(16))
    refused(sealed, RootKey(number.to_bytes(32, "big")), WrongKeyError)


def test_without_an_md5_a_wrong_key_is_still_reported_as_wrong(seal: Seal) -> None:
    error = refused(seal("crypt15", checksum=False), OTHER_ROOT_KEY, WrongKeyError)
    assert error.hints[-1] == "or fetch the file again"


@pytest.mark.parametrize("format_", FORMATS)
def test_a_key_of_the_other_kind_is_reported_as_such(format_: str, seal: Seal) -> None:
    refused(seal(format_), CIPHER_KEY if format_ == "crypt15" else ROOT_KEY, WrongKeyTypeError)


@pytest.mark.parametrize("format_", FORMATS)
def test_an_absent_key_is_reported_as_missing(format_: str, seal: Seal) -> None:
    refused(seal(format_), None, MissingKeyError)


@pytest.mark.parametrize("format_", ["crypt12", "crypt14"])
@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("server salt", {"server_salt": bytes(32)}),
        ("account id", {"google_id": bytes(16)}),
    ],
)
def test_a_key_of_another_generation_is_named_before_decrypting(
    format_: str, what: str, change: dict[str, object], seal: Seal
) -> None:
    parts: dict[str, object] = {
        "server_salt": CIPHER_KEY.server_salt,
        "google_id": CIPHER_KEY.google_id,
        "key_version": 2,
        **change,
    }
    other = CipherKey(CIPHER_KEY.reveal(), **parts)  # type: ignore[arg-type]
    assert what in refused(seal(format_), other, WrongKeyError).message


def cipher_key(aes_key: bytes, version: int) -> CipherKey:
    return CipherKey(
        aes_key,
        server_salt=CIPHER_KEY.server_salt,
        google_id=CIPHER_KEY.google_id,
        key_version=version,
    )


@pytest.mark.parametrize("format_", ["crypt12", "crypt14"])
def test_a_key_of_another_version_is_named_if_it_does_not_open_it(
    format_: str, seal: Seal, tmp_path: Path
) -> None:
    sealed = seal(format_)
    error = refused(sealed, cipher_key(bytes(32), 3), WrongKeyError)
    assert "its key version differs" in error.message
    decrypted = decrypt_file(sealed, tmp_path / "out.db", cipher_key(CIPHER_KEY.reveal(), 3))
    assert "another version" in decrypted.warnings[0]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_flipped_bit_in_the_body_is_damage_not_a_wrong_key(format_: str, seal: Seal) -> None:
    for part in (0.2, 0.5, 0.9):
        sealed = seal(format_)
        flip(sealed, int(sealed.stat().st_size * part))
        refused(sealed, key_for(format_), ChecksumError)


def test_a_flipped_bit_in_the_tag_or_md5_is_damage(seal: Seal) -> None:
    for place in (-20, -10, -1):
        sealed = seal("crypt15")
        flip(sealed, place)
        refused(sealed, ROOT_KEY, ChecksumError)


def test_a_flipped_bit_under_a_renewed_md5_is_tampering(seal: Seal) -> None:
    sealed = seal("crypt15")
    flip(sealed, 200_000)
    raw = sealed.read_bytes()[:-16]
    sealed.write_bytes(raw + hashlib.md5(raw).digest())
    refused(sealed, ROOT_KEY, AuthenticationError)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
def test_a_file_cut_anywhere_is_reported_as_damaged(
    format_: str, checksum: bool, seal: Seal
) -> None:
    sealed = seal(format_, content=PAYLOADS["sqlite"], checksum=checksum)
    whole = sealed.read_bytes()
    whole_but_for_the_md5 = len(whole) - 16 if checksum else None  # then it is like a multi-file
    for size in range(1, len(whole)):
        if size == whole_but_for_the_md5:
            continue
        sealed.write_bytes(whole[:size])
        with pytest.raises((DamagedError, WrongKeyError)):
            decrypt_file(sealed, sealed.with_name("never"), key_for(format_))
        assert not sealed.with_name("never").exists()


def test_a_file_cut_in_the_middle_is_reported_as_cut(seal: Seal) -> None:
    sealed = seal("crypt15")
    whole = sealed.read_bytes()
    for size in (len(whole) // 2, len(whole) - 17, len(whole) - 1):
        sealed.write_bytes(whole[:size])
        assert "cut short or damaged" in refused(sealed, ROOT_KEY, TruncatedError).message


def test_an_empty_file_is_reported_as_truncated(tmp_path: Path) -> None:
    empty = tmp_path / "msgstore.db.crypt15"
    empty.touch()
    refused(empty, ROOT_KEY, TruncatedError)


def test_rubbish_after_the_end_is_noticed(seal: Seal) -> None:
    for rubbish in (b"\n", b"rubbish" * 20):
        sealed = seal("crypt15")
        sealed.write_bytes(sealed.read_bytes() + rubbish)
        refused(sealed, ROOT_KEY, ChecksumError)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        pytest.param(zlib.compress(bytes(9000))[:-3], "ends before", id="zlib cut"),
        pytest.param(zlib.compress(bytes(9000)) + b"more", "follows", id="something behind zlib"),
        pytest.param(b"\x78\x9c\xff\xff\xff\xff" + bytes(99), "is damaged", id="not zlib at all"),
    ],
)
def test_authentic_content_that_cannot_be_unpacked_is_reported_as_such(
    payload: bytes, says: str, seal: Seal
) -> None:
    sealed = seal("crypt15", content=payload, compress=False)
    assert says in refused(sealed, ROOT_KEY, PayloadError).message


def test_a_bomb_is_stopped_at_the_default_limit(seal: Seal) -> None:
    """Zeros deflate a thousand to one; the limit is 64 MiB and two hundred to one."""
    sealed = seal("crypt15", content=zlib.compress(bytes(100 << 20), 9), compress=False)
    assert sealed.stat().st_size < 110_000
    error = refused(sealed, ROOT_KEY, PayloadError)
    assert "beyond the limit" in error.message
    hint = "no real backup does; in Python, you can give decrypt_file a higher limit"
    assert error.hints == (hint,)


def test_a_limit_of_the_callers_is_exact(seal: Seal, database: Path, tmp_path: Path) -> None:
    size = database.stat().st_size
    sealed = seal("crypt15")
    refused(sealed, ROOT_KEY, PayloadError, limit=size - 1)
    assert decrypt_file(sealed, tmp_path / "out.db", ROOT_KEY, limit=size).size == size


def test_a_wrong_key_wins_over_what_its_noise_looks_like(seal: Seal) -> None:
    """The limit and the inflater meet the noise first; the error names the key."""
    refused(seal("crypt15"), OTHER_ROOT_KEY, WrongKeyError, limit=1)


@pytest.mark.parametrize("content", [b"nothing known", bytes(400), b"\xff" * 4000, b"\x0a" * 99])
@pytest.mark.parametrize("name", ["msgstore.db.crypt15", "unnamed"])
def test_a_file_that_is_not_a_backup_is_refused(content: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((FormatError, TruncatedError)) as caught:
        decrypt_file(path, tmp_path / "out" / "x", ROOT_KEY)
    assert caught.value.message
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("payload", ["sqlite", "zip", "media", "json"])
def test_an_already_decrypted_file_is_copied_and_reported_as_such(
    payload: str, tmp_path: Path
) -> None:
    path = tmp_path / "plain"
    path.write_bytes(PAYLOADS[payload])
    decrypted = decrypt_file(path, tmp_path / "out", None)
    assert (tmp_path / "out").read_bytes() == PAYLOADS[payload]
    assert (decrypted.format, decrypted.payload) == (payload, payload)
    assert decrypted.warnings == ("it is not encrypted: copied as it is",)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing': no such file"):
        decrypt_file(tmp_path / "nothing", tmp_path / "out", ROOT_KEY)


def test_a_full_disk_is_reported(seal: Seal, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with Draft(tmp_path) as draft, Path("/dev/full").open("wb", buffering=0) as full:
        draft.file.close()
        draft.file = full
        with pytest.raises(StorageError, match="the disk is full"):
            decrypt_into(seal("crypt15"), draft, ROOT_KEY, progress=Silent())


def test_cancellation_leaves_nothing_behind(seal: Seal, tmp_path: Path) -> None:
    class Impatient(Silent):
        def check(self) -> None:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        decrypt_file(seal("crypt15"), tmp_path / "out" / "x", ROOT_KEY, progress=Impatient())
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_adds_up_to_the_ciphertext(seal: Seal, tmp_path: Path) -> None:
    counted: list[int] = []

    class Counting(Silent):
        def advance(self, stage: Stage, *, items: int = 0, moved: int = 0) -> None:
            assert (stage, items) == (Stage.DECRYPT, 0)
            counted.append(moved)

    sealed = seal("crypt15")
    decrypt_file(sealed, tmp_path / "out", ROOT_KEY, progress=Counting())
    assert 0 <= sealed.stat().st_size - sum(counted) < 200


@pytest.mark.parametrize("fails_at", [0, -1])
def test_a_disk_that_fails_at_any_piece_is_reported(seal: Seal, fails_at: int) -> None:
    path, pieces = seal("crypt15"), list[int]()
    with path.open("rb") as file:
        decrypt_content(file, path.name, lambda piece: pieces.append(len(piece)), ROOT_KEY)
    assert len(pieces) > 1
    expected = range(len(pieces))[fails_at]
    seen: list[int] = []

    def write(piece: Piece) -> None:
        if len(seen) == expected:
            raise StorageError("the disk is full")
        seen.append(len(piece))

    with path.open("rb") as file, pytest.raises(StorageError, match="the disk is full"):
        decrypt_content(file, path.name, write, ROOT_KEY)


def test_an_empty_file_is_refused_by_its_name_unless_it_may_be_copied() -> None:
    with pytest.raises(TruncatedError, match=r"'msgstore.db.crypt15' is empty"):
        decrypt_content(io.BytesIO(), "folder/msgstore.db.crypt15", print, ROOT_KEY)
    copied = decrypt_content(io.BytesIO(), "folder/notes.txt", print, None, copy_unknown=True)
    assert (copied.size, copied.sha256) == (0, hashlib.sha256().hexdigest())


def test_a_container_that_shrinks_while_it_is_read_is_reported(seal: Seal) -> None:
    raw = seal("crypt15").read_bytes()
    header = parse_header(raw[:1000])
    aes_key = container_key(header, ROOT_KEY)
    with pytest.raises(TruncatedError, match="shrank while it was read"):
        decrypt_container(io.BytesIO(raw[:-100]), len(raw), header, aes_key, len)
