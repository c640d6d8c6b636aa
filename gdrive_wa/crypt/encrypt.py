"""Encrypt files as the phone does, for samples, tests and experiments.

Format facts: proto/README.md.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes
from typing import IO

from Crypto.Cipher import AES

from gdrive_wa.core.errors import UsageError, WrongKeyTypeError
from gdrive_wa.crypt.envelope import FileMetadata, seal_envelope, stored_name
from gdrive_wa.crypt.header import IV_SIZE, serialise_header
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey
from gdrive_wa.crypt.media import ENC_MAC_SIZE
from gdrive_wa.crypt.primitives import (
    PIECE_SIZE,
    HmacKey,
    encrypt_cbc,
    expand,
    extract,
    seal_gcm,
)
from gdrive_wa.pb.backup_prefix_pb2 import (
    BackupInfo,
    BackupPrefix,
    Crypt14Cipher,
    Crypt15Cipher,
    KeyType,
)

FORMATS = ("crypt12", "crypt14", "crypt15")


def encrypt_file(
    src: Path,
    dest: Path,
    key: Key,
    *,
    format: str = "crypt15",  # noqa: A002 - the usual name for it
    compress: bool = True,
    checksum: bool = True,
    iv: bytes | None = None,
    app_version: str = "2.25.1.1",
    jid_suffix: str = "00",
) -> None:
    """Encrypt `src` as a container.

    Args:
        src: the plain file.
        dest: the container to create; its folder is created.
        key: a root key for crypt15, a cipher key for crypt12 and crypt14.
        format: ``crypt12``, ``crypt14`` or ``crypt15``.
        compress: compress with zlib, as phones do for databases; a multi-file backup stores its ZIP
            as it is.
        checksum: write the MD5 footer; multi-file backups have none.
        iv: 16 bytes, only for reproducible samples; random by default.
        app_version: the version of WhatsApp in the header.
        jid_suffix: the last two digits of the number.

    Raises:
        UsageError: `format` is unknown.
        WrongKeyTypeError: the key is of the wrong kind for `format`.
        OSError: `src` cannot be read, or `dest` cannot be written.
    """
    if format not in FORMATS:
        raise UsageError(f"no format named {format!r}", hint=f"use one of: {', '.join(FORMATS)}")
    if isinstance(key, RootKey) != (format == "crypt15"):
        raise WrongKeyTypeError(f"{format} needs the other kind of key")
    iv = token_bytes(IV_SIZE) if iv is None else iv
    header = _header(format, key, iv, app_version, jid_suffix)
    aes_key = key.derive("backup encryption", 32) if isinstance(key, RootKey) else key.reveal()
    cipher = AES.new(aes_key, AES.MODE_GCM, nonce=iv)
    md5 = hashlib.md5(header, usedforsecurity=False)
    dest.parent.mkdir(parents=True, exist_ok=True)
    with src.open("rb") as file, dest.open("wb") as out:
        out.write(header)
        for piece in _compressed(file) if compress else _pieces(file):
            sealed = cipher.encrypt(piece)
            md5.update(sealed)
            out.write(sealed)
        tag = cipher.digest()
        md5.update(tag)
        out.write(tag)
        if checksum:
            out.write(md5.digest())
        if format == "crypt12":
            out.write(f"--{jid_suffix}".encode())


def encrypt_media(
    content: bytes, key: RootKey, metadata: FileMetadata, *, iv: bytes | None = None
) -> tuple[str, bytes, str]:
    """Encrypt one media file as mcrypt1.

    Args:
        content: the content of the file.
        key: the root key.
        metadata: its real path and time; MD5 and size are taken from `content`.
        iv: 16 bytes for the envelope, only for reproducible samples; random by default.

    Returns:
        The 64 digits of its stored name, the stored bytes, and its envelope.
    """
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    full = FileMetadata(name=metadata.name, md5=md5, size=len(content), updated=metadata.updated)
    name = stored_name(key, metadata.name, md5)
    material = key.derive(bytes.fromhex(name), 48)
    sealed = seal_gcm(material[:32], material[32:], content)
    return name, sealed, seal_envelope(full.to_json(), key, iv=iv)


def encrypt_enc(content: bytes, media_key: bytes, *, info: str = "WhatsApp Audio Keys") -> bytes:
    """Encrypt one media file as it is on WhatsApp's transient media servers (``.enc``).

    Args:
        content: the content of the file.
        media_key: the 32 bytes in the message's row.
        info: the kind of media, as for :func:`gdrive_wa.crypt.media.decrypt_enc`.
    """
    material = expand(HmacKey(extract(b"", media_key)), info.encode(), 112)
    iv, aes_key, mac_key = material[:16], material[16:48], material[48:80]
    sealed = encrypt_cbc(aes_key, iv, content)
    return sealed + hmac.digest(mac_key, iv + sealed, "sha256")[:ENC_MAC_SIZE]


def _header(format_: str, key: Key, iv: bytes, app_version: str, jid_suffix: str) -> bytes:
    if isinstance(key, CipherKey) and format_ == "crypt12":
        return b"".join(
            (key.cipher_version, bytes([key.key_version]), key.server_salt, key.google_id, iv)
        )
    info = BackupInfo(app_version=app_version, jid_suffix=jid_suffix, backup_version=1)
    if isinstance(key, CipherKey):
        cipher = Crypt14Cipher(
            cipher_version=key.cipher_version,
            key_version=str(key.key_version).encode(),
            server_salt=key.server_salt,
            google_id=key.google_id,
            iv=iv,
        )
        return serialise_header(
            BackupPrefix(key_type=KeyType.WHATSAPP_SERVERS, crypt14=cipher, info=info)
        )
    return serialise_header(
        BackupPrefix(key_type=KeyType.END_TO_END, crypt15=Crypt15Cipher(iv=iv), info=info)
    )


def _compressed(file: IO[bytes]) -> Iterator[bytes]:
    deflater = zlib.compressobj(1)
    for piece in _pieces(file):
        if out := deflater.compress(piece):
            yield out
    yield deflater.flush()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE_SIZE):
        yield piece
