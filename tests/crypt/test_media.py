"""mcrypt1 and .enc: one file, one key, verified before anything is used."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    FormatError,
    GdriveWaError,
    Interrupted,
    MetadataError,
    MissingKeyError,
    TruncatedError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.model import MediaLink
from gdrive_wa.crypt.decrypt import copy_content, decrypt_linked
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata, read_file_metadata
from gdrive_wa.crypt.media import UNTAGGED, decrypt_enc, decrypt_mcrypt1, enc_size
from gdrive_wa.jobs.decrypt_file import decrypt_file
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY

PATH = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
SENT = datetime(2023, 12, 31, 22, 58, tzinfo=UTC)
VOICE = b"OggS" + bytes(range(256)) * 150


class Stored:
    """One stored media file and what its envelope says."""

    def __init__(self, folder: Path, content: bytes = VOICE) -> None:
        name, self.sealed, envelope = encrypt_media(
            content, ROOT_KEY, FileMetadata(name=PATH, updated=SENT)
        )
        self.metadata = read_file_metadata(envelope, ROOT_KEY)
        self.path = folder / f"{name}.mcrypt1"
        self.path.write_bytes(self.sealed)
        self.out = folder / "out" / "voice.opus"

    def refused(self, kind: type[GdriveWaError], *, metadata: FileMetadata | None = None) -> None:
        with pytest.raises(GdriveWaError) as caught:
            decrypt_file(self.path, self.out, ROOT_KEY, metadata=metadata)
        assert type(caught.value) is kind, repr(caught.value)
        assert list(self.out.parent.iterdir()) == []


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return Stored(tmp_path)


def test_an_envelope_and_its_file_belong_together(stored: Stored) -> None:
    assert stored.metadata == FileMetadata(
        name=PATH, md5=hashlib.md5(VOICE).hexdigest(), size=len(VOICE), updated=SENT
    )
    assert stored.path.stat().st_size == len(VOICE) + 16


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 5])
def test_media_come_back_with_and_without_their_envelope(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    stored = Stored(tmp_path, content)
    for metadata in (stored.metadata, None):
        decrypted = decrypt_file(stored.path, stored.out, ROOT_KEY, metadata=metadata)
        assert stored.out.read_bytes() == content
        assert decrypted.format == "mcrypt1"
        assert decrypted.warnings == ()
        assert decrypted.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.path.name.isascii()


def test_a_file_gets_the_time_in_its_envelope(stored: Stored) -> None:
    decrypt_file(stored.path, stored.out, ROOT_KEY, metadata=stored.metadata)
    assert stored.out.stat().st_mtime == SENT.timestamp()


@pytest.mark.parametrize("rubbish", [b"", bytes(16), b"\x10" * 16], ids=["none", "zeros", "pad"])
def test_without_a_valid_tag_the_declared_md5_and_size_verify(
    rubbish: bytes, stored: Stored
) -> None:
    stored.path.write_bytes(stored.sealed[:-16] + rubbish)
    decrypted = decrypt_file(stored.path, stored.out, ROOT_KEY, metadata=stored.metadata)
    assert stored.out.read_bytes() == VOICE
    assert len(decrypted.warnings) == 1
    assert "its tag does not match" in decrypted.warnings[0]


@pytest.mark.parametrize("rubbish", [b"", bytes(16)], ids=["none", "zeros"])
def test_without_tag_and_envelope_nothing_is_verified(rubbish: bytes, stored: Stored) -> None:
    stored.path.write_bytes(stored.sealed[:-16] + rubbish)
    stored.refused(AuthenticationError)


@pytest.mark.parametrize("place", [0, 100, -17, -1])
def test_a_flipped_bit_is_noticed(place: int, stored: Stored) -> None:
    raw = bytearray(stored.sealed)
    raw[place] ^= 0x40
    stored.path.write_bytes(raw)
    if place == -1:  # only the tag: the envelope still verifies the content
        stored.refused(AuthenticationError)
        return
    stored.refused(WrongKeyError if place == 0 else AuthenticationError)
    stored.refused(ChecksumError if place == 0 else AuthenticationError, metadata=stored.metadata)


def test_a_file_shorter_than_a_tag_is_verified_by_its_metadata_only(tmp_path: Path) -> None:
    stored = Stored(tmp_path, b"OggS short")
    stored.path.write_bytes(stored.sealed[:-17])
    stored.refused(TruncatedError, metadata=stored.metadata)
    stored.path.write_bytes(stored.sealed[:-16])
    decrypted = decrypt_file(stored.path, stored.out, ROOT_KEY, metadata=stored.metadata)
    assert stored.out.read_bytes() == b"OggS short"
    assert decrypted.warnings == (UNTAGGED,)


def test_a_long_file_that_is_not_encrypted_is_recognised(stored: Stored) -> None:
    stored.path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(3 << 19))
    stored.refused(FormatError)


def test_a_ciphertext_that_begins_like_mpeg_audio_is_not_taken_for_it(stored: Stored) -> None:
    stored.path.write_bytes(b"\xff\xfb\x90\x64" + stored.sealed[4:])
    stored.refused(WrongKeyError)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    stored = Stored(tmp_path, b"OggS and twenty more")
    for size in range(len(stored.sealed)):
        stored.path.write_bytes(stored.sealed[:size])
        with pytest.raises((AuthenticationError, TruncatedError, WrongKeyError)):
            decrypt_file(stored.path, stored.out, ROOT_KEY)
    assert list(stored.out.parent.iterdir()) == []


def test_a_wrong_key_and_a_key_of_the_other_kind_are_reported(stored: Stored) -> None:
    for key, kind in (
        (OTHER_ROOT_KEY, WrongKeyError),
        (CIPHER_KEY, WrongKeyTypeError),
        (None, MissingKeyError),
    ):
        with pytest.raises(kind):
            decrypt_file(stored.path, stored.out, key)
    assert not stored.out.exists()


def test_a_file_under_another_files_name_is_refused(stored: Stored, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = Stored(tmp_path / "b", b"OggS another voice")
    stored.refused(MetadataError, metadata=other.metadata)
    stored.path.write_bytes(other.sealed)
    stored.refused(WrongKeyError)
    stored.refused(ChecksumError, metadata=stored.metadata)


def test_content_that_contradicts_the_envelope_is_refused(stored: Stored) -> None:
    promise = FileMetadata(name=PATH, md5=stored.metadata.md5, size=len(VOICE) + 1)
    stored.refused(ChecksumError, metadata=promise)


MEDIA_KEY = bytes(range(200, 232))


def sealed_enc(content: bytes, info: bytes = b"WhatsApp Audio Keys") -> bytes:
    """A file as WhatsApp's transient servers store it, made with another library."""
    material = HKDF(hashes.SHA256(), 112, None, info).derive(MEDIA_KEY)
    iv, key, mac_key = material[:16], material[16:48], material[48:80]
    padder, encryptor = PKCS7(128).padder(), Cipher(AES256(key), CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(content) + padder.finalize())
    mac = hmac.HMAC(mac_key, hashes.SHA256())
    mac.update(iv + sealed)
    return sealed + mac.finalize()[:10]


