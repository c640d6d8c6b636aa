"""Bad headers: `inspect`, `parse_header` and `decrypt_file` report the same."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    FormatError,
    GdriveWaError,
    TruncatedError,
)
from gdrive_wa.crypt.header import parse_header, serialise_header, write_varint
from gdrive_wa.crypt.inspect import inspect
from gdrive_wa.crypt.primitives import seal_gcm
from gdrive_wa.jobs.decrypt_file import decrypt_file
from gdrive_wa.pb.backup_prefix_pb2 import (
    BackupInfo,
    BackupPrefix,
    Crypt14Cipher,
    Crypt15Cipher,
)
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY, key_for
from tests.crypt.hostile.refusal import (
    FORMATS,
    IV,
    SQLITE,
    refused,
    refused_file,
    snapshot,
)
from tests.variants import check_each


def a_crypt15(**fields: object) -> BackupPrefix:
    values = {"crypt15": Crypt15Cipher(iv=IV), "info": BackupInfo(app_version="2.25.1.1")}
    return BackupPrefix(key_type=1, **(values | fields))  # type: ignore[arg-type]


def a_crypt14(**fields: object) -> BackupPrefix:
    values: dict[str, object] = {
        "cipher_version": b"\0\1",
        "key_version": b"2",
        "server_salt": CIPHER_KEY.server_salt,
        "google_id": CIPHER_KEY.google_id,
        "iv": IV,
    }
    return BackupPrefix(crypt14=Crypt14Cipher(**(values | fields)))  # type: ignore[arg-type]


def delimited(body: bytes) -> bytes:
    return write_varint(len(body)) + body


CRYPT12_HEADER = b"\0\1\2" + CIPHER_KEY.server_salt + CIPHER_KEY.google_id + IV
HEADERS = {
    "crypt12": CRYPT12_HEADER,
    "crypt14": serialise_header(a_crypt14()),
    "crypt15": serialise_header(a_crypt15()),
    "crypt15 with passkey fields": serialise_header(a_crypt15(passkey_metadata=bytes(300))),
}
BODY = bytes(range(7, 207))

BAD_HEADERS: dict[str, tuple[bytes, type[GdriveWaError], str]] = {
    "empty": (b"", TruncatedError, "empty"),
    "1 byte": (b"\x3c", TruncatedError, "ends inside"),
    "1 byte of a crypt12": (b"\0", TruncatedError, "ends inside"),
    "a varint that never ends": (b"\xff" * 200, FormatError, "never ends"),
    "a varint of eleven bytes": (b"\x80" * 10 + b"\1" + BODY, FormatError, "never ends"),
    "a varint beyond the file": (b"\xff\x7f" + BODY, TruncatedError, "16383 bytes"),
    "a varint beyond all bounds": (b"\xff\xff\xff\xff\x7f" + BODY, FormatError, "would have"),
    "a prefix of no bytes": (b"\0" + BODY, FormatError, "0 bytes"),
    "a prefix that is not protobuf": (delimited(b"\xff" * 60) + BODY, FormatError, "not protobuf"),
    "a prefix with a wrong wire type": (
        delimited(b"\x1a\x7f" + bytes(60)) + BODY,
        FormatError,
        "not protobuf",
    ),
    "no cipher at all": (delimited(b"\x08\x01") + BODY, FormatError, "no cipher"),
    "no IV": (serialise_header(a_crypt15(crypt15=Crypt15Cipher())) + BODY, FormatError, "0 bytes"),
    "no IV in a crypt14": (serialise_header(a_crypt14(iv=b"")) + BODY, FormatError, "0 bytes"),
    "an IV of 12 bytes": (
        serialise_header(a_crypt15(crypt15=Crypt15Cipher(iv=IV[:12]))) + BODY,
        FormatError,
        "12 bytes",
    ),
    "an IV of 15 bytes": (
        serialise_header(a_crypt15(crypt15=Crypt15Cipher(iv=IV[:15]))) + BODY,
        FormatError,
        "15 bytes",
    ),
    "an IV of 17 bytes": (
        serialise_header(a_crypt15(crypt15=Crypt15Cipher(iv=IV + b"x"))) + BODY,
        FormatError,
        "17 bytes",
    ),
    "an IV of 12 bytes in a crypt14": (
        serialise_header(a_crypt14(iv=IV[:12])) + BODY,
        FormatError,
        "12 bytes",
    ),
    "both ciphers": (
        delimited(a_crypt14().SerializeToString() + a_crypt15().SerializeToString()) + BODY,
        FormatError,
        "two ciphers",
    ),
    "both ciphers, the other way round": (
        delimited(a_crypt15().SerializeToString() + a_crypt14().SerializeToString()) + BODY,
        FormatError,
        "two ciphers",
    ),
    "the same cipher twice": (
        delimited(a_crypt15().SerializeToString() * 2) + BODY,
        FormatError,
        "two ciphers",
    ),
    "a key version that is no digit": (
        serialise_header(a_crypt14(key_version=b"\2")) + BODY,
        FormatError,
        "digit",
    ),
    "a key version of two digits": (
        serialise_header(a_crypt14(key_version=b"12")) + BODY,
        FormatError,
        "digit",
    ),
    "a server salt of 31 bytes": (
        serialise_header(a_crypt14(server_salt=bytes(31))) + BODY,
        FormatError,
        "salts",
    ),
    "a google id of 17 bytes": (
        serialise_header(a_crypt14(google_id=bytes(17))) + BODY,
        FormatError,
        "salts",
    ),
    "text that is not UTF-8": (
        delimited(a_crypt15().SerializeToString() + b"\x22\x03\x0a\x01\xff") + BODY,
        FormatError,
        "not protobuf",
    ),
    "a crypt12 of no known key version": (b"\0\1\4" + BODY, FormatError, "0 bytes"),
    "zeros": (bytes(500), FormatError, "0 bytes"),
    "text": (b"Dear reader, this is no backup at all. " * 9, FormatError, ""),
}


@pytest.mark.parametrize(("content", "kind", "says"), BAD_HEADERS.values(), ids=list(BAD_HEADERS))
def test_a_bad_header_is_refused(
    content: bytes, kind: type[GdriveWaError], says: str, tmp_path: Path
) -> None:
    src = tmp_path / "msgstore.db.crypt15"
    src.write_bytes(content)
    assert says in refused_file(kind, src, ROOT_KEY).message
    before = snapshot(tmp_path)
    assert says in refused(kind, lambda: inspect(src)).message
    if content and not content.startswith(b"\0"):
        assert says in refused(kind, lambda: parse_header(content)).message
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", HEADERS)
def test_every_truncation_of_a_header_is_refused(name: str, tmp_path: Path) -> None:
    format_ = name.partition(" ")[0]
    src = tmp_path / f"msgstore.db.{format_}"

    def check(size: int) -> None:
        src.write_bytes(HEADERS[name][:size])
        refused_file(TruncatedError, src, key_for(format_))
        refused(TruncatedError, lambda: inspect(src))

    check_each(range(len(HEADERS[name])), check)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("size", [0, 1, 4, 15])
def test_a_header_without_space_for_a_tag_after_it_is_refused(
    format_: str, size: int, tmp_path: Path
) -> None:
    src = tmp_path / f"msgstore.db.{format_}"
    src.write_bytes(HEADERS[format_] + bytes(size))
    refused_file(TruncatedError, src, key_for(format_))
    assert inspect(src).size == src.stat().st_size


def sealed_behind(header: bytes, content: bytes = SQLITE) -> bytes:
    """A complete crypt15 file with a header of our choice, its IV as above."""
    raw = header + seal_gcm(ROOT_KEY.derive("backup encryption", 32), IV, zlib.compress(content))
    return raw + hashlib.md5(raw).digest()


STRANGE_BUT_FINE = {
    "unknown fields": delimited(a_crypt15().SerializeToString() + b"\xf2\x3f\x05later\xf8\x3f\x07"),
    "a prefix of 300 bytes and more": serialise_header(a_crypt15(passkey_metadata=bytes(300))),
    "a prefix of 60 000 bytes": serialise_header(a_crypt15(passkey_metadata=bytes(60_000))),
    "a stray 01 after the length": b"%c\1" % len(a_crypt15().SerializeToString())
    + a_crypt15().SerializeToString(),
    "a varint with more bytes than it needs": bytes(
        [len(a_crypt15().SerializeToString()) | 0x80, 0x80, 0]
    )
    + a_crypt15().SerializeToString(),
}


@pytest.mark.parametrize("header", STRANGE_BUT_FINE.values(), ids=list(STRANGE_BUT_FINE))
def test_an_unusual_but_valid_header_is_read_and_kept(header: bytes, tmp_path: Path) -> None:
    src = tmp_path / "msgstore.db.crypt15"
    src.write_bytes(sealed_behind(header))
    assert decrypt_file(src, tmp_path / "out.db", ROOT_KEY).payload == "sqlite"
    assert (tmp_path / "out.db").read_bytes() == SQLITE
    parsed = parse_header(header)
    assert parsed.size == len(header)
    assert header.endswith(parsed.prefix)
