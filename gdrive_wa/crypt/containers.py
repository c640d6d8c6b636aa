"""crypt12, crypt14 and crypt15: decrypted, authenticated and unpacked in one streaming pass.

Format facts: proto/README.md, "Containers". The verdict comes at the end: until the tag was
checked, nothing of what was written may be believed, and the caller throws it away on error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from gdrive_wa.core.errors import (
    AuthenticationError,
    ChecksumError,
    GdriveWaError,
    MissingKeyError,
    StorageError,
    TruncatedError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.threads import SerialWorker
from gdrive_wa.crypt.header import CRYPT12_TAIL_SIZE, MD5_SIZE, TAG_SIZE, Header
from gdrive_wa.crypt.keys import CipherKey, Key, RootKey
from gdrive_wa.crypt.locks import LOCKED, MADE_BEFORE, with_lock
from gdrive_wa.crypt.payload import Unpacker, default_limit
from gdrive_wa.crypt.primitives import PIECE_SIZE, GcmDecryptor, Piece, open_gcm

_FOOTER = TAG_SIZE + MD5_SIZE
_KEY_FILE = "the file named key from the phone's files/ folder"
_WRONG_KEY = "this key does not open this backup"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The facts about a container's payload.

    Attributes:
        payload: ``sqlite``, ``zip``, ``json``, ``media`` or ``unknown``.
        compressed: it was a zlib stream.
        checksummed: the file had an MD5 footer, and it held.
        size: bytes after unpacking.
    """

    payload: str
    compressed: bool
    checksummed: bool
    size: int


def container_key(header: Header, key: Key | None) -> bytes:
    """The AES-256 key of a container, after every check that needs no decryption.

    Raises:
        MissingKeyError: no key.
        WrongKeyTypeError: a root key for crypt12 or crypt14, or the other way round.
        WrongKeyError: a cipher key of another generation of the backup.
    """
    if key is None:
        hint: tuple[str, ...] | None = LOCKED.get(header.key_type or "")
        if header.format != "crypt15":
            hint = (f"give {_KEY_FILE}, with --key-file",)
        raise MissingKeyError(f"a key is needed to open a {header.format} file", hint=hint)
    if header.format == "crypt15":
        if isinstance(key, CipherKey):
            raise WrongKeyTypeError(
                "a crypt15 file needs the root key, and this is the key file of crypt12 or crypt14",
                hint="give the 64 digits, or encrypted_backup.key",
            )
        return key.derive("backup encryption", 32)
    if isinstance(key, RootKey):
        raise WrongKeyTypeError(
            f"this {header.format} file was made before end-to-end backup was on,"
            " so that no 64 digits open it",
            hint=MADE_BEFORE,
        )
    if key.server_salt != header.server_salt:
        raise generation_mismatch("server salt")
    if key.google_id != header.google_id:
        raise generation_mismatch("account id")
    return key.reveal()


def version_differs(header: Header, key: Key | None) -> bool:
    """True when a cipher key is of another version than the container says.

    Alone that is no reason to refuse: a widely used encryptor writes version 2 whatever the
    key's is. It is one to name when the tag does not hold.
    """
    return isinstance(key, CipherKey) and key.key_version != header.key_version


def generation_mismatch(what: str) -> WrongKeyError:
    """The error about a cipher key that is not of the container's time."""
    return WrongKeyError(
        f"this key file belongs to another generation of the backup: its {what} differs",
        hint="the key changes when WhatsApp is registered again: give the key from that time",
    )


