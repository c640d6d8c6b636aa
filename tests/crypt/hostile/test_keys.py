"""Bad key files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    KeyFileError,
)
from gdrive_wa.crypt.keys import JAVA_PREFIX, load_key
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY
from tests.crypt.hostile.refusal import (
    flip,
    refused,
)
from tests.variants import check_each

JAVA_KEY = JAVA_PREFIX + (32).to_bytes(4, "big") + ROOT_KEY.reveal()
JAVA_CIPHER_KEY = JAVA_PREFIX + (131).to_bytes(4, "big") + CIPHER_KEY.to_bytes()


def refused_key(raw: bytes, folder: Path) -> None:
    """As :func:`refused`, for the content of a key file, given as bytes and as a path."""
    path = folder / "key"
    path.write_bytes(raw)
    by_bytes = refused(KeyFileError, lambda: load_key(raw))
    by_path = refused(KeyFileError, lambda: load_key(path))
    assert by_bytes.message == by_path.message
    assert path.read_bytes() == raw
    for secret in (ROOT_KEY.reveal(), CIPHER_KEY.reveal()):
        assert secret.hex()[:8] not in by_path.message


@pytest.mark.parametrize("whole", [JAVA_KEY, JAVA_CIPHER_KEY], ids=["59 bytes", "158 bytes"])
def test_a_key_file_with_a_bad_java_header_is_refused(whole: bytes, tmp_path: Path) -> None:
    check_each(range(len(JAVA_PREFIX) + 4), lambda place: refused_key(flip(place)(whole), tmp_path))


def test_a_key_file_of_every_wrong_length_is_refused(tmp_path: Path) -> None:
    check_each(
        (size for size in range(200) if size != 32),
        lambda size: refused_key(b"\xf1" * size, tmp_path),
    )


@pytest.mark.parametrize("whole", [JAVA_KEY, JAVA_CIPHER_KEY], ids=["59 bytes", "158 bytes"])
def test_a_java_key_file_of_every_wrong_length_is_refused(whole: bytes, tmp_path: Path) -> None:
    check_each(range(len(whole)), lambda size: refused_key(whole[:size], tmp_path))
    refused_key(whole + b"\0", tmp_path)


def test_a_typed_key_of_every_wrong_length_is_refused(tmp_path: Path) -> None:
    check_each(
        (*range(1, 64), *range(65, 80), 128),
        lambda digits: refused_key(("a" * digits).encode(), tmp_path),
    )


def test_a_cipher_key_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    whole = CIPHER_KEY.to_bytes()
    check_each(range(35, 83), lambda place: refused_key(flip(place)(whole), tmp_path))