def open_enc(raw: bytes, media_key: bytes = MEDIA_KEY, **options: str) -> bytes:
    out = io.BytesIO()
    decrypt_enc(io.BytesIO(raw), len(raw), media_key, out.write, **options)
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_transient_media_come_back(size: int) -> None:
    content = os.urandom(size)
    assert open_enc(sealed_enc(content)) == content
    image = sealed_enc(content, b"WhatsApp Image Keys")
    assert open_enc(image, info="WhatsApp Image Keys") == content


def test_transient_media_are_accepted_only_with_a_valid_mac() -> None:
    raw = sealed_enc(VOICE)
    with pytest.raises(WrongKeyError):
        open_enc(raw, bytes(32))
    with pytest.raises(WrongKeyError):
        open_enc(raw, info="WhatsApp Video Keys")
    for place in (0, 999, -11, -1):
        altered = bytearray(raw)
        altered[place] ^= 1
        with pytest.raises(WrongKeyError):
            open_enc(bytes(altered))
    for size in (0, 9, 25, len(raw) - 1):
        with pytest.raises((TruncatedError, WrongKeyError)):
            open_enc(raw[:size])


def test_the_stored_bytes_are_what_the_phone_would_send() -> None:
    """Path, content and key determine the names and bytes: nothing is random."""
    first = encrypt_media(VOICE, ROOT_KEY, FileMetadata(name=PATH), iv=bytes(16))
    assert first == encrypt_media(VOICE, ROOT_KEY, FileMetadata(name=PATH), iv=bytes(16))
    assert base64.b64decode(first[2])[0] == 16


BIG = b"OggS" + bytes(range(256)) * 4100
"""Longer than one piece of 1 MiB, so that it is verified while it is written."""


