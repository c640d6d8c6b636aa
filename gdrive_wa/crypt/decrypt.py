"""One file of a backup, whatever it is, to its authenticated content.

decrypt_file("msgstore.db.crypt15", "msgstore.db", load_key("encrypted_backup.key"))
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from gdrive_wa.core.errors import (
    ChecksumError,
    FormatError,
    MissingKeyError,
    TruncatedError,
    UsageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.core.progress import Progress, Silent, Stage
from gdrive_wa.core.threads import Lane
from gdrive_wa.crypt.containers import (
    another_generation,
    container_key,
    decrypt_container,
    version_differs,
)
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.crypt.header import HEADER_READ, Header
from gdrive_wa.crypt.keys import CipherKey, Key
from gdrive_wa.crypt.media import decrypt_mcrypt1
from gdrive_wa.crypt.primitives import PIECE_SIZE, Piece
from gdrive_wa.crypt.recognise import looks_like, media_name, recognise
from gdrive_wa.storage.disk import explain
from gdrive_wa.storage.draft import Draft, in_strides, refuse_device, sweep

OTHER_VERSION = "the key file is of another version than the backup says, and opens it all the same"
ALREADY_PLAIN = "it is not encrypted: copied as it is"
STILL_SEALED = "it is sealed with a key that only the chats hold: copied as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypted:
    """What came out of a file.

    Attributes:
        format: of the file: ``crypt12``, ``crypt14``, ``crypt15``, ``mcrypt1``, or what the
            unencrypted content is.
        payload: of the content: ``sqlite``, ``zip``, ``json``, ``media`` or ``unknown``.
        size: bytes of content.
        sha256: of the content, hex.
        notes: what a person should know about it; mostly empty.
    """

    format: str
    payload: str
    size: int
    sha256: str
    notes: tuple[str, ...] = ()


def decrypt_file(
    src: str | Path,
    dest: str | Path,
    key: Key | None = None,
    *,
    metadata: FileMetadata | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Decrypted:
    """Decrypt `src` to `dest`, which appears whole and authenticated, or not at all.

    What a killed run left half-written beside `dest` is removed.

    Args:
        src: any file of a backup: crypt12, crypt14, crypt15, mcrypt1, or one that is not
            encrypted, which is copied.
        dest: the file to make or to replace.
        key: the key; only an unencrypted file needs none.
        metadata: of an mcrypt1 file, from its envelope.
        limit: most bytes that compressed content may inflate to (default: 64 MiB plus 200 times
            the file).
        progress: who is told.

    Raises:
        KeyFailure: no key, the wrong kind, or not this file's.
        DamagedError: the file is not what it should be.
        StorageError: `dest` cannot be written, or is no file but a device or a pipe.
        UsageError: `src` cannot be read.
    """
    src, dest = Path(src), Path(dest)
    refuse_device(dest)
    sweep(dest.parent)
    with Draft(dest.parent) as draft:
        decrypted = decrypt_into(
            src, draft.file, key, metadata=metadata, limit=limit, progress=progress
        )
        mtime = metadata.updated.timestamp() if metadata and metadata.updated else None
        draft.commit(dest, mtime=mtime)
    return decrypted


def decrypt_into(
    src: str | Path,
    out: IO[bytes],
    key: Key | None,
    *,
    metadata: FileMetadata | None = None,
    stored_as: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    copy_unknown: bool = False,
) -> Decrypted:
    """Decrypt `src` into `out`, an empty file that the caller throws away if this raises.

    `stored_as` is the name in the backup, where `src` itself has another. With `copy_unknown`, a
    file of no known format is copied as it is instead of refused. Raises as :func:`decrypt_file`
    does.
    """
    told = progress or Silent()

    def check(moved: int) -> None:
        told.advance(Stage.DECRYPT, moved=moved)
        told.check()

    own_name = os.path.basename(src)  # noqa: PTH119 - thousands, so quick
    name = stored_as or own_name
    with open_source(src) as file:
        size = os.fstat(file.fileno()).st_size
        digits = media_name(name)
        if digits is not None:
            return _media(file, size, digits, key, out, metadata, check)
        start = file.read(HEADER_READ)
        if not start and not copy_unknown:
            raise TruncatedError(f"the file is empty: {own_name}")
        kind, header = recognise(start, name)
        if header is not None:
            return _container(file, size, header, key, out, limit, check)
        file.seek(0)
        if not copy_unknown and kind in ("unknown", "enc", "zlib"):
            raise FormatError(
                f"no backup file of any known format: {own_name}",
                hint="gdrive-wa inspect tells what is known about it",
            )
        plain = _plain(file, kind, out, metadata, check)
        return replace(plain, notes=(ALREADY_PLAIN if kind != "enc" else STILL_SEALED,))


def copy_plain(src: Path, out: IO[bytes], *, metadata: FileMetadata | None = None) -> Decrypted:
    """Copy a file that was stored unencrypted, whatever it holds, checked against `metadata`.

    Raises:
        ChecksumError: it is not what the metadata promises.
    """
    with open_source(src) as file:
        kind = looks_like(file.read(64))
        file.seek(0)
        return _plain(file, kind, out, metadata, lambda _moved: None)


def _container(
    file: IO[bytes],
    size: int,
    header: Header,
    key: Key | None,
    out: IO[bytes],
    limit: int | None,
    check: Callable[[int], None],
) -> Decrypted:
    aes_key = container_key(header, key)
    written = _Written(out)
    threaded = size > PIECE_SIZE
    with (
        Lane(written.take, threaded=threaded) as writing,
        Lane(written.digest.update, threaded=threaded) as hashing,
    ):

        def sink(piece: Piece) -> None:
            if writing.failure is not None:
                raise writing.failure
            writing.put(piece)
            hashing.put(piece)

        try:
            unpacked = decrypt_container(
                file, size, header, aes_key, sink, limit=limit, check=check
            )
        except WrongKeyError as error:
            if version_differs(header, key):
                raise another_generation("key version") from error
            raise
        failure = writing.finish()
    if failure is not None:
        raise failure
    return Decrypted(
        format=header.format,
        payload=unpacked.payload,
        size=unpacked.size,
        sha256=written.digest.hexdigest(),
        notes=(OTHER_VERSION,) if version_differs(header, key) else (),
    )


def _media(
    file: IO[bytes],
    size: int,
    name: str,
    key: Key | None,
    out: IO[bytes],
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
    written = _Written(out, digested=True)
    notes = decrypt_mcrypt1(file, size, name, key, written.take, metadata=metadata, check=check)
    return Decrypted(
        format="mcrypt1",
        payload=looks_like(written.first),
        size=written.size,
        sha256=written.digest.hexdigest(),
        notes=notes,
    )


def _plain(
    file: IO[bytes],
    kind: str,
    out: IO[bytes],
    metadata: FileMetadata | None,
    check: Callable[[int], None],
) -> Decrypted:
    written = _Written(out, digested=True)
    md5 = hashlib.md5(usedforsecurity=False)
    while piece := file.read(PIECE_SIZE):
        md5.update(piece)
        written.take(piece)
        check(len(piece))
    if metadata is not None and metadata.md5 not in (None, md5.hexdigest()):
        raise ChecksumError("the content is not the one that its metadata promises")
    return Decrypted(
        format=kind,
        payload=kind,
        size=written.size,
        sha256=written.digest.hexdigest(),
    )


class _Written:
    """What was written so far: its size, its first bytes, its SHA-256."""

    def __init__(self, out: IO[bytes], *, digested: bool = False) -> None:
        self._out = out
        self._digested = digested
        self.digest = hashlib.sha256()
        self.size = 0
        self.first = b""

    def take(self, piece: Piece) -> None:
        if not self.first:
            self.first = bytes(piece[:64])
        try:
            for stride in in_strides(piece):
                self._out.write(stride)
        except OSError as error:
            raise explain(error, Path(str(getattr(self._out, "name", "the target")))) from error
        self.size += len(piece)
        if self._digested:
            self.digest.update(piece)


def open_source(src: str | Path) -> IO[bytes]:
    """`src`, open for reading.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return open(src, "rb")  # noqa: PTH123 - thousands, so quick
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise UsageError(f"{src}: {reason}", hint="name a file that is there") from error
