"""Every form of a key, and the keys derived from it."""

from __future__ import annotations

import base64
import contextlib
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import KeyFileError
from gdrive_wa.crypt.keys import (
    MAX_KEY_FILE_SIZE,
    CipherKey,
    RootKey,
    key_file_content,
    load_key,
)
from gdrive_wa.jobs.key import write_key_file
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY

DIGITS = bytes(range(32)).hex()
GROUPS = " ".join(DIGITS[i : i + 4] for i in range(0, 64, 4))
JAVA = bytes.fromhex("aced0005757200025b42acf317f8060854e00200007870")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(DIGITS.encode(), id="64 digits"),
        pytest.param(DIGITS.upper().encode() + b"\n", id="upper case, newline"),
        pytest.param(GROUPS.encode(), id="groups of four"),
        pytest.param(f"\r\n{DIGITS[:32]}\r\n\r\n{DIGITS[32:]} \t".encode(), id="two lines"),
        pytest.param(b"\xef\xbb\xbf" + DIGITS.encode(), id="a byte order mark before"),
        pytest.param((DIGITS[:32] + "\r\n" + DIGITS[32:]).encode("utf-16"), id="PowerShell's text"),
        pytest.param(b"\xfe\xff" + DIGITS.encode("utf-16-be"), id="UTF-16, big end first"),
        pytest.param(GROUPS.replace(" ", "\u00a0").encode(), id="blanks of a web page"),
        pytest.param(GROUPS.replace(" ", "\u2013").encode(), id="dashes of a phone's keyboard"),
        pytest.param(f"\u200b{GROUPS}\u200e".encode(), id="invisible characters round it"),
        pytest.param(bytes(range(32)), id="raw"),
        pytest.param(base64.b64encode(bytes(range(32))), id="base64"),
        pytest.param(JAVA + b"\0\0\0\x20" + bytes(range(32)), id="encrypted_backup.key"),
    ],
)
def test_a_root_key_is_read_in_every_form(form: bytes, tmp_path: Path) -> None:
    file = tmp_path / "some key"
    file.write_bytes(form)
    assert load_key(form) == ROOT_KEY
    assert load_key(file) == ROOT_KEY
    assert load_key(str(file)) == ROOT_KEY


def test_a_cipher_key_is_read_raw_and_from_javas_file() -> None:
    raw = CIPHER_KEY.to_bytes()
    assert len(raw) == 131
    for form in (raw, JAVA + (131).to_bytes(4, "big") + raw):
        key = load_key(form)
        assert isinstance(key, CipherKey)
        assert key == CIPHER_KEY
        assert (key.key_version, key.server_salt, key.google_id) == (
            2,
            bytes(range(32)),
            bytes(range(50, 66)),
        )


