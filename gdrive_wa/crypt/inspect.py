"""Show everything that a backup file reveals without a key.

Format facts: proto/README.md. The sizes of the parts add up to the size of the file.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gdrive_wa.core.errors import TruncatedError, UsageError
from gdrive_wa.core.plain_file import open_plain
from gdrive_wa.crypt.envelope import is_envelope
from gdrive_wa.crypt.header import (
    CRYPT12_TAIL_SIZE,
    MD5_SIZE,
    TAG_SIZE,
    Header,
)
from gdrive_wa.crypt.media import ENC_MAC_SIZE
from gdrive_wa.crypt.primitives import PIECE_SIZE
from gdrive_wa.crypt.recognise import recognise
from gdrive_wa.crypt.sizes import MAX_HEADER_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a file reveals. Sizes are in bytes; a part that a format does not have has size 0.

    Attributes:
        file: the name of the file.
        format: one of ``crypt12 crypt14 crypt15 mcrypt1 envelope enc sqlite zip zlib media json
            unknown``.
        size: size of the file: the sum of all parts.
        header_size: size of everything before the ciphertext.
        ciphertext_size: size of the content, which in a plain file is not encrypted.
        tag_size: size of the authentication tag, or of the MAC of an ``.enc`` file.
        checksum_size: size of the MD5 footer.
        tail_size: size of the last digits of the number, which follow in crypt12.
        checksum: ``ok``, ``absent`` (a multi-file backup, or a damaged file) or ``none`` (the
            format has no MD5).
        header: the parsed header of a container; None for other formats.
    """

    file: str
    format: str
    size: int
    header_size: int = 0
    ciphertext_size: int = 0
    tag_size: int = 0
    checksum_size: int = 0
    tail_size: int = 0
    checksum: str = "none"
    header: Header | None = None

    def to_json(self) -> dict[str, object]:
        """The keys of ``inspect --json``."""
        header = self.header
        return {
            "file": self.file,
            "format": self.format,
            "size": self.size,
            "key_type": header.key_type if header else None,
            "key_version": header.key_version if header else None,
            "app_version": header.app_version if header else None,
            "device_model": header.device_model if header else None,
            "jid_suffix": header.jid_suffix if header else None,
            "backup_version": header.backup_version if header else None,
            "iv": header.iv.hex() if header else None,
            "server_salt": header.server_salt.hex() or None if header else None,
            "google_id": header.google_id.hex() or None if header else None,
            "migrations": list(header.migrations) if header else [],
            "unknown_fields": header.unknown_fields if header else 0,
            "header_size": self.header_size,
            "ciphertext_size": self.ciphertext_size,
            "tag_size": self.tag_size,
            "checksum_size": self.checksum_size,
            "tail_size": self.tail_size,
            "checksum": self.checksum,
        }


def inspect(path: str | Path) -> Inspection:
    """What the file at `path` reveals without a key.

    Raises:
        UsageError: the file cannot be read.
        FormatError, TruncatedError: its name is that of a crypt12, crypt14 or crypt15 file, but its
            header is invalid or cut short.
        TruncatedError: the file is empty.
    """
    path = Path(path)
    try:
        with open_plain(path) as file:
            return _inspect(file, path.name)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise UsageError(f"'{path}': {reason}", hint="check the spelling of the path") from error


def _inspect(file: IO[bytes], name: str) -> Inspection:
    size = os.fstat(file.fileno()).st_size
    start = file.read(MAX_HEADER_SIZE)
    if not start:
        raise TruncatedError(f"'{name}' is empty")
    kind, header = recognise(start, name)
    if header is not None:
        return _container(file, name, size, header)
    if kind == "unknown" and is_envelope(start):
        kind = "envelope"
    overhead = {"mcrypt1": TAG_SIZE, "enc": ENC_MAC_SIZE}.get(kind, 0)
    tag = min(overhead, size)
    return Inspection(file=name, format=kind, size=size, ciphertext_size=size - tag, tag_size=tag)


def _container(file: IO[bytes], name: str, size: int, header: Header) -> Inspection:
    tail = min(CRYPT12_TAIL_SIZE, size - header.size) if header.format == "crypt12" else 0
    rest = size - header.size - tail
    checksum = rest >= MD5_SIZE and _md5_holds(file, size - tail)
    checksum_size = MD5_SIZE if checksum else 0
    tag_size = min(TAG_SIZE, rest - checksum_size)
    return Inspection(
        file=name,
        format=header.format,
        size=size,
        header_size=header.size,
        ciphertext_size=rest - checksum_size - tag_size,
        tag_size=tag_size,
        checksum_size=checksum_size,
        tail_size=tail,
        checksum="ok" if checksum else "absent",
        header=header,
    )


def _md5_holds(file: IO[bytes], end: int) -> bool:
    md5 = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    left = end - MD5_SIZE
    while left:
        piece = file.read(min(PIECE_SIZE, left))
        if not piece:
            return False
        md5.update(piece)
        left -= len(piece)
    return md5.digest() == file.read(MD5_SIZE)