def test_large_content_that_contradicts_the_envelope_is_refused_as_well(tmp_path: Path) -> None:
    stored = Stored(tmp_path, BIG)
    assert decrypt_file(stored.path, stored.out, ROOT_KEY, metadata=stored.metadata)
    stored.out.unlink()
    for promise in (
        FileMetadata(name=PATH, md5=stored.metadata.md5, size=len(BIG) + 1),
        FileMetadata(name=PATH, size=len(BIG) - 1),
    ):
        stored.refused(ChecksumError, metadata=promise)
    altered = bytearray(stored.sealed)
    altered[-20] ^= 1
    stored.path.write_bytes(altered)
    for metadata in (stored.metadata, FileMetadata(name=PATH)):
        stored.refused(AuthenticationError, metadata=metadata)


def test_a_file_that_shrinks_while_it_is_read_is_reported(tmp_path: Path) -> None:
    stored = Stored(tmp_path, BIG)
    for size in (5, 1 << 20, len(stored.sealed) - 20):
        with pytest.raises(TruncatedError, match="shrank"):
            decrypt_mcrypt1(
                io.BytesIO(stored.sealed[:size]),
                len(stored.sealed),
                stored.path.stem,
                ROOT_KEY,
                io.BytesIO().write,
            )


def test_only_whole_blocks_and_valid_padding_are_transient_media() -> None:
    raw = sealed_enc(VOICE)
    for size in (len(raw) - 1, len(raw) - 15, 10 + 15, 10):
        with pytest.raises(TruncatedError, match="whole blocks"):
            open_enc(raw[:size])
    material = HKDF(hashes.SHA256(), 112, None, b"WhatsApp Audio Keys").derive(MEDIA_KEY)
    encryptor = Cipher(AES256(material[16:48]), CBC(material[:16])).encryptor()
    sealed = encryptor.update(bytes(32)) + encryptor.finalize()  # zeros: no padding ends so
    mac = hmac.HMAC(material[48:80], hashes.SHA256())
    mac.update(material[:16] + sealed)
    with pytest.raises(AuthenticationError, match="padding"):
        open_enc(sealed + mac.finalize()[:10])


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000])
def test_the_size_of_a_transient_copy_is_known_in_advance(size: int) -> None:
    assert enc_size(size) == len(sealed_enc(bytes(size)))


def link_to(content: bytes, sealed: bytes, **changes: str | None) -> MediaLink:
    promised = MediaLink(
        chat_jid="a",
        message_id="b",
        url=None,
        direct_path="/x",
        media_key=MEDIA_KEY,
        enc_sha256=hashlib.sha256(sealed).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return replace(promised, **changes)  # type: ignore[arg-type]


def test_a_transient_copy_is_what_its_row_promises(tmp_path: Path) -> None:
    sealed = sealed_enc(VOICE)
    path = tmp_path / "copy.enc"
    path.write_bytes(sealed)

    def opened(**changes: str | None) -> tuple[str, bytes]:
        out = io.BytesIO()
        with path.open("rb") as file:
            done = decrypt_linked(file, link_to(VOICE, sealed, **changes), out.write)
        return done.format, out.getvalue()

    for changes in ({}, {"enc_sha256": None}, {"sha256": None}):
        assert opened(**changes) == ("enc", VOICE)
    for broken, said in (("enc_sha256", "not the copy"), ("sha256", "the file on WhatsApp")):
        with pytest.raises(ChecksumError, match=said):
            opened(**{broken: "00" * 32})


def test_what_is_stored_in_the_clear_is_held_against_its_metadata() -> None:
    digest = hashlib.md5(VOICE).hexdigest()
    moved: list[int] = []
    for metadata in (None, FileMetadata(name=PATH), FileMetadata(name=PATH, md5=digest)):
        out = io.BytesIO()
        done = copy_content(io.BytesIO(VOICE), out.write, metadata=metadata, check=moved.append)
        assert out.getvalue() == VOICE
        assert done.payload == "media"
    assert sum(moved) == 3 * len(VOICE)
    with pytest.raises(ChecksumError):
        copy_content(
            io.BytesIO(VOICE + b"x"),
            io.BytesIO().write,
            metadata=FileMetadata(name=PATH, md5=digest),
        )


def test_every_reader_can_be_stopped(tmp_path: Path) -> None:
    def stop(_moved: int) -> None:
        raise Interrupted("stopped")

    for content in (VOICE, BIG):
        stored = Stored(tmp_path, content)
        with pytest.raises(Interrupted):
            decrypt_mcrypt1(
                io.BytesIO(stored.sealed),
                len(stored.sealed),
                stored.path.stem,
                ROOT_KEY,
                io.BytesIO().write,
                check=stop,
            )
