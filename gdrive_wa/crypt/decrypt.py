"""Decrypt one stored file of any format to its authenticated content, from bytes to bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from gdrive_wa.core.errors import (
    ChecksumError,
    FormatError,
    MissingKeyError,
    TruncatedError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.model import MediaLink
from gdrive_wa.core.threads import SerialWorker
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.keys import CipherKey, Key
from gdrive_wa.crypt.media import decrypt_enc, decrypt_mcrypt1
from gdrive_wa.crypt.primitives import PIECE_SIZE, Piece
from gdrive_wa.crypt.recognise import SNIFF_SIZE, looks_like, media_name, recognise
from gdrive_wa.crypt.sizes import MAX_HEADER_SIZE
from gdrive_wa.crypt.unsupported import unsupported

if TYPE_CHECKING:
    from gdrive_wa.crypt.header import Header

OTHER_VERSION = "the key file has another version than the backup, but it opens it"
ALREADY_PLAIN = "it is not encrypted: copied as it is"
STILL_SEALED = "it is encrypted with a key that only the database of chats has: copied as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypted:
    """The result of decrypting a file.

    Attributes:
        format: the format of the file: ``crypt12``, ``crypt14``, ``crypt15``, ``mcrypt1``, ``enc``,
            or as `payload` for an unencrypted file.
        payload: the kind of content: ``sqlite``, ``zip``, ``zlib``, ``json``, ``media`` or
            ``unknown``; for a copied ``.enc`` file ``enc``.
        size: size of the content in bytes.
        sha256: SHA-256 of the content, hex.
        start: up to 64 bytes at the start of the content, which show its kind.
        warnings: messages for the user; usually empty.
    """

    format: str
    payload: str
    size: int
    sha256: str
    start: bytes = b""
    warnings: tuple[str, ...] = ()


def decrypt_content(
    file: IO[bytes],
    name: str,
    sink: Callable[[Piece], object],
    key: Key | None,
    *,
    metadata: FileMetadata | None = None,
    limit: int | None = None,
    check: Callable[[int], None] = lambda _moved: None,
    copy_unknown: bool = False,
) -> Decrypted:
    """Decrypt one stored file and pass its content to `sink`, piece by piece.

    Nothing that `sink` received may be kept if this raises an error: the content is authenticated
    only at the end of the file.

    Args:
        file: the stored file, seekable.
        name: its stored name or path; media files can only be recognised by it.
        sink: receives the pieces, in order.
        key: the key; not needed for an unencrypted file.
        metadata: for a media file, the metadata from its envelope.
        limit: the most bytes that compressed content may inflate to; by default 64 MiB plus 200
            times the size of the file.
        check: called with the number of bytes read since the last call; may raise to stop.
        copy_unknown: copy a file in an unknown or unsupported format instead of refusing it.

    Raises:
        KeyFailure: the key is missing, of the wrong kind, or not this file's.
        DamagedError: the file is damaged, empty, or of an unknown or unsupported format.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    digits = media_name(name)
    if digits is not None:
        return _media(file, size, digits, key, sink, metadata, check)
    start = file.read(MAX_HEADER_SIZE)
    if not start and not copy_unknown:
        raise TruncatedError(f"'{_base(name)}' is empty")
    refused = unsupported(name, start)
    if refused is not None and not copy_unknown:
        raise refused
    kind, header = recognise(start, name) if refused is None else ("unknown", None)
    if header is not None:
        return _container(file, size, header, key, sink, limit, check)
    file.seek(0)
    if not copy_unknown and kind in ("unknown", "enc", "zlib"):
        raise FormatError(
            f"'{_base(name)}' is not a backup file of any known format",
            hint="run gdrive-wa inspect to see what it contains",
        )
    plain = copy_content(file, sink, metadata=metadata, check=check, kind=kind)
    if refused is not None:
        return replace(plain, warnings=(f"{refused.message}: copied as it is",))
    return replace(plain, warnings=(ALREADY_PLAIN if kind != "enc" else STILL_SEALED,))


