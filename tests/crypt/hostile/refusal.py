"""Malformed input: one fault per vector, one error of ours for each, and no file changed.

Every vector is refused with exactly its class and exit code and with a hint. An older file
under the target's name is still there afterwards, unchanged, and nothing else is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    FormatError,
    GdriveWaError,
    KeyFileError,
    MetadataError,
    MissingKeyError,
    PayloadError,
    TruncatedError,
    UnsafeNameError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.crypt.keys import Key
from gdrive_wa.jobs.decrypt_file import decrypt_file

EXIT_CODES = {
    MissingKeyError: 5,
    KeyFileError: 5,
    WrongKeyTypeError: 5,
    WrongKeyError: 5,
    FormatError: 6,
    TruncatedError: 6,
    ChecksumError: 6,
    AuthenticationError: 6,
    PayloadError: 6,
    MetadataError: 6,
    UnsafeNameError: 6,
}
IV = bytes(range(16))
FORMATS = ("crypt12", "crypt14", "crypt15")
SQLITE = b"SQLite format 3\0" + random.Random(3).randbytes(9000)
VOICE = b"OggS" + bytes(range(256)) * 40
PATH = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
OLD = b"the old file"


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, hidden files too."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def refused(kind: type[GdriveWaError], act: Callable[[], object]) -> GdriveWaError:
    """`act` ends with exactly that error, with a message and a hint."""
    with pytest.raises(GdriveWaError) as caught:
        act()
    error = caught.value
    assert type(error) is kind, repr(error)
    assert error.exit_code == EXIT_CODES[kind]
    assert error.message
    assert not error.message.endswith(".")
    assert error.hints
    assert all(hint and not hint.endswith(".") for hint in error.hints)
    return error


def refused_file(kind: type[GdriveWaError], src: Path, key: Key | None) -> GdriveWaError:
    """As :func:`refused`, for decrypting `src` over an old file and to a new one."""
    dest = src.parent / "out" / "msgstore.db"
    dest.parent.mkdir(exist_ok=True)
    dest.write_bytes(OLD)
    before = snapshot(src.parent)
    error = refused(kind, lambda: decrypt_file(src, dest, key))
    assert snapshot(src.parent) == before
    refused(kind, lambda: decrypt_file(src, dest.with_name("new.db"), key))
    assert snapshot(src.parent) == before
    return error


def flip(place: int) -> Callable[[bytes], bytes]:
    def spoil(raw: bytes) -> bytes:
        altered = bytearray(raw)
        altered[place] ^= 1
        return bytes(altered)

    return spoil


def as_it_is(raw: bytes) -> bytes:
    return raw
