"""Headers: parsed completely or refused, whatever the bytes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.core.errors import FormatError, TruncatedError
from gdrive_wa.crypt.header import (
    Header,
    parse_crypt12_header,
    parse_header,
    read_varint,
    serialise_header,
    write_varint,
)
from gdrive_wa.crypt.sizes import MAX_PREFIX_SIZE
from gdrive_wa.pb.backup_prefix_pb2 import (
    BackupInfo,
    BackupPrefix,
    Crypt14Cipher,
    Crypt15Cipher,
    KeyTypeNew,
)

IV = bytes(range(16))


def prefix15(**fields: object) -> BackupPrefix:
    return BackupPrefix(key_type=1, crypt15=Crypt15Cipher(iv=IV), **fields)  # type: ignore[arg-type]


def prefix14(**changes: bytes) -> BackupPrefix:
    fields = {
        "cipher_version": b"\0\1",
        "key_version": b"2",
        "server_salt": bytes(32),
        "google_id": bytes(16),
        "iv": IV,
    }
    return BackupPrefix(key_type=0, crypt14=Crypt14Cipher(**{**fields, **changes}))  # type: ignore[arg-type]


def delimited(body: bytes) -> bytes:
    return write_varint(len(body)) + body


def test_a_crypt15_header_shows_all_its_fields() -> None:
    info = BackupInfo(
        app_version="2.25.1.1", device_model="Phone", jid_suffix="42", backup_version=1
    )
    start = serialise_header(prefix15(info=info, key_type_new=3))
    assert parse_header(start + b"ciphertext") == Header(
        format="crypt15",
        size=len(start),
        iv=IV,
        key_type="key",
        app_version="2.25.1.1",
        device_model="Phone",
        jid_suffix="42",
        backup_version=1,
        prefix=start[1:],
    )


def test_a_crypt14_header_shows_which_key_it_needs() -> None:
    header = parse_header(serialise_header(prefix14(server_salt=b"s" * 32, google_id=b"g" * 16)))
    assert (header.format, header.key_version) == ("crypt14", 2)
    assert (header.server_salt, header.google_id, header.iv) == (b"s" * 32, b"g" * 16, IV)


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "server"), (1, "end-to-end"), (2, "password"), (3, "key"), (4, "passkey"), (9, "unknown")],
)
def test_the_newer_key_type_wins_over_the_older(number: int, name: str) -> None:
    number_new = KeyTypeNew.ValueType(number)
    key_type = parse_header(serialise_header(prefix15(key_type_new=number_new))).key_type
    assert key_type is not None
    assert key_type.startswith(name)


@pytest.mark.parametrize("size", [90, 127, 128, 129, 255, 256, 300, 16_383, 16_384, 60_000])
def test_a_header_may_have_any_length(size: int) -> None:
    padding = size - len(prefix15(passkey_metadata=bytes(60)).SerializeToString()) + 60
    body = prefix15(passkey_metadata=bytes(padding)).SerializeToString()
    body = prefix15(passkey_metadata=bytes(padding - len(body) + size)).SerializeToString()
    assert len(body) == size
    header = parse_header(delimited(body))
    assert header.size == size + len(write_varint(size))
    assert header.iv == IV


def test_a_stray_01_after_a_short_length_is_forgiven() -> None:
    body = prefix15(info=BackupInfo(jid_suffix="42")).SerializeToString()
    assert len(body) < 128
    header = parse_header(bytes([len(body), 1]) + body + b"ciphertext")
    assert header.size == len(body) + 2
    assert header.jid_suffix == "42"
    with pytest.raises(FormatError):
        parse_header(bytes([len(body), 2]) + body + b"ciphertext")
    long = prefix15(passkey_metadata=bytes(200)).SerializeToString()
    with pytest.raises(FormatError):
        parse_header(write_varint(len(long)) + b"\1" + long + b"ciphertext")


def test_a_header_without_details_has_none() -> None:
    start = serialise_header(prefix15())
    assert parse_header(start) == Header(
        format="crypt15", size=len(start), iv=IV, key_type="end-to-end", prefix=start[1:]
    )


def test_the_longest_header_is_read_and_a_longer_one_is_refused() -> None:
    with pytest.raises(TruncatedError):
        parse_header(write_varint(MAX_PREFIX_SIZE) + b"x")
    with pytest.raises(FormatError, match=f"{MAX_PREFIX_SIZE + 1} bytes"):
        parse_header(write_varint(MAX_PREFIX_SIZE + 1) + b"x")


def test_a_number_in_the_place_of_a_cipher_is_not_a_cipher() -> None:
    header = parse_header(delimited(prefix15().SerializeToString() + b"\x10\1"))
    assert (header.format, header.unknown_fields) == ("crypt15", 1)


def test_a_key_version_is_a_digit_from_1_to_9() -> None:
    for digit in range(1, 10):
        start = serialise_header(prefix14(key_version=b"%d" % digit))
        assert parse_header(start).key_version == digit
    for other in (b"0", b":", b"11"):
        with pytest.raises(FormatError, match="digit"):
            parse_header(serialise_header(prefix14(key_version=other)))


def test_unknown_fields_are_counted_and_kept() -> None:
    flags = bytes([5 << 3, 1, 6 << 3, 0]) + write_varint(39 << 3) + b"\1"
    info = flags + write_varint(60 << 3) + b"\7"
    tail = b"\x22" + delimited(info) + write_varint(99 << 3) + b"\5"
    body = prefix15().SerializeToString() + tail
    header = parse_header(delimited(body))
    assert header.migrations == (5, 39)
    assert header.unknown_fields == 2
    assert header.prefix == body
    last = write_varint(40 << 3) + b"\1" + write_varint(7 << 3 | 2) + delimited(b"text")
    header = parse_header(delimited(prefix15().SerializeToString() + b"\x22" + delimited(last)))
    assert (header.migrations, header.unknown_fields) == ((), 2)


def test_every_truncation_of_a_header_is_reported_as_such() -> None:
    for start in (
        serialise_header(prefix14()),
        serialise_header(prefix15(passkey_metadata=bytes(300))),
    ):
        for size in range(len(start)):
            with pytest.raises(TruncatedError):
                parse_header(start[:size])


@pytest.mark.parametrize(
    ("start", "says"),
    [
        pytest.param(b"\xff" * 20, "never ends", id="endless varint"),
        pytest.param(b"\0" + bytes(99), "0 bytes", id="empty prefix"),
        pytest.param(b"\xff\xff\xff\xff\x0f" + bytes(99), "4294967295 bytes", id="too long"),
        pytest.param(delimited(b"\xff" * 40), "not protobuf", id="not protobuf"),
        pytest.param(delimited(b"\x08\x01"), "no cipher", id="no cipher"),
        pytest.param(
            delimited(BackupPrefix(crypt15=Crypt15Cipher()).SerializeToString()),
            "0 bytes, not 16",
            id="no IV",
        ),
        pytest.param(
            delimited(BackupPrefix(crypt15=Crypt15Cipher(iv=IV[:12])).SerializeToString()),
            "12 bytes, not 16",
            id="IV of 12",
        ),
        pytest.param(serialise_header(prefix14(iv=IV[:15])), "15 bytes", id="IV of 15"),
        pytest.param(
            delimited(prefix14().SerializeToString() + prefix15().SerializeToString()),
            "two ciphers",
            id="both ciphers",
        ),
        pytest.param(serialise_header(prefix14(key_version=b"")), "digit", id="no version"),
        pytest.param(serialise_header(prefix14(key_version=b"\2")), "digit", id="binary version"),
        pytest.param(serialise_header(prefix14(server_salt=b"s")), "salts", id="short salt"),
        pytest.param(serialise_header(prefix14(google_id=b"")), "salts", id="no id"),
    ],
)
def test_an_invalid_header_is_refused(start: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        parse_header(start)


def test_crypt12_headers_have_67_bytes() -> None:
    start = b"\0\1\2" + b"s" * 32 + b"g" * 16 + IV
    header = parse_crypt12_header(start + b"ciphertext")
    assert (header.size, header.key_version, header.iv) == (67, 2, IV)
    for size in range(67):
        with pytest.raises(TruncatedError):
            parse_crypt12_header(start[:size])
    with pytest.raises(FormatError):
        parse_crypt12_header(b"\0\1\4" + start[3:])


@given(st.integers(0, 2**63 - 1))
def test_varints_are_read_as_written(value: int) -> None:
    written = write_varint(value)
    assert read_varint(b"x" + written + b"x", 1) == (value, 1 + len(written))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_header_or_our_error(start: bytes) -> None:
    with contextlib.suppress(FormatError, TruncatedError):
        assert len(parse_header(start).iv) == 16
    with contextlib.suppress(FormatError, TruncatedError):
        assert len(parse_crypt12_header(start).iv) == 16


@given(st.binary(max_size=200), st.integers(0, 199), st.integers(0, 255))
def test_an_altered_header_is_a_header_or_our_error(tail: bytes, place: int, byte: int) -> None:
    start = bytearray(serialise_header(prefix14()) + tail)
    start[place % len(start)] = byte
    with contextlib.suppress(FormatError, TruncatedError):
        header = parse_header(bytes(start))
        assert header.size <= len(start)
