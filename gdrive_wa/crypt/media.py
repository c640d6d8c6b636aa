"""Decrypt and authenticate mcrypt1 and ``.enc`` media files.

Format facts: proto/README.md, "mcrypt1" and ".enc".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import IO

from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    FormatError,
    GdriveWaError,
    MetadataError,
    TruncatedError,
    WrongKeyError,
)
from gdrive_wa.crypt.envelope import FileMetadata, stored_name
from gdrive_wa.crypt.keys import RootKey
from gdrive_wa.crypt.primitives import (
    BLOCK_SIZE,
    PIECE_SIZE,
    TAG_SIZE,
    GcmDecryptor,
    HmacKey,
    Piece,
    expand,
    extract,
    open_gcm,
    strip_padding,
)
from gdrive_wa.crypt.recognise import is_mpeg_audio, looks_like

UNTAGGED = "its tag does not match, but its MD5 and size are those in its metadata"
ENC_MAC_SIZE = 10
_OTHER_CONTENT = "the content is not the one that its metadata promises"


def decrypt_mcrypt1(
    file: IO[bytes],
    size: int,
    name: str,
    key: RootKey,
    sink: Callable[[Piece], object],
    *,
    metadata: FileMetadata | None = None,
    check: Callable[[int], None] = lambda _moved: None,
) -> tuple[str, ...]:
    """Decrypt a media file of an end-to-end encrypted backup and pass its content to `sink`.

    Nothing that `sink` received may be kept if this raises an error. See M25 to M29.

    Args:
        file: the stored file, seekable, at its start.
        size: size of the file in bytes.
        name: the 64 digits of its stored name, from which its key is derived.
        key: the root key.
        sink: receives the pieces, in order.
        metadata: the metadata from its envelope; without it, only the tag authenticates the file.
        check: called with the number of bytes read since the last call; may raise to stop.

    Returns:
        Warnings for the user: none, or one that only the metadata authenticates the content.

    Raises:
        MetadataError: the metadata belongs to another file.
        WrongKeyError: this is probably another key.
        AuthenticationError: the file was cut short or altered.
        ChecksumError: the content is not what the metadata promises.
        FormatError: the file is not encrypted.
        TruncatedError: the file is shorter than a tag.
    """
    if metadata is not None and not _belongs(metadata, name, key):
        raise MetadataError("the metadata of this file belongs to another file")
    if size < TAG_SIZE and not (metadata is not None and metadata.size == size):
        raise TruncatedError("the file is shorter than its own tag")
    material = key.derive(bytes.fromhex(name), 48)
    body = size if metadata is not None and metadata.size == size else size - TAG_SIZE
    if body + TAG_SIZE == size <= PIECE_SIZE:
        whole = open_gcm(material[:32], material[32:], file.read(size))
        if whole is not None:
            _give_checked(whole, metadata, sink)
            check(size)
            return ()
        file.seek(0)  # the reason why it does not open is found below
    cipher = GcmDecryptor(material[:32], material[32:])
    md5 = hashlib.md5(usedforsecurity=False)
    first = sealed = b""
    for piece in _pieces(file, body):
        plain = cipher.update(piece)
        first, sealed = first or plain[:64], sealed or piece[:64]
        md5.update(plain)
        sink(plain)
        check(len(piece))
    matches = _matches(metadata, md5.hexdigest(), body)
    if not cipher.verify(file.read(TAG_SIZE)):
        promised = metadata is not None and metadata.md5 is not None
        if promised and matches:
            return (UNTAGGED,)
        raise _verdict(first, sealed, promised=promised)
    if not matches:
        raise ChecksumError(_OTHER_CONTENT)
    return ()


def decrypt_enc(
    file: IO[bytes],
    size: int,
    media_key: bytes,
    sink: Callable[[Piece], object],
    *,
    info: str = "WhatsApp Audio Keys",
) -> None:
    """Decrypt a file from WhatsApp's transient media servers; see proto/README.md, ".enc".

    Args:
        file: the stored file, seekable, at its start.
        size: size of the file in bytes.
        media_key: the 32 bytes in the message's row.
        sink: receives the pieces, in order; nothing before the MAC is checked.
        info: the kind of media: ``WhatsApp Audio Keys``, ``… Image Keys``, ``… Video Keys`` or
            ``… Document Keys``.

    Raises:
        TruncatedError: the file is too short, or not in whole blocks.
        WrongKeyError: the MAC does not match: this is another media key, or the file was altered.
        AuthenticationError: the padding is invalid; what `sink` received may not be kept.
    """
    body = size - ENC_MAC_SIZE
    if body < BLOCK_SIZE or body % BLOCK_SIZE:
        raise TruncatedError("the file is cut short: its content is not in whole blocks")
    material = expand(HmacKey(extract(b"", media_key)), info.encode(), 112)
    iv, aes_key, mac_key = material[:16], material[16:48], material[48:80]
    mac = hmac.new(mac_key, iv, "sha256")
    for piece in _pieces(file, body):
        mac.update(piece)
    if not hmac.compare_digest(mac.digest()[:ENC_MAC_SIZE], file.read(ENC_MAC_SIZE)):
        raise WrongKeyError("this media key does not open this file", hint="fetch the file again")
    file.seek(0)
    from Crypto.Cipher import AES  # noqa: PLC0415 - slow to import, and not for voice notes

    cipher = AES.new(aes_key, AES.MODE_CBC, iv=iv)
    pending = b""
    for piece in _pieces(file, body):
        if pending:
            sink(pending)
        pending = cipher.decrypt(piece)
    last = strip_padding(pending)
    if last is None:
        raise AuthenticationError("the padding of this file is invalid")
    sink(last)


def enc_size(size: int) -> int:
    """The size in bytes of an ``.enc`` file with `size` bytes of content: they are padded to whole
    blocks, and a MAC follows."""
    return size // BLOCK_SIZE * BLOCK_SIZE + BLOCK_SIZE + ENC_MAC_SIZE


def _give_checked(
    whole: bytes, metadata: FileMetadata | None, sink: Callable[[Piece], object]
) -> None:
    """Pass the whole content of a short file with a matching tag to `sink`."""
    if not _matches(metadata, hashlib.md5(whole, usedforsecurity=False).hexdigest(), len(whole)):
        raise ChecksumError(_OTHER_CONTENT)
    sink(whole)


def _verdict(first: bytes, sealed: bytes, *, promised: bool) -> GdriveWaError:
    """The reason why a tag does not match, by the first bytes of the content and the file."""
    if looks_like(first) in ("media", "zip", "sqlite"):
        return AuthenticationError("the file is cut short or was altered")
    if looks_like(sealed) in ("media", "zip", "sqlite") and not is_mpeg_audio(sealed):
        return FormatError(
            "the file is not encrypted although its name says so, so it cannot be verified",
            hint="if you decrypted it yourself, rename it to the name it had on the phone",
        )
    if promised:
        return ChecksumError("neither the tag nor the MD5 of this file matches")
    return WrongKeyError("this key does not open this file")


def _matches(metadata: FileMetadata | None, md5: str, size: int) -> bool:
    """True if MD5 and size are those in the metadata, as far as it has them."""
    return metadata is None or (metadata.md5 in (None, md5) and metadata.size in (None, size))


def _belongs(metadata: FileMetadata, name: str, key: RootKey) -> bool:
    """False if the stored name, an HMAC of path and MD5, shows that the metadata is not of it."""
    return metadata.md5 is None or stored_name(key, metadata.name, metadata.md5) == name.upper()


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(PIECE_SIZE, size))
        if not piece:
            raise TruncatedError("the file shrank while it was read")
        size -= len(piece)
        yield piece
