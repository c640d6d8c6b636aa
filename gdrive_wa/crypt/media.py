"""mcrypt1 and ``.enc`` media: one file, one key, decrypted and checked in one pass.

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

UNTAGGED = "its tag does not hold, but its MD5 and size are those that its metadata promises"
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
    """Decrypt a media file of an end-to-end backup and give its content to `sink`.

    Args:
        file: the stored file, at its start.
        size: of it, bytes.
        name: the 64 digits that it is stored under: its key is derived from them.
        key: the root key.
        sink: takes the pieces.
        metadata: what its envelope says; without it the tag alone vouches for the content.
        check: called with the bytes read, now and then; may raise to stop.

    Returns:
        What a person should know: empty, or that only the metadata vouched for it.

    Raises:
        MetadataError: the metadata belongs to another file.
        WrongKeyError, AuthenticationError, ChecksumError, FormatError, TruncatedError: it is
            not to be believed; nothing that `sink` got may be kept.
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
    """Decrypt a file of WhatsApp's transient media servers.

    Args:
        file: the stored file, seekable.
        size: of it, bytes.
        media_key: 32 bytes, from the message's row.
        sink: takes the pieces; nothing is given before the MAC was checked.
        info: which medium: ``WhatsApp Audio Keys``, ``… Image Keys``, ``… Video Keys`` or
            ``… Document Keys``.

    Raises:
        TruncatedError: no room for a MAC and whole blocks.
        WrongKeyError: the MAC does not hold: another media key, or altered.
        AuthenticationError: the padding is invalid.
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
    """Bytes of the ``.enc`` file whose content has `size` bytes: padded to whole blocks, and a
    MAC."""
    return size // BLOCK_SIZE * BLOCK_SIZE + BLOCK_SIZE + ENC_MAC_SIZE


def _give_checked(
    whole: bytes, metadata: FileMetadata | None, sink: Callable[[Piece], object]
) -> None:
    """Give `sink` the content of a short file, whose tag holds, all at once."""
    if not _matches(metadata, hashlib.md5(whole, usedforsecurity=False).hexdigest(), len(whole)):
        raise ChecksumError(_OTHER_CONTENT)
    sink(whole)


def _verdict(first: bytes, sealed: bytes, *, promised: bool) -> GdriveWaError:
    """The reason why a tag does not hold, by the first bytes of the content and the file."""
    if looks_like(first) in ("media", "zip", "sqlite"):
        return AuthenticationError("the file is cut short or was altered")
    if looks_like(sealed) in ("media", "zip", "sqlite") and not is_mpeg_audio(sealed):
        return FormatError(
            "the file is not encrypted although its name says so, so it cannot be verified",
            hint="if you decrypted it yourself, rename it to the name it had on the phone",
        )
    if promised:
        return ChecksumError("neither the tag nor the MD5 of this file holds")
    return WrongKeyError("this key does not open this file")


def _matches(metadata: FileMetadata | None, md5: str, size: int) -> bool:
    """True of the content that the metadata promises, as far as there are any."""
    return metadata is None or (metadata.md5 in (None, md5) and metadata.size in (None, size))


def _belongs(metadata: FileMetadata, name: str, key: RootKey) -> bool:
    """True unless the name, which is an HMAC over path and MD5, says otherwise."""
    return metadata.md5 is None or stored_name(key, metadata.name, metadata.md5) == name.upper()


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(PIECE_SIZE, size))
        if not piece:
            raise TruncatedError("the file shrank while it was read")
        size -= len(piece)
        yield piece
