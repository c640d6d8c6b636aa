"""Write sender, chat and date into an Opus file without changing its audio."""

from __future__ import annotations

import struct
from datetime import tzinfo
from pathlib import PurePosixPath
from typing import NamedTuple

from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.ogg import MAGIC, Page, changed, one_packet, pages, require_pages

LONGEST_TAGGED = 256 * 1024 * 1024
"""Maximum size of a file to tag, in bytes, since tagging happens in memory. A day of speech takes
half of that."""

LONGEST_COMMENTS = 4 * 1024 * 1024
"""Maximum size of a comment header, in bytes; it may contain a picture."""
_COMMENTS = b"OpusTags"
_SIZE = struct.Struct("<I")


class NoteTags(NamedTuple):
    """Tags for a file that is probably a certain voice note, used once its hash confirms that.

    Attributes:
        note_id: see :func:`gdrive_wa.archive.layout.note_id_of`.
        sha256: hash of the content according to the database, hex; None if it has none.
        mtime: when the note was sent, in seconds since 1970 UTC; None if unknown.
        tags: Vorbis comments.
    """

    note_id: str
    sha256: str | None
    mtime: float | None
    tags: dict[str, str]


def is_opus(head: bytes) -> bool:
    """True if a file that begins with `head` (at least 64 bytes) is Ogg Opus."""
    return head.startswith(MAGIC) and b"OpusHead" in head[:64]


def tags_for(note: VoiceNote, timezone: tzinfo | None) -> dict[str, str]:
    """The Vorbis comments for `note`; local times include their UTC offset."""
    tags = {"artist": note.sender, "album": note.chat}
    if note.sent_at is not None:
        moment = note.sent_at.astimezone(timezone).isoformat(timespec="seconds")
        tags["title"] = f"{moment[:10]} {moment[11:16]} {note.sender}"
        tags["date"] = moment
    else:
        tags["title"] = f"{PurePosixPath(note.whatsapp_path or note.chat).stem} {note.sender}"
    if note.message_id:
        tags["whatsapp_message_id"] = note.message_id
    if note.chat_jid:
        tags["whatsapp_chat_id"] = note.chat_jid
    return tags


def tagged(content: bytes, tags: dict[str, str]) -> bytes:
    """Set `tags` in the Opus file `content`, keeping all other comments and all audio.

    Audio pages are copied unchanged, except that they are renumbered if the comments now fill a
    different number of pages.

    Raises:
        FormatError: the file is too large, or is not a single complete Ogg Opus stream whose two
            headers have pages of their own. Keep such a file as it is.
    """
    if len(content) > LONGEST_TAGGED:
        raise FormatError("the file is too large")
    head = _head_pages(content)
    comments = head[1:]
    packet = b"".join([content[page.body : page.end] for page in comments])
    start, end = comments[0].start, comments[-1].end
    made = one_packet(
        _with_tags(packet, tags), serial=comments[0].serial, number=comments[0].number
    )
    shift = len(made) - len(comments)
    audio = _renumbered(content, end, shift) if shift else [memoryview(content)[end:]]
    return b"".join([content[:start], *made, *audio])


def _head_pages(content: bytes) -> list[Page]:
    """The pages of the two headers (RFC 7845, section 3), which audio pages follow."""
    found: list[Page] = []
    for page in pages(content):
        found.append(page)
        if not content.startswith(b"OpusHead", found[0].body):
            raise FormatError("not an Ogg Opus file")
        if page.serial != found[0].serial:
            raise FormatError("more than one stream")
        if len(found) == 1 and not _ends_one(page):
            raise FormatError("audio on a header page")
        if len(found) > 1 and page.ended:
            if not _ends_one(page) or page.end == len(content):
                raise FormatError("audio on a header page, or no audio")
            require_pages(content, page.end, serial=page.serial)
            return found
    raise FormatError("no Opus headers" if found else "not an Ogg Opus file")


def _ends_one(page: Page) -> bool:
    return page.ended == 1 and page.lacing[-1] < 255


def _renumbered(content: bytes, end: int, shift: int) -> list[bytes]:
    """The audio pages, which begin at `end`, with numbers higher by `shift`."""
    return [
        changed(content, page, serial=page.serial, number=page.number + shift)
        for page in pages(content)
        if page.start >= end
    ]


def _with_tags(packet: bytes, tags: dict[str, str]) -> bytes:
    """Replace or add `tags` in the comment header `packet` (RFC 7845, section 5.2)."""
    if not packet.startswith(_COMMENTS) or len(packet) > LONGEST_COMMENTS:
        raise FormatError("its comments cannot be read")
    try:
        vendor, at = _counted(packet, len(_COMMENTS))
        (count,) = _SIZE.unpack_from(packet, at)
        at += _SIZE.size
        kept = []
        for _ in range(count):
            comment, at = _counted(packet, at)
            if comment.partition(b"=")[0].decode("ascii", "replace").lower() not in tags:
                kept.append(comment)
    except struct.error as error:
        raise FormatError("its comments cannot be read") from error
    kept += [f"{name}={text}".encode("utf-8", "replace") for name, text in tags.items()]
    # The rest is padding, unless its first bit marks it as data to keep.
    behind = packet[at:] if packet[at : at + 1] and packet[at] & 1 else b""
    sizes = [_SIZE.pack(len(text)) + text for text in kept]
    return b"".join(
        [_COMMENTS, _SIZE.pack(len(vendor)), vendor, _SIZE.pack(len(kept)), *sizes, behind]
    )


def _counted(packet: bytes, at: int) -> tuple[bytes, int]:
    """Read a length-prefixed field; return it and the offset after it."""
    (size,) = _SIZE.unpack_from(packet, at)
    start = at + _SIZE.size
    if start + size > len(packet):
        raise struct.error
    return packet[start : start + size], start + size
