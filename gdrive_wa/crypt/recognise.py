"""Recognise a file by its first bytes or, if those are random, by its name.

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
NO_SUCH_BACKUP = "the file has the wrong name, or was not copied completely: fetch it again"
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
    """The kind of unencrypted content, by its first 64 bytes: ``sqlite``, ``zip``, ``zlib``,
    ``media``, ``json`` or ``unknown``. See proto/README.md, "Payloads".
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
    """The name for decrypted content without metadata.

    A container loses ``.cryptNN``. A media file keeps the 64 digits of its name, below ``Media/``,
    and gets the usual suffix for its kind.

    Args:
        stored_as: the stored name.
        payload: the kind of content, as from :func:`looks_like`.
        start: the first bytes of the content.
    """
    name = media_name(stored_as)
    if name is None:
        return without_encryption(stored_as)
    return f"Media/{name}{'.zip' if payload == 'zip' else suffix_of(start)}"


def suffix_of(start: bytes) -> str:
    """The usual suffix for media that begin with `start`; ``.bin`` if their kind is unknown."""
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:11], ".mp4")
    if is_mpeg_audio(start):
        return ".aac" if start[1] in (0xF1, 0xF9) else ".mp3"
    if start.startswith(b"RIFF"):
        return {b"WEBP": ".webp", b"WAVE": ".wav", b"AVI ": ".avi"}.get(start[8:12], ".bin")
    return next((suffix for magic, suffix in _SUFFIXES.items() if start.startswith(magic)), ".bin")


def is_zlib(start: bytes) -> bool:
    """True if `start` is the header of a zlib stream: method 8, a valid window and a valid check,
    no preset dictionary."""
    return (
        len(start) >= 2
        and start[0] & 0x0F == 8
        and start[0] >> 4 <= 7
        and (start[0] << 8 | start[1]) % 31 == 0
        and not start[1] & 0x20
    )


def media_name(name: str) -> str | None:
    """The 64 digits of a name ``<64 digits>.mcrypt1``, in upper case; None for any other name."""
    if not name.endswith(_MCRYPT1_SUFFIX):
        return None
    match = _MCRYPT1.fullmatch(os.path.basename(name))
    return match[1].upper() if match else None


def read_container_header(start: bytes) -> Header:
    """Parse the header of a crypt12, crypt14 or crypt15 file.

    Raises:
        FormatError: it is not such a file.
        TruncatedError: the file ends inside its header.
    """
    from gdrive_wa.crypt.header import (  # noqa: PLC0415 - protobuf is slow to import
        looks_like_crypt12,
        parse_crypt12_header,
        parse_header,
    )

    return parse_crypt12_header(start) if looks_like_crypt12(start) else parse_header(start)


def recognise(start: bytes, name: str) -> tuple[str, Header | None]:
    """The format of a file, and the header of a container.

    Args:
        start: the first :data:`~gdrive_wa.crypt.sizes.MAX_HEADER_SIZE` bytes of the file.
        name: its name; mcrypt1 and enc files are random bytes and can only be recognised by it.

    Returns:
        One of ``crypt12 crypt14 crypt15 mcrypt1 enc sqlite zip zlib media json unknown``, and the
        header of crypt12, crypt14 and crypt15, or None.

    Raises:
        FormatError, TruncatedError: the name is that of a crypt12, crypt14 or crypt15 file, but the
            content is not; or it ends in ``.mcrypt1``, but does not have the 64 digits from which
            the key is derived.
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
                "this mcrypt1 file was renamed, but its key is derived from its name",
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
    """True for a frame header of MP3 or AAC. It has only two bytes, so noise may have it too."""
    return len(start) > 1 and start[0] == 0xFF and start[1] in (0xFB, 0xF3, 0xF2, 0xF1, 0xF9)


def _is_utf8(start: bytes) -> bool:
    """True for UTF-8, even if the last character is cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True
