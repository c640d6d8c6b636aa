"""Recognises a file by its first bytes or, when those are random, by its name.

Format facts: proto/README.md, "Payloads" and "mcrypt1".
"""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING

from gdrive_wa.core.errors import FormatError, TruncatedError
from gdrive_wa.core.kinds import is_encrypted, without_encryption

if TYPE_CHECKING:
    from gdrive_wa.crypt.header import Header

SQLITE_MAGIC = b"SQLite format 3\x00"
_MCRYPT1 = re.compile(r"([0-9A-Fa-f]{64})\.mcrypt1")
_MCRYPT1_SUFFIX = ".mcrypt1"
_JSON = re.compile(rb"[ \t\r\n]*[\[{][^\x00-\x08\x0b\x0c\x0e-\x1f]*$")
NO_SUCH_BACKUP = "it is not what its name says, or was not copied whole: fetch it again"
SNIFF_SIZE = 64
"""Bytes at the start of unencrypted content that are enough to recognise it."""
_SUFFIXES = {
    b"OggS": ".opus",
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
    b"GIF8": ".gif",
    b"ID3": ".mp3",
    b"%PDF-": ".pdf",
    b"#!AMR": ".amr",
    b"BEGIN:VCARD": ".vcf",
}
_MEDIA_MAGICS = (b"RIFF", *_SUFFIXES)
_BRANDS = {b"M4A": ".m4a", b"M4B": ".m4a", b"3gp": ".3gp", b"qt ": ".mov", b"hei": ".heic"}
"""Brands of ISO media files that are not videos, and their suffixes."""


def looks_like(start: bytes) -> str:
    """What unencrypted bytes are: ``sqlite``, ``zip``, ``zlib``, ``media``, ``json`` or
    ``unknown``.
    """
    if start.startswith(SQLITE_MAGIC):
        return "sqlite"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(_MEDIA_MAGICS) or start[4:8] == b"ftyp" or is_mpeg_audio(start):
        return "media"
    if is_zlib(start):
        return "zlib"
    if _JSON.match(start[:64]) and _is_utf8(start[:64]):
        return "json"
    return "unknown"


def plain_name(stored_as: str, payload: str, start: bytes = b"") -> str:
    """The name that decrypted content gets when no metadata names it.

    ``.cryptNN`` goes; a media file named after its hash keeps it, under ``Media/``, and gets the
    suffix by which other programs know what `start`, its first bytes, says it is.
    """
    name = media_name(stored_as)
    if name is None:
        return without_encryption(stored_as)
    return f"Media/{name}{'.zip' if payload == 'zip' else suffix_of(start)}"


def suffix_of(start: bytes) -> str:
    """The suffix for media that start so; ``.bin`` for what is none of WhatsApp's kinds."""
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:11], ".mp4")
    if is_mpeg_audio(start):
        return ".aac" if start[1] in (0xF1, 0xF9) else ".mp3"
    if start.startswith(b"RIFF"):
        return {b"WEBP": ".webp", b"WAVE": ".wav", b"AVI ": ".avi"}.get(start[8:12], ".bin")
    return next((suffix for magic, suffix in _SUFFIXES.items() if start.startswith(magic)), ".bin")


def is_zlib(start: bytes) -> bool:
    """True when a zlib stream may start here: method 8, a window that exists, a true check."""
    return (
        len(start) >= 2
        and start[0] & 0x0F == 8
        and start[0] >> 4 <= 7
        and (start[0] << 8 | start[1]) % 31 == 0
        and not start[1] & 0x20
    )


def media_name(name: str) -> str | None:
    """The 64 digits of a ``<64 hex>.mcrypt1`` name, upper case; None for any other name."""
    if not name.endswith(_MCRYPT1_SUFFIX):
        return None
    match = _MCRYPT1.fullmatch(os.path.basename(name))
    return match[1].upper() if match else None


def read_container_header(start: bytes) -> Header:
    """The header of a crypt12, crypt14 or crypt15 file, whichever it is.

    Raises:
        FormatError: none of them.
        TruncatedError: the file ends inside it.
    """
    from gdrive_wa.crypt.header import (  # noqa: PLC0415 - protobuf is slow to import
        looks_like_crypt12,
        parse_crypt12_header,
        parse_header,
    )

    return parse_crypt12_header(start) if looks_like_crypt12(start) else parse_header(start)


def recognise(start: bytes, name: str) -> tuple[str, Header | None]:
    """The format of a file, and its header where it has one.

    Args:
        start: its first bytes, :data:`~MAX_HEADER_SIZE` of them.
        name: its name; mcrypt1 and enc files are random bytes and are recognised only by it.

    Returns:
        One of ``crypt12 crypt14 crypt15 mcrypt1 enc sqlite zip zlib media json unknown``.

    Raises:
        FormatError, TruncatedError: the name says crypt12, 14 or 15, and the content does not; or
            it says mcrypt1, and is not the one that such a file opens under.
    """
    if media_name(name) is not None:
        return "mcrypt1", None
    plain = looks_like(start)
    if plain in ("sqlite", "zip", "media"):
        return plain, None
    try:
        header = read_container_header(start)
    except (FormatError, TruncatedError) as error:
        if name.lower().endswith(_MCRYPT1_SUFFIX):
            raise FormatError(
                "the key of an mcrypt1 file is made from its name, and this is not it",
                hint="rename the file to the name it was stored under: 64 digits and .mcrypt1",
            ) from None
        if is_encrypted(name):
            raise type(error)(error.message, hint=NO_SUCH_BACKUP) from error
    else:
        return header.format, header
    if name.lower().endswith(".enc"):
        return "enc", None
    return plain, None


def is_mpeg_audio(start: bytes) -> bool:
    """True for the frame header of MP3 and AAC: two bytes, which noise has now and then too."""
    return len(start) > 1 and start[0] == 0xFF and start[1] in (0xFB, 0xF3, 0xF2, 0xF1, 0xF9)


def _is_utf8(start: bytes) -> bool:
    """True unless something else stands before a character that may be cut at the end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True
