"""Who, where and when, written into an opus file itself; its audio stays bit for bit the same."""

from __future__ import annotations

import struct
from datetime import tzinfo
from pathlib import PurePosixPath
from typing import NamedTuple

from gdrive_wa.core.errors import FormatError
from gdrive_wa.core.model import VoiceNote
from gdrive_wa.core.ogg import MAGIC, Page, changed, one_packet, pages

LONGEST_TAGGED = 256 * 1024 * 1024
"""Bytes of the largest file that is tagged, which happens in memory; a day of speech is half
of it."""

LONGEST_COMMENTS = 4 * 1024 * 1024
"""Bytes of the longest comments that are read; a picture can be among them."""
_COMMENTS = b"OpusTags"
_SIZE = struct.Struct("<I")


class NoteTags(NamedTuple):
    """The tags that a file gets when it turns out to be the voice note that it seems to be.

    Attributes:
        note_id: of the note, as :func:`gdrive_wa.archive.layout.note_id_of` gives it.
        sha256: of the content that the database promises, hex; None where it promises none.
        mtime: when the note was sent, seconds since 1970 UTC; None where that is unknown.
        tags: Vorbis comments.
    """

    note_id: str
    sha256: str | None
    mtime: float | None
    tags: dict[str, str]


def is_opus(head: bytes) -> bool:
    """True when a file that begins with `head` (64 bytes will do) is Ogg Opus."""
    return head.startswith(MAGIC) and b"OpusHead" in head[:64]


def tags_for(note: VoiceNote, timezone: tzinfo | None) -> dict[str, str]:
    """The Vorbis comments of `note`; local times carry their offset from UTC."""
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
    """The opus file `content` with `tags` set, every other comment and all audio as before.

    The pages of audio are copied as they are; only where the comments now fill more pages, or
    fewer, do the numbers of the pages behind them change.

    Raises:
        FormatError: not one whole stream of Ogg Opus with its two headers on pages of their own,
            or a huge one; it had better stay as it is.
    """
    if len(content) > LONGEST_TAGGED:
        raise FormatError("it is too large")
    found = list(pages(content))
    first = _first_audio(content, found)
    comments = found[1:first]
    packet = b"".join([content[page.body : page.end] for page in comments])
    start, end = comments[0].start, comments[-1].end
    made = one_packet(
        _with_tags(packet, tags), serial=comments[0].serial, number=comments[0].number
    )
    shift = len(made) - len(comments)
    audio = [content[end:]] if not shift else _renumbered(content, found[first:], shift)
    return b"".join([content[:start], *made, *audio])


def _first_audio(content: bytes, found: list[Page]) -> int:
    """The index of the first page of audio, after the two headers (RFC 7845, section 3)."""
    if not found or not content.startswith(b"OpusHead", found[0].body):
        raise FormatError("it is not Ogg Opus")
    if any(page.serial != found[0].serial for page in found):
        raise FormatError("more than one stream")
    if not _ends_one(found[0]):
        raise FormatError("audio on a page of headers")
    for index, page in enumerate(found[1:], start=1):
        if page.ended:
            if not _ends_one(page) or index + 1 == len(found):
                raise FormatError("audio on a page of headers, or none at all")
            return index + 1
    raise FormatError("no opus headers")


def _ends_one(page: Page) -> bool:
    return page.ended == 1 and page.lacing[-1] < 255


def _renumbered(content: bytes, audio: list[Page], shift: int) -> list[bytes]:
    return [
        changed(content, page, serial=page.serial, number=page.number + shift) for page in audio
    ]


def _with_tags(packet: bytes, tags: dict[str, str]) -> bytes:
    """The comment header `packet` (RFC 7845, section 5.2) with `tags` in place of their
    namesakes."""
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
    # What follows is padding, unless its first bit says that it is to be kept.
    behind = packet[at:] if packet[at : at + 1] and packet[at] & 1 else b""
    sizes = [_SIZE.pack(len(text)) + text for text in kept]
    return b"".join(
        [_COMMENTS, _SIZE.pack(len(vendor)), vendor, _SIZE.pack(len(kept)), *sizes, behind]
    )


def _counted(packet: bytes, at: int) -> tuple[bytes, int]:
    """The bytes that have their number before them, and where they end."""
    (size,) = _SIZE.unpack_from(packet, at)
    start = at + _SIZE.size
    if start + size > len(packet):
        raise struct.error
    return packet[start : start + size], start + size
