"""Metadata envelopes: opened only if their MAC is valid."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import MetadataError, WrongKeyError
from gdrive_wa.core.kinds import LONGEST_ENVELOPE
from gdrive_wa.crypt.envelope import (
    FileMetadata,
    is_envelope,
    open_envelope,
    parse_file_metadata,
    read_file_metadata,
    seal_envelope,
    stored_name,
)
from gdrive_wa.crypt.primitives import encrypt_cbc
from tests.crypt.fixtures import OTHER_ROOT_KEY, ROOT_KEY

PATH = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
MD5 = hashlib.md5(b"voice").hexdigest()


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_to_the_same(content: bytes) -> None:
    assert open_envelope(seal_envelope(content, ROOT_KEY), ROOT_KEY) == content


def test_an_envelope_contains_path_size_md5_and_time_in_utc() -> None:
    text = {
        "name": PATH,
        "md5Hash": MD5,
        "sizeBytes": 2042,
        "updateTime": "2025-07-05T13:31:59.000+02:00",
    }
    found = read_file_metadata(seal_envelope(json.dumps(text).encode(), ROOT_KEY), ROOT_KEY)
    assert found == FileMetadata(
        name=PATH, md5=MD5, size=2042, updated=datetime(2025, 7, 5, 11, 31, 59, tzinfo=UTC)
    )
    assert parse_file_metadata(found.to_json()) == found


def test_another_key_opens_nothing() -> None:
    with pytest.raises(WrongKeyError):
        open_envelope(seal_envelope(b"{}", ROOT_KEY), OTHER_ROOT_KEY)


def test_every_flipped_bit_is_noticed() -> None:
    raw = bytearray(base64.b64decode(seal_envelope(b'{"name":"x"}', ROOT_KEY)))
    for index in range(len(raw)):
        altered = bytes(raw[:index]) + bytes([raw[index] ^ 1]) + bytes(raw[index + 1 :])
        with pytest.raises((WrongKeyError, MetadataError)):
            open_envelope(base64.b64encode(altered).decode(), ROOT_KEY)


def test_every_shortened_envelope_is_refused() -> None:
    raw = base64.b64decode(seal_envelope(b'{"name":"x"}', ROOT_KEY))
    for size in range(len(raw)):
        with pytest.raises(MetadataError):
            open_envelope(base64.b64encode(raw[:size]).decode(), ROOT_KEY)


def test_bad_padding_under_a_true_mac_is_refused() -> None:
    keys = [ROOT_KEY.derive(f"metadata {use}", 32) for use in ("encryption", "authentication")]
    iv = bytes(16)
    sealed = encrypt_cbc(keys[0], iv, bytes(15))[:16]
    altered = encrypt_cbc(keys[0], iv, bytes(16))[:16]  # ends in a 0, which is not padding
    assert sealed != altered
    mac = hmac.digest(keys[1], iv + altered, "sha256")
    envelope = base64.b64encode(b"\x10" + iv + b"\x20" + mac + altered).decode()
    with pytest.raises(MetadataError, match="padding"):
        open_envelope(envelope, ROOT_KEY)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no json",
        b"[]",
        b'"name"',
        b"null",
        b"{}",
        b'{"name": 7}',
        b'{"name": ""}',
        b'{"name": null}',
        b'{"name": "x", "md5Hash": "zz"}',
        b'{"name": "x", "md5Hash": "                              aa"}',
        b'{"name": "x", "md5Hash": 5}',
        b'{"name": "x", "md5Hash": "AAAA!AAAAAAAAAAAAAAAAAA=="}',
        b'{"name": "x", "sizeBytes": "many"}',
        b'{"name": "x", "sizeBytes": -1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_json_without_a_file_name_or_with_nonsense_is_refused(text: bytes) -> None:
    with pytest.raises(MetadataError):
        parse_file_metadata(text)


@pytest.mark.parametrize("time", ["5", '"yesterday"', "null", '"0001-01-01T00:00:00+14:00"'])
def test_an_invalid_time_does_not_prevent_decryption(time: str) -> None:
    found = parse_file_metadata(f'{{"name": "x", "updateTime": {time}}}'.encode())
    assert (found.name, found.updated) == ("x", None)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode)))
def test_any_json_text_is_metadata_or_our_error(text: bytes) -> None:
    with contextlib.suppress(MetadataError):
        assert parse_file_metadata(text).name


@given(st.text(max_size=300))
def test_any_text_is_an_envelope_or_our_error(text: str) -> None:
    with pytest.raises((MetadataError, WrongKeyError)):
        open_envelope(text, ROOT_KEY)


def test_a_stored_name_is_the_hmac_of_path_and_content() -> None:
    expected = hmac.digest(
        bytes(range(32)),
        hashlib.sha256(PATH.encode()).digest() + hashlib.md5(b"voice").digest(),
        "sha256",
    )
    assert stored_name(ROOT_KEY, PATH, MD5) == expected.hex().upper()
    assert stored_name(ROOT_KEY, PATH + "x", MD5) != stored_name(ROOT_KEY, PATH, MD5)


def test_an_empty_md5_says_nothing() -> None:
    assert parse_file_metadata(b'{"name": "x", "md5Hash": ""}').md5 is None


def test_a_name_is_written_as_utf_8() -> None:
    assert FileMetadata(name="Ömer.opus").to_json() == '{"name": "Ömer.opus"}'.encode()


def test_only_a_short_file_is_an_envelope() -> None:
    assert is_envelope(seal_envelope(b"{}", ROOT_KEY).encode())
    assert not is_envelope(seal_envelope(bytes(LONGEST_ENVELOPE), ROOT_KEY).encode())