def decrypt_container(
    file: IO[bytes],
    size: int,
    header: Header,
    aes_key: bytes,
    sink: Callable[[Piece], object],
    *,
    limit: int | None = None,
    check: Callable[[int], None] = lambda _moved: None,
) -> Unpacked:
    """Decrypt a container whose header was parsed, and give its payload to `sink`.

    Args:
        file: the container, seekable.
        size: of the whole file, bytes.
        header: of the file.
        aes_key: from :func:`container_key`.
        sink: takes the unpacked pieces, from a thread of its own.
        limit: most bytes the payload may inflate to.
        check: called with the bytes read, now and then; may raise to stop.

    Raises:
        WrongKeyError: the key is of the right kind, but not this file's.
        DamagedError: truncated, altered, or authentic but not to be unpacked; nothing that
            `sink` got may be kept.
    """
    tail = CRYPT12_TAIL_SIZE if header.format == "crypt12" else 0
    end = size - tail
    body = end - header.size - _FOOTER
    if body < 0:
        body = end - header.size - TAG_SIZE
        if body < 0:
            raise TruncatedError("the file ends before its content does")
        return _decrypt_short(file, end, header, aes_key, sink)
    cipher = GcmDecryptor(aes_key, header.iv)
    md5 = hashlib.md5(usedforsecurity=False)
    unpacker = Unpacker(sink, default_limit(size) if limit is None else limit)
    file.seek(0)
    md5.update(file.read(header.size))
    threaded = size > PIECE_SIZE
    with (
        SerialWorker(md5.update, threaded=threaded) as hashing,
        SerialWorker(unpacker.feed, threaded=threaded) as unpacking,
    ):
        left = body
        while left:
            piece = file.read(min(PIECE_SIZE, left))
            if not piece:
                raise TruncatedError("the file shrank while it was read")
            left -= len(piece)
            hashing.put(piece)
            unpacking.put(cipher.update(piece))
            check(len(piece))
            if isinstance(unpacking.failure, StorageError):
                raise unpacking.failure
        tag, stored_md5 = file.read(TAG_SIZE), file.read(MD5_SIZE)
        hashing.put(tag)
        hashing.finish()
        checksummed = md5.digest() == stored_md5
        if not checksummed:  # then there is no MD5, and the tag comes last
            unpacking.put(cipher.update(tag))
            tag = stored_md5
        failure = unpacking.finish()
    if not cipher.verify(tag):
        raise _verdict(unpacker, failure, header, checksummed=checksummed)
    if failure is not None:
        raise failure
    unpacker.finish()
    return Unpacked(unpacker.kind, unpacker.compressed, checksummed, unpacker.size)


def _decrypt_short(
    file: IO[bytes], end: int, header: Header, aes_key: bytes, sink: Callable[[Piece], object]
) -> Unpacked:
    """A container without MD5 whose content has fewer than 16 bytes."""
    file.seek(header.size)
    plain = open_gcm(aes_key, header.iv, file.read(end - header.size))
    unpacker = Unpacker(sink, default_limit(end))
    if plain is None:
        raise TruncatedError("the file ends before its content does, or the key is not its own")
    if plain:
        unpacker.feed(plain)
    unpacker.finish()
    return Unpacked(unpacker.kind, unpacker.compressed, checksummed=False, size=unpacker.size)


def _verdict(
    unpacker: Unpacker, failure: Exception | None, header: Header, *, checksummed: bool
) -> GdriveWaError:
    """Why a tag did not verify: another key leaves no plausible first byte, damage leaves them.

    Content that unpacks until its end was cut short; content that becomes invalid was altered.
    """
    if not (unpacker.plausible if checksummed else unpacker.recognisable):
        hints = with_lock(header.key_type, *WrongKeyError.default_hints)
        if header.format != "crypt15":
            hints = hints[:1]  # nobody types the key file of crypt12 and crypt14
        return WrongKeyError(
            _WRONG_KEY, hint=hints if checksummed else (*hints, "or fetch the file again")
        )
    if checksummed:
        return AuthenticationError("the file was altered after it was encrypted")
    cut = not unpacker.complete or 0 < unpacker.trailing < TAG_SIZE
    if cut and failure is None:
        return TruncatedError("the file is cut short or damaged: it ends before its content does")
    return ChecksumError("the file is damaged: neither its MD5 nor its tag holds")
