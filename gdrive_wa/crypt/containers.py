"""Decrypt, authenticate and unpack crypt12, crypt14 and crypt15 files in one streaming pass.

Format facts: proto/README.md, "Containers". The tag is at the end: nothing that was written may be
used before the tag is verified, and the caller discards it after an error.
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
        checksummed: the file has an MD5 footer that matches.
        size: bytes after unpacking.
    """

    payload: str
    compressed: bool
    checksummed: bool
    size: int


def container_key(header: Header, key: Key | None) -> bytes:
    """The AES-256 key of a container, after all checks that need no decryption (M11, M16).

    Raises:
        MissingKeyError: `key` is None.
        WrongKeyTypeError: a root key was given for crypt12 or crypt14, or a cipher key for crypt15.
        WrongKeyError: the cipher key is of another generation of the backup.
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
            f"this {header.format} file was made before end-to-end backup was turned on, so it does"
            " not open with 64 digits",
            hint=MADE_BEFORE,
        )
    if key.server_salt != header.server_salt:
        raise generation_mismatch("server salt")
    if key.google_id != header.google_id:
        raise generation_mismatch("account id")
    return key.reveal()


def version_differs(header: Header, key: Key | None) -> bool:
    """True if a cipher key has another version than the header of the container (M17).

    That alone is not a reason to refuse the key: a widely used encryptor always writes version 2.
    If the tag does not match either, it is the likely reason.
    """
    return isinstance(key, CipherKey) and key.key_version != header.key_version


def generation_mismatch(what: str) -> WrongKeyError:
    """The error for a cipher key of another generation; `what` differs from the header."""
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
    """Decrypt a container with a parsed header, and pass its payload to `sink`.

    Nothing that `sink` received may be kept if this raises an error.

    Args:
        file: the container, seekable.
        size: size of the whole file in bytes.
        header: the header of the file.
        aes_key: the result of :func:`container_key`.
        sink: receives the unpacked pieces, in order; for large files, called from another thread.
        limit: the most bytes that the payload may inflate to; by default :func:`default_limit`.
        check: called with the number of bytes read since the last call; may raise to stop.

    Raises:
        WrongKeyError: the key is of the right kind, but not this file's.
        DamagedError: the file is truncated or altered, or its payload cannot be unpacked.
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
        if not checksummed:  # M13: there is no MD5, and the tag comes last
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
    """Decrypt a container without an MD5, with less than 16 bytes of content."""
    file.seek(header.size)
    plain = open_gcm(aes_key, header.iv, file.read(end - header.size))
    unpacker = Unpacker(sink, default_limit(end))
    if plain is None:
        raise TruncatedError("the file ends before its content does, or this is not its key")
    if plain:
        unpacker.feed(plain)
    unpacker.finish()
    return Unpacked(unpacker.kind, unpacker.compressed, checksummed=False, size=unpacker.size)


def _verdict(
    unpacker: Unpacker, failure: Exception | None, header: Header, *, checksummed: bool
) -> GdriveWaError:
    """The reason why a tag does not match; see proto/README.md, "Which error it is".

    After decryption with another key, the first bytes are noise; in a damaged file they are
    plausible. Content that unpacks until its end was cut short; content that becomes invalid was
    altered.
    """
    if not (unpacker.plausible if checksummed else unpacker.recognisable):
        hints = with_lock(header.key_type, *WrongKeyError.default_hints)
        if header.format != "crypt15":
            hints = hints[:1]  # the key file of crypt12 and crypt14 is never typed
        return WrongKeyError(
            _WRONG_KEY, hint=hints if checksummed else (*hints, "or fetch the file again")
        )
    if checksummed:
        return AuthenticationError("the file was altered after it was encrypted")
    cut = not unpacker.complete or 0 < unpacker.trailing < TAG_SIZE
    if cut and failure is None:
        return TruncatedError("the file is cut short or damaged: it ends before its content does")
    return ChecksumError("the file is damaged: neither its MD5 nor its tag matches")