def copy_content(
    file: IO[bytes],
    sink: Callable[[Piece], object],
    *,
    metadata: FileMetadata | None = None,
    check: Callable[[int], None] = lambda _moved: None,
    kind: str | None = None,
) -> Decrypted:
    """Pass a file that is stored unencrypted to `sink`, and check its MD5 against `metadata`.

    Args:
        file: the stored file, at its start.
        sink: receives the pieces, in order.
        metadata: the metadata of the file; without an MD5, nothing is checked.
        check: called with the number of bytes read since the last call; may raise to stop.
        kind: what the content is, if known; by default it is recognised by its first bytes.

    Raises:
        ChecksumError: the content is not what the metadata promises.
    """
    written = _HashingSink(sink, digested=True)
    md5 = hashlib.md5(usedforsecurity=False)
    checked = metadata is not None and metadata.md5 is not None
    while piece := file.read(PIECE_SIZE):
        if checked:
            md5.update(piece)
        written.write(piece)
        check(len(piece))
    if checked and metadata is not None and metadata.md5 != md5.hexdigest():
        raise ChecksumError("the content is not what its metadata promises")
    kind = looks_like(written.start) if kind is None else kind
    return written.result(kind, kind)


def decrypt_linked(file: IO[bytes], link: MediaLink, sink: Callable[[Piece], object]) -> Decrypted:
    """Decrypt an ``.enc`` file from WhatsApp's media servers, check it against everything that the
    message's row promises (M34), and pass its content to `sink`.

    Nothing that `sink` received may be kept if this raises an error.

    Raises:
        WrongKeyError, ChecksumError, AuthenticationError: the file is not what the row promises.
        TruncatedError: the file is cut short.
    """
    stored = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    if link.enc_sha256 not in (None, stored):
        raise ChecksumError("the downloaded file is not the copy that the database promises")
    size = file.tell()
    file.seek(0)
    written = _HashingSink(sink, digested=True)
    decrypt_enc(file, size, link.media_key, written.write)
    if link.sha256 not in (None, written.digest.hexdigest()):
        raise ChecksumError("the file on WhatsApp's servers is not what the database promises")
    return written.result("enc", looks_like(written.start))


def _container(
    file: IO[bytes],
    size: int,
    header: Header,
    key: Key | None,
    sink: Callable[[Piece], object],
    limit: int | None,
    check: Callable[[int], None],
) -> Decrypted:
    from gdrive_wa.crypt.containers import (  # noqa: PLC0415 - protobuf is slow to import
        container_key,
        decrypt_container,
        generation_mismatch,
        version_differs,
    )

    aes_key = container_key(header, key)
    written = _HashingSink(sink)
    threaded = size > PIECE_SIZE
    with (
        SerialWorker(written.write, threaded=threaded) as writing,
        SerialWorker(written.digest.update, threaded=threaded) as hashing,
    ):

        def write_and_hash(piece: Piece) -> None:
            if writing.failure is not None:
                raise writing.failure
            writing.put(piece)
            hashing.put(piece)

        try:
            unpacked = decrypt_container(
                file, size, header, aes_key, write_and_hash, limit=limit, check=check
            )
        except WrongKeyError as error:
            if version_differs(header, key):
                raise generation_mismatch("key version") from error
            raise
        failure = writing.finish()
    if failure is not None:
        raise failure
    return written.result(
        header.format,
        unpacked.payload,
        (OTHER_VERSION,) if version_differs(header, key) else (),
    )


def _media(
    file: IO[bytes],
    size: int,
    name: str,
    key: Key | None,
    sink: Callable[[Piece], object],
    metadata: FileMetadata | None,
    check: Callable[[int], None],
) -> Decrypted:
    if key is None:
        raise MissingKeyError("a key is needed to open an mcrypt1 file")
    if isinstance(key, CipherKey):
        raise WrongKeyTypeError(
            "an mcrypt1 file needs the root key, and this is the key file of crypt12 or crypt14",
            hint="give the 64 digits, or encrypted_backup.key",
        )
    written = _HashingSink(sink, digested=True)
    warnings = decrypt_mcrypt1(file, size, name, key, written.write, metadata=metadata, check=check)
    return written.result("mcrypt1", looks_like(written.start), warnings)


class _HashingSink:
    """Passes pieces on to a sink, and keeps their size, first bytes and SHA-256."""

    def __init__(self, sink: Callable[[Piece], object], *, digested: bool = False) -> None:
        self._sink = sink
        self._digested = digested
        self.digest = hashlib.sha256()
        self.size = 0
        self.start = b""

    def write(self, piece: Piece) -> None:
        if not self.start:
            self.start = bytes(piece[:SNIFF_SIZE])
        self._sink(piece)
        self.size += len(piece)
        if self._digested:
            self.digest.update(piece)

    def result(self, format_: str, payload: str, warnings: tuple[str, ...] = ()) -> Decrypted:
        return Decrypted(
            format=format_,
            payload=payload,
            size=self.size,
            sha256=self.digest.hexdigest(),
            start=self.start,
            warnings=warnings,
        )


def _base(name: str) -> str:
    return os.path.basename(name)