@pytest.mark.parametrize(("key", "size"), [(ROOT_KEY, 59), (CIPHER_KEY, 158)])
def test_a_written_key_file_equals_the_phones_and_is_private(
    key: RootKey | CipherKey, size: int, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    write_key_file(key, path)
    assert path.stat().st_size == size
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == key


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (b"", "empty"),
        (DIGITS[:-1].encode(), "this has 63: 1 too few"),
        (DIGITS.encode() + b"a", "this has 65: 1 too many"),
        (b"O" + DIGITS[1:].encode(), "1 of the 64 characters"),
        (bytes(31), "31 bytes are not a key"),
        (bytes(33), "33 bytes are not a key"),
        (bytes(131), "checksum"),
        (JAVA, "not an array of bytes"),
        (JAVA + b"\0\0\0\x20" + bytes(31), "should contain 32 bytes, but it has 31"),
        (JAVA + b"\0\0\0\x20" + bytes(33), "should contain 32 bytes, but it has 33"),
        (JAVA + b"\xff\xff\xff\xff" + bytes(32), "should contain 4294967295"),
        (JAVA + b"\0\0\0\x21" + bytes(33), "32 or 131 bytes, not 33"),
        (b"\xac\xed\0\5ur\0\2[I" + bytes(48), "not an array of bytes"),
        (bytes(5000), "far too long"),
        (b"{\\rtf1\\ansi\n" + DIGITS.encode() + b"}", "a formatted document"),
        (DIGITS[:-1].encode("utf-16") + b"\n\0" * 9, "this has 63: 1 too few"),
        (b"\xff\xfe" + b"\0\xd8" * 70, "not a key in any known form"),
        (b"\xff\xfe" + bytes(28), "30 bytes are not a key"),
        (DIGITS[:-1].encode() + b"o", "1 of the 64 characters is not a hexadecimal digit"),
        (b" \n" * 9, "the key is empty"),
        ("\u0661".encode() * 64, "64 of the 64 characters are not hexadecimal digits"),
        ("\u0661".encode("utf-16-le") * 64, "not a key in any known form"),
    ],
)
def test_a_file_that_is_not_a_key_is_refused_with_its_reason(form: bytes, says: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        load_key(form)
    assert says in caught.value.message
    assert caught.value.hints


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no such file"):
        load_key(tmp_path / "nothing")
    with pytest.raises(KeyFileError, match="directory"):
        load_key(tmp_path)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_key_or_one_of_our_errors(raw: bytes) -> None:
    with contextlib.suppress(KeyFileError):
        assert isinstance(load_key(raw), RootKey | CipherKey)


@given(st.binary(min_size=32, max_size=32))
def test_digits_and_key_convert_into_each_other(raw: bytes) -> None:
    assert RootKey.from_hex(raw.hex()).reveal() == raw


def test_derivation_is_hkdf_sha256_of_rfc_5869() -> None:
    for length in (32, 48, 112):
        reference = HKDF(SHA256(), length, bytes(32), b"backup encryption")
        assert ROOT_KEY.derive("backup encryption", length) == reference.derive(bytes(range(32)))


def test_a_key_does_not_appear_in_its_repr_and_is_not_pickled() -> None:
    for key in (ROOT_KEY, CIPHER_KEY):
        shown = f"{key!r} {key}"
        assert "***" in shown
        assert key.fingerprint in shown
        assert key.reveal().hex()[:8] not in shown
        with pytest.raises(TypeError):
            pickle.dumps(key)


def test_base64_of_a_key_file_needs_no_padding() -> None:
    for key in (ROOT_KEY, CIPHER_KEY):
        text = base64.b64encode(key_file_content(key))
        assert load_key(text) == load_key(text.rstrip(b"=")) == key


def test_digits_that_spell_letters_are_still_a_key() -> None:
    assert load_key(b"41" * 32) == RootKey(b"A" * 32)


@pytest.mark.parametrize("last", [b"\x7f", b"\x1f", b"\x00", b"\xe9"])
def test_raw_bytes_are_a_key_unless_all_are_text(last: bytes) -> None:
    assert load_key(b"A" * 31 + last) == RootKey(b"A" * 31 + last)


@pytest.mark.parametrize("last", [b" ", b"\n", b"\t", b"\r", b"~"])
def test_text_as_long_as_a_key_is_not_taken_for_its_bytes(last: bytes) -> None:
    with pytest.raises(KeyFileError):
        load_key(b"Find my key on the old telephone"[:31] + last)
    with pytest.raises(KeyFileError):
        load_key(b"Find" + last + b"my key on the old telephon")


def test_a_key_file_of_any_length_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_bytes(DIGITS.encode().ljust(MAX_KEY_FILE_SIZE))
    assert load_key(path) == ROOT_KEY
    path.write_bytes(DIGITS.encode().ljust(MAX_KEY_FILE_SIZE + 1))
    with pytest.raises(KeyFileError):
        load_key(path)


def test_an_empty_java_array_is_not_a_key() -> None:
    with pytest.raises(KeyFileError, match="a key has 32 or 131 bytes, not 0"):
        load_key(JAVA + bytes(4))


def test_keys_are_distinguished() -> None:
    assert len(ROOT_KEY.fingerprint) == len(CIPHER_KEY.fingerprint) == 8
    for other in (ROOT_KEY, b"", 7):
        assert other != CIPHER_KEY
    assert ROOT_KEY != OTHER_ROOT_KEY
    assert ROOT_KEY.fingerprint != OTHER_ROOT_KEY.fingerprint
    assert len({ROOT_KEY, OTHER_ROOT_KEY, RootKey(bytes(range(32)))}) == 2
    assert ROOT_KEY != CIPHER_KEY


def test_a_cipher_key_has_parts_of_one_length_each() -> None:
    parts: dict[str, Any] = {"server_salt": bytes(32), "google_id": bytes(16)}
    for version in (0, 255):
        assert CipherKey(bytes(32), **parts, key_version=version).to_bytes()[2] == version
    for wrong in (
        {"key_version": -1},
        {"key_version": 256},
        {"server_salt": bytes(31)},
        {"google_id": bytes(17)},
        {"cipher_version": bytes(1)},
    ):
        with pytest.raises(KeyFileError):
            CipherKey(bytes(32), **{**parts, **wrong})
    with pytest.raises(KeyFileError):
        CipherKey(bytes(31), **parts)


def test_keys_are_equal_by_all_their_bytes() -> None:
    same = CipherKey.from_bytes(CIPHER_KEY.to_bytes())
    assert same == CIPHER_KEY
    assert hash(same) == hash(CIPHER_KEY)
    assert len({same, CIPHER_KEY}) == 1
    assert RootKey(bytes(32)) != CipherKey(bytes(32), server_salt=bytes(32), google_id=bytes(16))
    assert RootKey(CIPHER_KEY.reveal()) != CIPHER_KEY
    other = CipherKey(CIPHER_KEY.reveal(), server_salt=CIPHER_KEY.server_salt, google_id=bytes(16))
    assert other != CIPHER_KEY
    assert other.fingerprint == CIPHER_KEY.fingerprint


@pytest.mark.parametrize("typed", ["ab" * 32, "ab" * 24, " ".join(["abab"] * 16), "ab" * 31 + "zz"])
def test_the_key_in_place_of_a_path_is_not_repeated(typed: str) -> None:
    with pytest.raises(KeyFileError, match="looks like the key itself") as told:
        load_key(Path(typed))
    assert typed not in str(told.value)


@pytest.mark.parametrize("typed", ["ab" * 23 + "a", "ab" * 30 + "xyz", "keys/my-key.txt"])
def test_a_path_that_is_only_missing_is_called_so(typed: str) -> None:
    with pytest.raises(KeyFileError) as told:
        load_key(Path(typed))
    assert "looks like the key itself" not in str(told.value)
