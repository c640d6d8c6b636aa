"""Bad increments: the one ZIP that is looked into."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.core.errors import (
    FormatError,
    GdriveWaError,
    PayloadError,
    UnsafeNameError,
)
from gdrive_wa.crypt.header import write_varint
from tests.crypt.hostile.refusal import (
    refused,
    snapshot,
)


def increment(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A ZIP of an increment without messages but with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("messages.bin", b"")
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def a_link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def only_messages(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("messages.bin", content)
    return out.getvalue()


def encrypted(raw: bytes) -> bytes:
    """A ZIP whose members say that a password is needed."""
    altered = bytearray(raw)
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := altered.find(magic, at + 1)) >= 0:
            altered[at + place] |= 1
    return bytes(altered)


INCREMENTS: dict[str, tuple[bytes, type[GdriveWaError]]] = {
    "empty": (b"", FormatError),
    "no ZIP": (b"PK, said the fox, and was no ZIP", FormatError),
    "a ZIP cut": (increment()[:-9], FormatError),
    "a ZIP without its start": (increment()[60:], FormatError),
    "no messages": (increment().replace(b"messages.bin", b"messages.bim"), FormatError),
    "a member that climbs": (increment(("../x", b"")), UnsafeNameError),
    "a member that climbs later": (increment(("a/../../x", b"")), UnsafeNameError),
    "a member with an absolute name": (increment(("/etc/x", b"")), UnsafeNameError),
    "a member with a drive letter": (increment(("C:\\x", b"")), UnsafeNameError),
    "a member on another host": (increment(("\\\\host\\x", b"")), UnsafeNameError),
    "a member with a NUL": (
        increment(("x~y", b"")).replace(b"x~y", b"x\0y"),
        UnsafeNameError,
    ),
    "a member that is a link": (increment((a_link("x"), b"/etc/passwd")), PayloadError),
    "a member twice": (
        increment(("messages.bim", b"")).replace(b"messages.bim", b"messages.bin"),
        PayloadError,
    ),
    "a member twice but for its case": (increment(("MESSAGES.bin", b"")), PayloadError),
    "a password": (encrypted(only_messages(b"")), PayloadError),
    "a bomb": (only_messages(write_varint(64 << 20) + bytes(64 << 20)), PayloadError),
    "many small bombs": (
        only_messages((write_varint(8 << 20) + bytes(8 << 20)) * 3),
        PayloadError,
    ),
    "countless empty messages": (only_messages(bytes(50 << 20)), PayloadError),
    "a length that never ends": (only_messages(b"\xff" * 20), PayloadError),
    "a length beyond the end": (only_messages(b"\x05ab"), PayloadError),
    "a length beyond all bounds": (only_messages(b"\xff\xff\xff\xff\x7f"), PayloadError),
    "a length cut": (only_messages(b"\x80"), PayloadError),
    "no protobuf": (only_messages(b"\x03\xff\xff\xff"), PayloadError),
    "nested beyond all bounds": (
        only_messages(write_varint(400_000) + b"\x12\xff\xff\x7f" * 100_000),
        PayloadError,
    ),
    "a wrong CRC": (
        (raw := only_messages(b"\0" * 99, zipfile.ZIP_STORED)).replace(
            b"\0" * 50, b"\0" * 49 + b"\1", 1
        ),
        FormatError,
    ),
}


@pytest.mark.parametrize(("content", "kind"), INCREMENTS.values(), ids=list(INCREMENTS))
def test_a_bad_increment_is_refused(
    content: bytes, kind: type[GdriveWaError], tmp_path: Path
) -> None:
    path = tmp_path / "increment.zip"
    path.write_bytes(content)
    refused(kind, lambda: list(read_increment(path)))
    assert snapshot(tmp_path) == {"increment.zip": content}
