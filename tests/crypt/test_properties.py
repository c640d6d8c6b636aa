"""Properties of every input: parsers are total, and what is written is read back unchanged."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.core.errors import GdriveWaError, WrongKeyError
from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import (
    FileMetadata,
    open_envelope,
    parse_file_metadata,
    read_file_metadata,
    seal_envelope,
    stored_name,
)
from gdrive_wa.crypt.header import (
    CRYPT12_HEADER_SIZE,
    parse_crypt12_header,
    parse_header,
    read_varint,
    serialise_header,
    write_varint,
)
from gdrive_wa.crypt.inspect import inspect
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey, load_key
from gdrive_wa.crypt.media import decrypt_enc, decrypt_mcrypt1
from gdrive_wa.crypt.payload import Unpacker
from gdrive_wa.crypt.recognise import looks_like, plain_name, recognise
from gdrive_wa.jobs.key import write_key_file
from gdrive_wa.pb.backup_prefix_pb2 import (
    BackupInfo,
    BackupPrefix,
    Crypt14Cipher,
    Crypt15Cipher,
)
from tests.crypt.fixtures import CIPHER_KEY, ROOT_KEY, decrypt_to

# All examples of a test share its folder; each writes its own file again.
shared_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)


def exactly(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


root_keys = exactly(32).map(RootKey)
cipher_keys = st.builds(
    CipherKey,
    exactly(32),
    server_salt=exactly(32),
    google_id=exactly(16),
    key_version=st.integers(1, 3),
)
infos = st.builds(
    BackupInfo,
    app_version=st.text(max_size=20),
    jid_suffix=st.text("0123456789", max_size=2),
    device_model=st.text(max_size=20),
    backup_version=st.integers(0, 2**32 - 1),
)
prefixes = st.builds(
    BackupPrefix,
    key_type=st.integers(0, 1),
    crypt15=st.builds(Crypt15Cipher, iv=exactly(16)),
    info=infos,
    passkey_metadata=st.binary(max_size=400),
) | st.builds(
    BackupPrefix,
    crypt14=st.builds(
        Crypt14Cipher,
        cipher_version=st.just(b"\0\1"),
        key_version=st.sampled_from([b"1", b"2", b"3"]),
        server_salt=exactly(32),
        google_id=exactly(16),
        iv=exactly(16),
    ),
    info=infos,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001 - made UTC here
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
metadata = st.builds(
    FileMetadata,
    name=texts,
    md5=st.none() | exactly(16).map(bytes.hex),
    size=st.none() | st.integers(0, 2**53 - 1),
    updated=st.none() | moments,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


# --- Identity: written and read again


@given(st.integers(0, 2**64 - 1), st.binary(max_size=4), st.binary(max_size=4))
def test_a_varint_is_read_and_nothing_after_it(value: int, before: bytes, after: bytes) -> None:
    written = write_varint(value)
    data = before + written + after
    assert read_varint(data, len(before)) == (value, len(before) + len(written))


@given(prefixes, st.binary(max_size=40))
def test_a_header_is_read_as_it_was_written(prefix: BackupPrefix, behind: bytes) -> None:
    written = serialise_header(prefix)
    header = parse_header(written + behind)
    assert header.size == len(written)
    assert BackupPrefix.FromString(header.prefix) == prefix
    assert (header.app_version or "") == prefix.info.app_version
    assert (header.jid_suffix or "") == prefix.info.jid_suffix
    assert (header.backup_version or 0) == prefix.info.backup_version
    if prefix.HasField("crypt15"):
        assert (header.format, header.iv) == ("crypt15", prefix.crypt15.iv)
    else:
        assert (header.format, header.iv) == ("crypt14", prefix.crypt14.iv)
        assert header.server_salt == prefix.crypt14.server_salt
        assert header.google_id == prefix.crypt14.google_id
        assert str(header.key_version).encode() == prefix.crypt14.key_version


@given(prefixes, st.data())
def test_every_cut_of_any_header_is_refused(prefix: BackupPrefix, data: st.DataObject) -> None:
    written = serialise_header(prefix)
    with pytest.raises(GdriveWaError):
        parse_header(written[: data.draw(st.integers(0, len(written) - 1))])


@given(exactly(CRYPT12_HEADER_SIZE - 3), st.integers(1, 3), st.binary(max_size=9))
def test_any_salts_and_iv_are_a_crypt12_header(rest: bytes, version: int, behind: bytes) -> None:
    raw = b"\0\1" + bytes([version]) + rest
    header = parse_crypt12_header(raw + behind)
    assert header.server_salt + header.google_id + header.iv == rest
    assert (header.size, header.key_version) == (CRYPT12_HEADER_SIZE, version)


@given(cipher_keys)
def test_a_cipher_key_is_read_as_it_was_written(key: CipherKey) -> None:
    again = CipherKey.from_bytes(key.to_bytes())
    assert again == key
    assert again.to_bytes() == key.to_bytes()


@given(root_keys | cipher_keys)
@shared_folder
def test_a_key_file_is_read_as_it_was_written(tmp_path: Path, key: Key) -> None:
    write_key_file(key, tmp_path / "key")
    assert load_key(tmp_path / "key") == key
    assert load_key((tmp_path / "key").read_bytes()) == key


@given(
    root_keys, st.sampled_from(["", " ", "\n", "-", ":", " \t"]), st.integers(1, 9), st.booleans()
)
def test_a_typed_key_is_the_same_in_any_spacing_and_case(
    key: RootKey, between: str, group: int, upper: bool
) -> None:
    digits = key.reveal().hex()
    typed = between.join(digits[at : at + group] for at in range(0, 64, group))
    assert load_key((typed.upper() if upper else typed).encode()) == key
    assert load_key(base64.b64encode(key.reveal())) == key


@given(st.binary(max_size=300), root_keys, st.none() | exactly(16))
def test_an_envelope_gives_back_what_was_sealed(
    content: bytes, key: RootKey, iv: bytes | None
) -> None:
    assert open_envelope(seal_envelope(content, key, iv=iv), key) == content


@given(st.binary(max_size=99), root_keys, root_keys)
def test_an_envelope_opens_with_no_other_key(content: bytes, key: RootKey, other: RootKey) -> None:
    assume(key != other)
    with pytest.raises(WrongKeyError):
        open_envelope(seal_envelope(content, key), other)


@given(metadata, st.integers(-14, 14))
def test_metadata_are_read_as_they_were_written(described: FileMetadata, hours: int) -> None:
    assert parse_file_metadata(described.to_json()) == described
    assert read_file_metadata(seal_envelope(described.to_json(), ROOT_KEY), ROOT_KEY) == described
    if described.updated is not None:
        zone = (described.updated + timedelta(hours=hours)).replace(tzinfo=None).isoformat()
        local = f'{{"name": "x", "updateTime": "{zone}{hours:+03}:00"}}'.encode()
        assert parse_file_metadata(local).updated == described.updated


@given(st.binary(max_size=600), metadata, root_keys)
def test_media_of_any_content_come_back(
    content: bytes, described: FileMetadata, key: RootKey
) -> None:
    name, sealed, envelope = encrypt_media(content, key, described)
    assert len(sealed) == len(content) + 16
    opened = read_file_metadata(envelope, key)
    assert (opened.name, opened.updated, opened.size) == (
        described.name,
        described.updated,
        len(content),
    )
    assert name == stored_name(key, described.name, hashlib.md5(content).hexdigest())
    for known in (opened, None):
        out = io.BytesIO()
        notes = decrypt_mcrypt1(
            io.BytesIO(sealed), len(sealed), name, key, out.write, metadata=known
        )
        assert out.getvalue() == content
        assert notes == ()


@pytest.mark.parametrize("format_", ["crypt12", "crypt14", "crypt15"])
@given(st.binary(max_size=3000), root_keys, cipher_keys, st.booleans(), st.integers(0, 20_000))
@shared_folder
def test_a_container_gives_back_what_was_sealed_and_nothing_else(
    tmp_path: Path,
    format_: str,
    content: bytes,
    root_key: RootKey,
    cipher_key: CipherKey,
    checksum: bool,
    place: int,
) -> None:
    key: Key = root_key if format_ == "crypt15" else cipher_key
    plain, sealed = tmp_path / "plain", tmp_path / f"x.{format_}"
    plain.write_bytes(content)
    encrypt_file(plain, sealed, key, format=format_, checksum=checksum)
    out = io.BytesIO()
    assert decrypt_to(sealed, out, key).size == len(content)
    assert out.getvalue() == content
    raw = bytearray(sealed.read_bytes())
    end = (
        len(raw) - 4 if format_ == "crypt12" else len(raw)
    )  # crypt12's last four are not authenticated
    raw[place % end] ^= 1 + place % 255
    sealed.write_bytes(raw)
    out = io.BytesIO()
    with contextlib.suppress(GdriveWaError):  # nothing authenticates a header without MD5
        decrypt_to(sealed, out, key)
        assert out.getvalue() == content
        assert not checksum


@given(st.binary(max_size=4000), st.integers(0, 9), st.lists(st.integers(1, 700), max_size=30))
def test_a_payload_is_unpacked_the_same_in_pieces_of_any_size(
    content: bytes, level: int, sizes: list[int]
) -> None:
    packed = zlib.compress(content, level)
    out = io.BytesIO()
    unpacker = Unpacker(out.write, 1 << 20)
    at = 0
    for size in [*sizes, len(packed)]:
        if packed[at : at + size]:
            unpacker.feed(packed[at : at + size])
        at += size
    unpacker.finish()
    assert out.getvalue() == content
    assert unpacker.kind == looks_like(content[:64])


# --- Totality: any bytes give a result or an error of ours

near_containers = st.builds(
    lambda prefix, body, md5: (
        (raw := serialise_header(prefix) + body) + (hashlib.md5(raw).digest() if md5 else b"")
    ),
    prefixes,
    st.binary(max_size=200),
    st.booleans(),
)
any_bytes = st.binary(max_size=400) | near_containers
names = st.sampled_from(
    ["msgstore.db.crypt12", "msgstore.db.crypt15", "x.enc", f"{'AB' * 32}.mcrypt1", "x"]
)


@given(any_bytes, names, st.sampled_from([None, ROOT_KEY, CIPHER_KEY]), st.booleans())
@shared_folder
def test_any_file_is_decrypted_or_refused_by_an_error_of_ours(
    tmp_path: Path, raw: bytes, name: str, key: Key | None, copy: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    out = io.BytesIO()
    with contextlib.suppress(GdriveWaError):
        decrypted = decrypt_to(path, out, key, copy=copy)
        assert decrypted.size == len(out.getvalue())
        assert decrypted.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


@given(any_bytes, names)
@shared_folder
def test_the_parts_of_any_file_that_is_inspected_add_up(
    tmp_path: Path, raw: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    with contextlib.suppress(GdriveWaError):
        described = inspect(path).to_json()
        parts = ("header_size", "ciphertext_size", "tag_size", "checksum_size", "tail_size")
        sizes = [size for part in parts if isinstance(size := described[part], int)]
        assert len(sizes) == 5
        assert min(sizes) >= 0
        assert sum(sizes) == described["size"] == len(raw)


@given(st.binary(max_size=200), st.text(max_size=80))
def test_any_start_under_any_name_is_recognised_or_refused(start: bytes, name: str) -> None:
    with contextlib.suppress(GdriveWaError):
        format_, header = recognise(start, name)
        assert (header is not None) == (format_ in ("crypt12", "crypt14", "crypt15"))
    assert plain_name(name, looks_like(start)) is not None


PARSERS: dict[str, Callable[[bytes], object]] = {
    "read_varint": read_varint,
    "parse_header": parse_header,
    "parse_crypt12_header": parse_crypt12_header,
    "load_key": load_key,
    "CipherKey.from_bytes": CipherKey.from_bytes,
    "RootKey.from_hex": lambda raw: RootKey.from_hex(raw.decode("utf-8", "surrogateescape")),
    "open_envelope": lambda raw: open_envelope(raw.decode("utf-8", "surrogateescape"), ROOT_KEY),
    "open_envelope in base64": lambda raw: open_envelope(base64.b64encode(raw).decode(), ROOT_KEY),
    "parse_file_metadata": parse_file_metadata,
    "decrypt_enc": lambda raw: decrypt_enc(
        io.BytesIO(raw), len(raw), bytes(32), io.BytesIO().write
    ),
    "Unpacker": lambda raw: Unpacker(io.BytesIO().write, 1 << 16).feed(raw),
    "Unpacker behind a zlib header": lambda raw: Unpacker(io.BytesIO().write, 1 << 16).feed(
        b"\x78\x9c" + raw
    ),
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=list(PARSERS))
@given(any_bytes)
def test_a_parser_accepts_or_refuses_any_bytes(
    parse: Callable[[bytes], object], raw: bytes
) -> None:
    with contextlib.suppress(GdriveWaError):
        parse(raw)


@given(json_values)
def test_any_json_is_metadata_or_refused(value: object) -> None:
    for fields in (value, {"name": "x", "md5Hash": value, "sizeBytes": value, "updateTime": value}):
        with contextlib.suppress(GdriveWaError):
            assert parse_file_metadata(json.dumps(fields).encode()).name


@given(st.binary(max_size=200))
@shared_folder
def test_any_zip_is_an_increment_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "increment.zip"
    path.write_bytes(b"PK\x03\x04" + raw)
    with contextlib.suppress(GdriveWaError):
        list(read_increment(path))
